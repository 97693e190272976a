namespace Staithe.Versions;

/// <summary>
/// Alpine's order of versions: numbers with points between them, perhaps a letter, suffixes such as <c>_rc1</c> and <c>_p2</c>, and the revision
/// <c>-r3</c>.
/// </summary>
internal static class ApkVersion
{
    const int Plain = 5; // where a version without a suffix stands among them
    static readonly string[] Suffixes = ["", "alpha", "beta", "pre", "rc", "", "cvs", "svn", "git", "hg", "p"];

    public static int Compare(string left, string right)
    {
        var (a, b) = (Parsed.Read(left), Parsed.Read(right));
        for (var i = 0; i < Math.Max(a.Numbers.Count, b.Numbers.Count); i++)
        {
            if (i >= a.Numbers.Count || i >= b.Numbers.Count)
                return a.Numbers.Count.CompareTo(b.Numbers.Count);
            var order = CompareNumber(a.Numbers[i], b.Numbers[i], isFirst: i == 0);
            if (order != 0)
                return order;
        }
        if (a.Letter != b.Letter)
            return a.Letter.CompareTo(b.Letter);
        for (var i = 0; i < Math.Max(a.Suffixes.Count, b.Suffixes.Count); i++)
        {
            var (one, other) = (i < a.Suffixes.Count ? a.Suffixes[i] : (Plain, ""), i < b.Suffixes.Count ? b.Suffixes[i] : (Plain, ""));
            var order = one.Item1 != other.Item1 ? one.Item1.CompareTo(other.Item1) : Digits.Compare(one.Item2, other.Item2);
            if (order != 0)
                return order;
        }
        return Digits.Compare(a.Revision, b.Revision);
    }

    // Behind a point a number with a nought in front is the digits of a fraction.
    static int CompareNumber(string left, string right, bool isFirst) =>
        !isFirst && (left.StartsWith('0') || right.StartsWith('0')) && (left.Length > 1 || right.Length > 1)
            ? Math.Sign(string.CompareOrdinal(left, right))
            : Digits.Compare(left, right);

    sealed record Parsed(List<string> Numbers, char Letter, List<(int Order, string Number)> Suffixes, string Revision)
    {
        public static Parsed Read(ReadOnlySpan<char> text)
        {
            var numbers = new List<string> { Digits.Take(ref text).ToString() };
            while (text is ['.', ..])
            {
                text = text[1..];
                numbers.Add(Digits.Take(ref text).ToString());
            }
            var letter = '\0';
            if (text is [>= 'a' and <= 'z', ..])
            {
                letter = text[0];
                text = text[1..];
            }
            var suffixes = new List<(int, string)>();
            while (text is ['_', ..])
            {
                text = text[1..];
                var length = 0;
                while (length < text.Length && char.IsAsciiLetter(text[length]))
                    length++;
                var word = text[..length].ToString();
                text = text[length..];
                suffixes.Add((Math.Max(0, Array.IndexOf(ApkVersion.Suffixes, word)), Digits.Take(ref text).ToString()));
            }
            if (text.IndexOf("-r") is >= 0 and var revision)
                text = text[(revision + 2)..];
            else
                text = [];
            return new Parsed(numbers, letter, suffixes, Digits.Take(ref text).ToString());
        }
    }
}
