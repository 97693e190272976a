using System.Diagnostics;
using System.Globalization;

namespace Staithe.Tests.Durability;

/// <summary>A file system of a few megabytes that can be filled to the last byte. Mounting takes root.</summary>
internal sealed class SmallDisk : IDisposable
{
    readonly string path;

    SmallDisk(string path) => this.path = path;

    string Filler => Path.Combine(path, "filler");

    /// <summary>Mounts one at a directory, which is made.</summary>
    public static SmallDisk Mount(string path, int megabytes)
    {
        Directory.CreateDirectory(path);
        Run("mount", "-t", "tmpfs", "-o", string.Create(CultureInfo.InvariantCulture, $"size={megabytes}m"), "staithe-test", path);
        return new SmallDisk(path);
    }

    /// <summary>Leaves so many bytes, no more.</summary>
    public void Fill(long leave)
    {
        using (var filler = new FileStream(Filler, FileMode.Append, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            var page = new byte[4096];
            try
            {
                while (true)
                    filler.Write(page);
            }
            catch (IOException)
            {
                filler.SetLength(Math.Max(0, filler.Length - leave));
            }
        }
    }

    public void MakeRoom() => File.Delete(Filler);

    /// <summary>Bytes that are free.</summary>
    public long Free() => new DriveInfo(path).AvailableFreeSpace;

    public void Dispose() => Run("umount", "-l", path);

    static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: {error}");
    }
}
