using Staithe.Accounts;
using Staithe.Oci;

namespace Staithe.Access;

/// <summary>Rights that hold for the tags that a pattern matches.</summary>
/// <param name="EndsAt">When they end, in milliseconds since 1970; null for never.</param>
internal sealed record TagRights(TagPattern Tags, Rights Rights, long? EndsAt = null);

/// <summary>What one caller may do with one repository, or with everything below a target.</summary>
/// <param name="Always">The rights that hold whatever the tag.</param>
/// <param name="OnTags">Further rights, for some tags.</param>
internal sealed record Decision(Rights Always, IReadOnlyList<TagRights> OnTags)
{
    public static Decision Nothing { get; } = new(Rights.None, []);

    public static Decision Everything { get; } = new(Rights.Admin, []);

    /// <summary>When each of the rights in <see cref="Always"/> ends.</summary>
    public RightsEnds Ends { get; init; } = RightsEnds.Never;

    /// <summary>When the first of all these rights ends, in milliseconds since 1970; null when none does. Nobody may remember the decision for longer.</summary>
    public long? FirstEnd
    {
        get
        {
            var first = Ends.FirstOf(Always);
            foreach (var some in OnTags)
                first = Earlier(first, some.EndsAt);
            return first;
        }
    }

    /// <summary>Whether the right holds at all, if perhaps only for some tags.</summary>
    public bool May(Rights right)
    {
        // Every pull asks this, so it makes no objects.
        if ((Always & right) == right)
            return true;
        for (var i = 0; i < OnTags.Count; i++)
        {
            if ((OnTags[i].Rights & right) == right)
                return true;
        }
        return false;
    }

    /// <summary>Whether the right holds for this tag.</summary>
    public bool May(Rights right, TagName tag) => Always.HasFlag(right) || OnTags.Any(some => some.Rights.HasFlag(right) && some.Tags.Matches(tag));

    /// <summary>The rights that hold at all, if perhaps only for some tags.</summary>
    public Rights Any => OnTags.Aggregate(Always, (rights, some) => rights | some.Rights);

    /// <summary>The part of it that was asked for.</summary>
    public Decision Only(Rights asked) => (Always & asked) == Always && OnTags.Count == 0
        ? this
        : this with { Always = Always & asked, OnTags = [.. OnTags.Select(some => some with { Rights = some.Rights & asked }).Where(some => some.Rights != Rights.None)] };

    /// <summary>Both together: each right until the later of its two ends.</summary>
    public Decision Plus(Decision other) => new(Always | other.Always, [.. OnTags, .. other.OnTags])
    {
        Ends = RightsEnds.Later(Always, Ends, other.Always, other.Ends),
    };

    /// <summary>The same rights, none of which outlasts a time in milliseconds since 1970; null for no such bound.</summary>
    public Decision NotAfter(long? end) => end is null
        ? this
        : this with { Ends = Ends.NotAfter(end), OnTags = [.. OnTags.Select(some => some with { EndsAt = Earlier(some.EndsAt, end) })] };

    /// <summary>The earlier of two ends; null for never.</summary>
    public static long? Earlier(long? one, long? other) => one is null || other < one ? other : one;
}
