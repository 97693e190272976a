using System.Globalization;
using System.Text.RegularExpressions;

namespace Staithe.Oci;

/// <summary>
/// Times that somebody else wrote: when an image, a layer, a file or a document was made. A time that cannot be true is no time, so that whoever
/// shows it falls back on a time that the registry knows.
/// </summary>
/// <remarks>
/// Builders that make the same image twice write a fixed time in place of the real one: Go's zero (0001-01-01), the epoch of Unix (1970-01-01) or the
/// first day that a zip archive can hold (1980-01-01). A time in the future is a wrong clock.
/// </remarks>
public static partial class ForeignTime
{
    /// <summary>The earliest time that is believed: the day after the last of the fixed ones.</summary>
    public static readonly DateTimeOffset Earliest = new(1980, 1, 2, 0, 0, 0, TimeSpan.Zero);

    /// <summary>How far ahead of this clock another one may be.</summary>
    public static readonly TimeSpan Skew = TimeSpan.FromMinutes(10);

    /// <summary>
    /// Reads a date or a time as RFC 3339 writes it, in UTC; without an offset it is taken as UTC. Null for other text, for a date that no calendar has
    /// and for a time that cannot be true.
    /// </summary>
    public static DateTimeOffset? Parse(string? text)
    {
        if (text is null || text.Length > 64 || Form().Match(text) is not { Success: true } match)
            return null;
        var fraction = match.Groups["fraction"].Value;
        var (second, offset) = (match.Groups["second"].Success ? match.Groups["second"].Value : "00", match.Groups["offset"].Value.ToUpperInvariant());
        var isLeap = second == "60"; // the second that is put in before midnight
        var plain = string.Create(
            CultureInfo.InvariantCulture,
            $"{match.Groups["date"].Value}T{(match.Groups["minute"].Success ? match.Groups["minute"].Value : "00:00")}:{(isLeap ? "59" : second)}{(fraction.Length > 8 ? fraction[..8] : fraction)}{(offset.Length == 0 ? "Z" : offset)}");
        return DateTimeOffset.TryParse(plain, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time) ? Believe(time) : null;
    }

    /// <summary>Seconds since 1970; null when the time cannot be true.</summary>
    public static DateTimeOffset? FromUnixSeconds(long seconds) =>
        seconds is >= 0 and < 253_402_300_800 ? Believe(DateTimeOffset.FromUnixTimeSeconds(seconds)) : null;

    static DateTimeOffset? Believe(DateTimeOffset time) => time >= Earliest && time <= TimeProvider.System.GetUtcNow() + Skew ? time : null;

    [GeneratedRegex(
        @"\A(?<date>[0-9]{4}-[0-9]{2}-[0-9]{2})([Tt ](?<minute>[0-9]{2}:[0-9]{2})(:(?<second>[0-9]{2})(?<fraction>\.[0-9]{1,20})?)?(?<offset>[Zz]|[+-][0-9]{2}:[0-9]{2})?)?\z",
        RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}
