using System.Globalization;

namespace Staithe.Config;

/// <summary>A number with its noun, as people write it: "1 tag", "2 tags".</summary>
internal static class Count
{
    /// <param name="number">How many.</param>
    /// <param name="one">The noun for one.</param>
    /// <param name="many">The noun for any other number; null when it is that for one with an s.</param>
    public static string Of(long number, string one, string? many = null) =>
        string.Create(CultureInfo.InvariantCulture, $"{number} {(number == 1 ? one : many ?? one + "s")}");
}
