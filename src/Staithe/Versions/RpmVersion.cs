namespace Staithe.Versions;

/// <summary>The order of versions of RPM: <c>[epoch:]version[-release]</c>, each part by <c>rpmvercmp</c>, with tilde and caret.</summary>
internal static class RpmVersion
{
    public static int Compare(string left, string right)
    {
        var (a, b) = (Split(left), Split(right));
        var order = Digits.Compare(a.Epoch, b.Epoch);
        if (order == 0)
            order = ComparePart(a.Version, b.Version);
        // Whoever leaves the release out means any of them.
        return order != 0 || a.Release.Length == 0 || b.Release.Length == 0 ? order : ComparePart(a.Release, b.Release);
    }

    static (string Epoch, string Version, string Release) Split(string version)
    {
        var colon = version.IndexOf(':', StringComparison.Ordinal);
        var rest = version[(colon + 1)..];
        var dash = rest.LastIndexOf('-');
        return (colon < 0 ? "" : version[..colon], dash < 0 ? rest : rest[..dash], dash < 0 ? "" : rest[(dash + 1)..]);
    }

    static int ComparePart(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        while (true)
        {
            SkipSeparators(ref left);
            SkipSeparators(ref right);
            if (Starts(left, '~') || Starts(right, '~'))
            {
                if (!Starts(left, '~'))
                    return 1;
                if (!Starts(right, '~'))
                    return -1;
                left = left[1..];
                right = right[1..];
                continue;
            }
            if (Starts(left, '^') || Starts(right, '^'))
            {
                if (left.IsEmpty)
                    return -1;
                if (right.IsEmpty)
                    return 1;
                if (!Starts(left, '^'))
                    return 1;
                if (!Starts(right, '^'))
                    return -1;
                left = left[1..];
                right = right[1..];
                continue;
            }
            if (left.IsEmpty || right.IsEmpty)
                return left.Length.CompareTo(right.Length);
            var isNumber = char.IsAsciiDigit(left[0]);
            if (isNumber != char.IsAsciiDigit(right[0]))
                return isNumber ? 1 : -1;
            var order = isNumber
                ? Digits.Compare(Digits.Take(ref left), Digits.Take(ref right))
                : Math.Sign(Letters(ref left).SequenceCompareTo(Letters(ref right)));
            if (order != 0)
                return order;
        }
    }

    static bool Starts(ReadOnlySpan<char> text, char first) => !text.IsEmpty && text[0] == first;

    static void SkipSeparators(ref ReadOnlySpan<char> text)
    {
        while (!text.IsEmpty && !char.IsAsciiLetterOrDigit(text[0]) && text[0] is not ('~' or '^'))
            text = text[1..];
    }

    static ReadOnlySpan<char> Letters(ref ReadOnlySpan<char> text)
    {
        var length = 0;
        while (length < text.Length && char.IsAsciiLetter(text[length]))
            length++;
        var letters = text[..length];
        text = text[length..];
        return letters;
    }
}
