namespace Staithe.Versions;

/// <summary>Debian's order of versions: <c>[epoch:]upstream[-revision]</c> (Debian Policy 5.6.12).</summary>
internal static class DpkgVersion
{
    public static int Compare(string left, string right)
    {
        var (a, b) = (Split(left), Split(right));
        var order = Digits.Compare(a.Epoch, b.Epoch);
        if (order == 0)
            order = ComparePart(a.Upstream, b.Upstream);
        return order != 0 ? order : ComparePart(a.Revision, b.Revision);
    }

    static (string Epoch, string Upstream, string Revision) Split(string version)
    {
        var colon = version.IndexOf(':', StringComparison.Ordinal);
        var rest = version[(colon + 1)..];
        var dash = rest.LastIndexOf('-');
        return (colon < 0 ? "" : version[..colon], dash < 0 ? rest : rest[..dash], dash < 0 ? "" : rest[(dash + 1)..]);
    }

    // In turn a stretch without digits, letter by letter, and a number.
    static int ComparePart(ReadOnlySpan<char> left, ReadOnlySpan<char> right)
    {
        while (!left.IsEmpty || !right.IsEmpty)
        {
            while ((!left.IsEmpty && !char.IsAsciiDigit(left[0])) || (!right.IsEmpty && !char.IsAsciiDigit(right[0])))
            {
                var order = Weight(left).CompareTo(Weight(right));
                if (order != 0)
                    return order;
                left = left.IsEmpty ? left : left[1..];
                right = right.IsEmpty ? right : right[1..];
            }
            var numbers = Digits.Compare(Digits.Take(ref left), Digits.Take(ref right));
            if (numbers != 0)
                return numbers;
        }
        return 0;
    }

    // The tilde comes before the end, the end before letters, and letters before all else.
    static int Weight(ReadOnlySpan<char> rest) =>
        rest.IsEmpty || char.IsAsciiDigit(rest[0]) ? 0
        : rest[0] == '~' ? -1
        : char.IsAsciiLetter(rest[0]) ? rest[0]
        : rest[0] + 256;
}
