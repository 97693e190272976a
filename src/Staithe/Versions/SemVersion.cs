namespace Staithe.Versions;

/// <summary>
/// The order of semantic versions (semver.org 2.0, item 11), of as many numbers as there are: npm and Cargo have three, NuGet up to four, Ruby any.
/// What follows a plus sign does not count.
/// </summary>
internal static class SemVersion
{
    public static int Compare(string left, string right)
    {
        var (a, b) = (Split(left), Split(right));
        for (var i = 0; i < Math.Max(a.Numbers.Length, b.Numbers.Length); i++)
        {
            var order = CompareIdentifier(i < a.Numbers.Length ? a.Numbers[i] : "0", i < b.Numbers.Length ? b.Numbers[i] : "0");
            if (order != 0)
                return order;
        }
        // What is still to come is before what has come.
        if (a.Before.Length == 0 || b.Before.Length == 0)
            return a.Before.Length == b.Before.Length ? 0 : a.Before.Length == 0 ? 1 : -1;
        for (var i = 0; i < Math.Max(a.Before.Length, b.Before.Length); i++)
        {
            if (i >= a.Before.Length || i >= b.Before.Length)
                return a.Before.Length.CompareTo(b.Before.Length);
            var order = CompareIdentifier(a.Before[i], b.Before[i]);
            if (order != 0)
                return order;
        }
        return 0;
    }

    static (string[] Numbers, string[] Before) Split(string version)
    {
        var text = version.StartsWith('v') ? version[1..] : version;
        if (text.IndexOf('+', StringComparison.Ordinal) is >= 0 and var plus)
            text = text[..plus];
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        return (dash < 0 ? text.Split('.') : text[..dash].Split('.'), dash < 0 ? [] : text[(dash + 1)..].Split('.'));
    }

    static int CompareIdentifier(string left, string right) => (Digits.Are(left), Digits.Are(right)) switch
    {
        (true, true) => Digits.Compare(left, right),
        (true, false) => -1,
        (false, true) => 1,
        _ => Math.Sign(string.CompareOrdinal(left, right)),
    };
}
