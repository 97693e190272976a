using System.Diagnostics;

namespace Staithe.Files;

/// <summary>What a layer may ask of whoever looks into it. What comes behind a limit is not read, and the reason is kept.</summary>
internal sealed record LayerLimits
{
    /// <summary>Names in a layer, with the directories that are only implied.</summary>
    public int MaxEntries { get; init; } = 400_000;

    /// <summary>Bytes of all names and links together.</summary>
    public long MaxNameBytes { get; init; } = 48 * 1024 * 1024;

    /// <summary>Bytes of the archive.</summary>
    public long MaxBytes { get; init; } = 64L * 1024 * 1024 * 1024;

    /// <summary>Bytes of the archive for each byte of the blob, once there are more than <see cref="FreeBytes"/>. Text has up to 20, and deflate can have a thousand of nothing but zeros.</summary>
    public int MaxRatio { get; init; } = 200;

    public long FreeBytes { get; init; } = 256 * 1024 * 1024;

    /// <summary>Bytes of headers that are about other headers.</summary>
    public long MaxExtensionBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>How long it may take.</summary>
    public TimeSpan MaxTime { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>Bytes of one path, as Linux has it, and of one name in it.</summary>
    public const int MaxPathBytes = 4096, MaxPartBytes = 255;

    /// <exception cref="LayerRefusedException">It is too much.</exception>
    public void Check(LayerStream stream, long started)
    {
        if (stream.Position > MaxBytes)
            throw new LayerRefusedException($"it unpacks to more than {MaxBytes} bytes");
        if (stream.Position > FreeBytes && stream.Position / MaxRatio > stream.Consumed)
            throw new LayerRefusedException($"it unpacks to more than {MaxRatio} times its size");
        if (Stopwatch.GetElapsedTime(started) > MaxTime)
            throw new LayerRefusedException($"it could not be read in {MaxTime.TotalMinutes:F0} minutes");
    }
}
