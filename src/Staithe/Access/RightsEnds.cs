using System.Numerics;
using Staithe.Accounts;

namespace Staithe.Access;

/// <summary>
/// When each right ends that somebody holds: milliseconds since 1970, or null for a right without an end. The value is immutable.
/// A right that is not held is asked for in vain, so what this says of it means nothing.
/// </summary>
internal sealed class RightsEnds
{
    const int Count = 5;
    readonly long[] ends; // by the bit of the right; long.MaxValue for no end

    RightsEnds(long[] ends) => this.ends = ends;

    /// <summary>No right ends.</summary>
    public static RightsEnds Never { get; } = new([.. Enumerable.Repeat(long.MaxValue, Count)]);

    /// <summary>The first end among some rights; null when none of them ends.</summary>
    public long? FirstOf(Rights rights)
    {
        var first = long.MaxValue;
        for (var i = 0; i < Count; i++)
        {
            if (rights.HasFlag((Rights)(1 << i)))
                first = Math.Min(first, ends[i]);
        }
        return first == long.MaxValue ? null : first;
    }

    /// <summary>What holds until the later of two ends, as far as each of the two holds the right.</summary>
    public static RightsEnds Later(Rights held, RightsEnds ends, Rights alsoHeld, RightsEnds alsoEnds) => Of(right =>
        (held.HasFlag(right), alsoHeld.HasFlag(right)) switch
        {
            (true, true) => Math.Max(ends.Of(right), alsoEnds.Of(right)),
            (false, true) => alsoEnds.Of(right),
            _ => ends.Of(right),
        });

    /// <summary>All rights end at that time; null for never.</summary>
    public static RightsEnds At(long? end) => end is { } time ? Of(_ => time) : Never;

    /// <summary>The same rights, none of which outlasts a time; null for no such bound.</summary>
    public RightsEnds NotAfter(long? end) => end is { } bound ? Of(right => Math.Min(Of(right), bound)) : this;

    long Of(Rights right) => ends[BitOperations.Log2((uint)right)];

    static RightsEnds Of(Func<Rights, long> end)
    {
        var ends = new long[Count];
        for (var i = 0; i < Count; i++)
            ends[i] = end((Rights)(1 << i));
        return new RightsEnds(ends);
    }
}
