using System.Globalization;

namespace Staithe.Oci;

/// <summary>A part of a blob that a client asked for.</summary>
/// <param name="Offset">Position of its first byte.</param>
/// <param name="Length">Its bytes; at least 1.</param>
public readonly record struct ByteRange(long Offset, long Length);

/// <summary>The <c>Range</c> header of a pull (RFC 9110 section 14, as the distribution-spec asks in "Pulling blobs").</summary>
public static class ByteRanges
{
    /// <summary>
    /// The most ranges one request may name in ascending order; a header with more is ignored, as RFC 9110 section 14.2 allows against abuse. Clients that pull parts
    /// of a layer (zstd:chunked) ask for what they lack in order, up to 1,024 ranges at a time.
    /// </summary>
    public const int MaxRanges = 1024;

    /// <summary>The most ranges in another order, which no client needs and RFC 9110 section 14.2 takes for a sign of abuse.</summary>
    public const int MaxUnordered = 32;

    /// <summary>
    /// Reads the header against content of <paramref name="size"/> bytes. Null: answer with all of it, because the header is absent, of
    /// another unit, malformed, or asks for too many or overlapping ranges. Empty: no range can be satisfied, answer 416. A range that ends
    /// before it begins counts as one that cannot be satisfied, as the conformance suite of the distribution-spec has it.
    /// </summary>
    public static IReadOnlyList<ByteRange>? Parse(string? header, long size)
    {
        if (header is null || !header.StartsWith("bytes=", StringComparison.OrdinalIgnoreCase))
            return null;
        var found = new List<ByteRange>();
        var count = 0;
        var set = header.AsSpan("bytes=".Length);
        foreach (var part in set.Split(','))
        {
            var spec = set[part].Trim([' ', '\t']);
            if (spec.IsEmpty)
                continue;
            if (++count > MaxRanges || !TryParse(spec, size, out var range))
                return null;
            if (range.Length > 0)
                found.Add(range);
        }
        if (count == 0)
            return null;
        return IsAscending(found) || (count <= MaxUnordered && !Overlap(found)) ? found : null;
    }

    // int-range: FIRST-[LAST]; suffix-range: -LENGTH. A well-formed range outside the content gets length 0.
    static bool TryParse(ReadOnlySpan<char> spec, long size, out ByteRange range)
    {
        range = default;
        var dash = spec.IndexOf('-');
        if (dash < 0)
            return false;
        if (dash == 0)
        {
            if (!TryNumber(spec[1..], out var suffix))
                return false;
            var length = Math.Min(suffix, size);
            range = new ByteRange(size - length, length);
            return true;
        }
        if (!TryNumber(spec[..dash], out var first))
            return false;
        var last = long.MaxValue;
        if (dash + 1 < spec.Length && !TryNumber(spec[(dash + 1)..], out last))
            return false;
        range = first >= size || last < first ? default : new ByteRange(first, Math.Min(last, size - 1) - first + 1);
        return true;
    }

    // A number too large for 63 bits lies behind the end of any blob.
    static bool TryNumber(ReadOnlySpan<char> digits, out long number)
    {
        number = long.MaxValue;
        if (digits.IsEmpty || digits.ContainsAnyExceptInRange('0', '9'))
            return false;
        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out number))
            number = long.MaxValue;
        return true;
    }

    // Each behind the end of the one before, so none overlaps.
    static bool IsAscending(List<ByteRange> ranges)
    {
        for (var i = 1; i < ranges.Count; i++)
        {
            if (ranges[i].Offset < ranges[i - 1].Offset + ranges[i - 1].Length)
                return false;
        }
        return true;
    }

    static bool Overlap(List<ByteRange> ranges)
    {
        var sorted = ranges.OrderBy(range => range.Offset).ToList();
        for (var i = 1; i < sorted.Count; i++)
        {
            if (sorted[i].Offset < sorted[i - 1].Offset + sorted[i - 1].Length)
                return true;
        }
        return false;
    }
}
