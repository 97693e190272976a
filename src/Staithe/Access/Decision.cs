using Staithe.Accounts;
using Staithe.Oci;

namespace Staithe.Access;

/// <summary>Rights that hold for the tags that a pattern matches.</summary>
internal sealed record TagRights(TagPattern Tags, Rights Rights);

/// <summary>What one asker may do with one repository.</summary>
/// <param name="Always">The rights that hold whatever the tag.</param>
/// <param name="OnTags">Further rights, for some tags.</param>
internal sealed record Decision(Rights Always, IReadOnlyList<TagRights> OnTags)
{
    public static Decision Nothing { get; } = new(Rights.None, []);

    public static Decision Everything { get; } = new(Rights.Admin, []);

    /// <summary>Whether the right holds at all, if perhaps only for some tags.</summary>
    public bool May(Rights right) => Always.HasFlag(right) || OnTags.Any(some => some.Rights.HasFlag(right));

    /// <summary>Whether the right holds for this tag.</summary>
    public bool May(Rights right, TagName tag) => Always.HasFlag(right) || OnTags.Any(some => some.Rights.HasFlag(right) && some.Tags.Matches(tag));

    /// <summary>The rights that hold at all, if perhaps only for some tags.</summary>
    public Rights Any => OnTags.Aggregate(Always, (rights, some) => rights | some.Rights);

    /// <summary>The part of it that was asked for.</summary>
    public Decision Only(Rights asked) => (Always & asked) == Always && OnTags.Count == 0
        ? this
        : new Decision(Always & asked, [.. OnTags.Select(some => some with { Rights = some.Rights & asked }).Where(some => some.Rights != Rights.None)]);
}
