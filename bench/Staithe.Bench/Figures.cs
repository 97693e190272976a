namespace Staithe.Bench;

/// <summary>Numbers as people read them: three digits that count, no more.</summary>
internal static class Figures
{
    public static string Short(double value) => Math.Abs(value) switch
    {
        _ when !double.IsFinite(value) => "–", // a run so short that nothing was done in it
        >= 1000 => value.ToString("N0"),
        >= 100 => value.ToString("F0"),
        >= 10 => value.ToString("F1"),
        >= 1 => value.ToString("F2"),
        0 => "0",
        _ => value.ToString("F3"),
    };

    /// <summary>How many times as much.</summary>
    public static string Times(double value) => !double.IsFinite(value) ? "–" : value >= 10 ? $"{value:F0}×" : $"{value:F2}×";

    public static string Milliseconds(double seconds) => Short(seconds * 1e3);

    public static string MiB(double bytes) => $"{bytes / 1024 / 1024:F0}";
}
