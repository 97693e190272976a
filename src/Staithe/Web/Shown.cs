using System.Globalization;
using Staithe.Recipes;
using Staithe.Search;

namespace Staithe.Web;

/// <summary>How quantities are written for people.</summary>
public static class Shown
{
    static readonly string[] Units = ["B", "kB", "MB", "GB", "TB"];

    /// <summary>A number of bytes, in powers of a thousand: 76.4 MB.</summary>
    public static string Size(long bytes)
    {
        var (value, unit) = ((double)bytes, 0);
        while (value >= 999.5 && unit < Units.Length - 1)
            (value, unit) = (value / 1000, unit + 1);
        return unit == 0 || value >= 100 ? string.Create(CultureInfo.InvariantCulture, $"{value:0} {Units[unit]}") : string.Create(CultureInfo.InvariantCulture, $"{value:0.0} {Units[unit]}");
    }

    /// <summary>A number, its thousands apart.</summary>
    public static string Number(long number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    /// <summary>One or more of something.</summary>
    public static string Count(long number, string one, string? many = null) => $"{Number(number)} {(number == 1 ? one : many ?? one + "s")}";

    /// <summary>How long ago, roughly.</summary>
    public static string Ago(DateTimeOffset then)
    {
        var span = TimeProvider.System.GetUtcNow() - then;
        return span switch
        {
            { TotalSeconds: < 60 } => "just now",
            { TotalMinutes: < 60 } => $"{Count((long)span.TotalMinutes, "minute")} ago",
            { TotalHours: < 24 } => $"{Count((long)span.TotalHours, "hour")} ago",
            { TotalDays: < 31 } => $"{Count((long)span.TotalDays, "day")} ago",
            { TotalDays: < 365 } => $"{Count((long)(span.TotalDays / 30.44), "month")} ago",
            _ => $"{Count((long)(span.TotalDays / 365.25), "year")} ago",
        };
    }

    /// <summary>How much more or less a size is: +1.2 MB, −300 kB.</summary>
    public static string Growth(long bytes) => bytes == 0 ? "the same" : $"{(bytes < 0 ? "−" : "+")}{Size(Math.Abs(bytes))}";

    /// <summary>
    /// A text of somebody else as far as there is room for it, in which nothing hides, breaks a line or turns the direction of what is around it: such
    /// characters are shown as the replacement character.
    /// </summary>
    public static string Cut(string text, int length = 400)
    {
        var visible = string.Concat((text.Length > length ? text[..length] : text).EnumerateRunes().Select(rune => Visible.Is(rune) ? rune.ToString() : "\uFFFD"));
        return text.Length > length ? $"{visible}…" : visible;
    }

    /// <summary>A path in an image as a part of an address.</summary>
    public static string Escape(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));

    /// <summary>A time in full.</summary>
    public static string Time(DateTimeOffset then) => then.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    /// <summary>A number that a form or a link hands on.</summary>
    public static string Id(long id) => id.ToString(CultureInfo.InvariantCulture);

    /// <summary>The database's milliseconds as a time.</summary>
    public static DateTimeOffset Then(long milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);

    /// <summary>The same, where there may be none.</summary>
    public static DateTimeOffset? Then(long? milliseconds) => milliseconds is { } then ? Then(then) : null;

    /// <summary>A digest as far as anybody compares it.</summary>
    public static string Digest(string digest) => digest.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon && digest.Length > colon + 13 ? digest[(colon + 1)..(colon + 13)] : digest;

    /// <summary>An image with its repository, by tag or by as much of its digest as anybody compares.</summary>
    public static string ImageName(string name) => name.IndexOf('@', StringComparison.Ordinal) is >= 0 and var at ? $"{name[..at]}@{Digest(name[(at + 1)..])}" : name;

    /// <summary>An image as it is named within its repository: by tag, or by as much of its digest as anybody compares.</summary>
    public static string Image(string name) => name.IndexOf('@', StringComparison.Ordinal) is >= 0 and var at ? $"@{Digest(name[(at + 1)..])}" : name[name.LastIndexOf(':')..];

    internal static Hit Hit(SearchRow row) => new(row.Name, row.Visibility, row.Title, row.Description, row.Size, DateTimeOffset.FromUnixTimeMilliseconds(row.UpdatedAt), row.Stars, row.Pulls)
    {
        IsOfficial = row.IsOfficial,
        IsUnread = row.IsUnread,
        Matches = [.. row.Matches.Select(match => new HitMatch(match.Image, match.What))],
    };
}

/// <summary>A repository in a list.</summary>
public sealed record Hit(string Name, string Visibility, string Title, string Description, long Size, DateTimeOffset UpdatedAt, long Stars, long Pulls)
{
    /// <summary>Whether it is in a space that speaks for this registry.</summary>
    public bool IsOfficial { get; init; }

    /// <summary>Whether something is to be left out by what is inside of images, and not all of its images could be read.</summary>
    public bool IsUnread { get; init; }

    /// <summary>In which of its images that was found which was looked for inside of images.</summary>
    public IReadOnlyList<HitMatch> Matches { get; init; } = [];
}

/// <summary>An image in which something was found, by tag or digest, and what.</summary>
public sealed record HitMatch(string Image, string What);
