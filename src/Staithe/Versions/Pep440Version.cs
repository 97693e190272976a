using System.Text.RegularExpressions;

namespace Staithe.Versions;

/// <summary>Python's order of versions (PEP 440). What is no such version comes before all that are.</summary>
internal static partial class Pep440Version
{
    public static int Compare(string left, string right)
    {
        var (a, b) = (Form().Match(left.Trim()), Form().Match(right.Trim()));
        if (!a.Success || !b.Success)
            return a.Success == b.Success ? Math.Sign(string.CompareOrdinal(left, right)) : a.Success ? 1 : -1;
        var order = Digits.Compare(a.Groups["epoch"].Value, b.Groups["epoch"].Value);
        if (order == 0)
            order = CompareRelease(a.Groups["release"].Value, b.Groups["release"].Value);
        if (order == 0)
            order = Compare(Before(a), Before(b));
        if (order == 0)
            order = Compare(After(a), After(b));
        if (order == 0)
            order = Compare(Under(a), Under(b));
        return order != 0 ? order : CompareLocal(a.Groups["local"].Value, b.Groups["local"].Value);
    }

    static int CompareRelease(string left, string right)
    {
        var (a, b) = (left.Split('.'), right.Split('.'));
        for (var i = 0; i < Math.Max(a.Length, b.Length); i++)
        {
            var order = Digits.Compare(i < a.Length ? a[i] : "", i < b.Length ? b[i] : "");
            if (order != 0)
                return order;
        }
        return 0;
    }

    static int Compare((int Kind, string Number) left, (int Kind, string Number) right) =>
        left.Kind != right.Kind ? left.Kind.CompareTo(right.Kind) : Digits.Compare(left.Number, right.Number);

    // 1.0.dev1 < 1.0a1 < 1.0b1 < 1.0rc1 < 1.0 < 1.0.post1
    static (int, string) Before(Match version) => version.Groups["pre"] is { Success: true } word
        ? (word.Value.ToLowerInvariant() switch { "a" or "alpha" => 1, "b" or "beta" => 2, _ => 3 }, version.Groups["preNumber"].Value)
        : (version.Groups["dev"].Success && !version.Groups["post"].Success ? 0 : 4, "");

    static (int, string) After(Match version) => version.Groups["post"].Success ? (1, version.Groups["postNumber"].Value) : (0, "");

    static (int, string) Under(Match version) => version.Groups["dev"].Success ? (0, version.Groups["devNumber"].Value) : (1, "");

    static int CompareLocal(string left, string right)
    {
        if (left.Length == 0 || right.Length == 0)
            return left.Length.CompareTo(right.Length);
        var (a, b) = (left.ToLowerInvariant().Split('.', '-', '_'), right.ToLowerInvariant().Split('.', '-', '_'));
        for (var i = 0; i < Math.Min(a.Length, b.Length); i++)
        {
            var order = (Digits.Are(a[i]), Digits.Are(b[i])) switch
            {
                (true, true) => Digits.Compare(a[i], b[i]),
                (true, false) => 1,
                (false, true) => -1,
                _ => Math.Sign(string.CompareOrdinal(a[i], b[i])),
            };
            if (order != 0)
                return order;
        }
        return a.Length.CompareTo(b.Length);
    }

    [GeneratedRegex(
        @"^v?((?<epoch>[0-9]+)!)?(?<release>[0-9]+(\.[0-9]+)*)([-_.]?(?<pre>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?<preNumber>[0-9]*))?(?<post>-(?<postNumber>[0-9]+)|[-_.]?(post|rev|r)[-_.]?(?<postNumber>[0-9]*))?(?<dev>[-_.]?dev[-_.]?(?<devNumber>[0-9]*))?(\+(?<local>[a-z0-9]+([-_.][a-z0-9]+)*))?$",
        RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant,
        matchTimeoutMilliseconds: 200)]
    private static partial Regex Form();
}
