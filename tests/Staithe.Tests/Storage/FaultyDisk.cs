using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using Staithe.Storage;

namespace Staithe.Tests.Storage;

/// <summary>
/// A file system that fails as planned, and knows what would be left of it if the power went: the bytes of a file as they were at its
/// last sync, and the names of a directory likewise. A sync that fails loses what it was to write, though later ones go well.
/// </summary>
internal sealed class FaultyDisk(Faults faults, string root) : BlobDisk
{
    readonly Lock changing = new();
    readonly ConditionalWeakTable<SafeFileHandle, string> paths = [];
    readonly Dictionary<string, byte[]> syncedBytes = [];
    readonly HashSet<string> syncedNames = [];

    /// <summary>Every call takes a moment, each another one.</summary>
    public Random? Slowness { get; set; }

    /// <summary>Whether syncing a directory does anything.</summary>
    public bool SyncsNames { get; init; } = true;

    /// <summary>Whether files can be made shorter.</summary>
    public bool Cuts { get; init; } = true;

    public override SafeFileHandle OpenRead(string path) => Call(() => Remember(base.OpenRead(path), path));

    public override SafeFileHandle OpenWrite(string path) => Call(() => Remember(base.OpenWrite(path), path));

    public override long GetLength(SafeFileHandle file) => Call(() => base.GetLength(file));

    public override void SetLength(SafeFileHandle file, long length) => Call(() =>
    {
        if (Cuts)
            base.SetLength(file, length);
    });

    public override int Read(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        // A short read, as a file system may give one.
        var bytes = new byte[Math.Max(1, buffer.Length * 2 / 3)];
        var read = Call(() => base.Read(file, bytes, offset));
        read = Math.Min(read, buffer.Length);
        bytes.AsSpan(0, read).CopyTo(buffer);
        return read;
    }

    public override void Write(SafeFileHandle file, ReadOnlySpan<byte> bytes, long offset)
    {
        var copy = bytes.ToArray();
        Call(() => base.Write(file, copy, offset), () => base.Write(file, copy.AsSpan(0, copy.Length / 2), offset));
    }

    public override void Write(SafeFileHandle file, IReadOnlyList<ReadOnlyMemory<byte>> bytes, long offset) =>
        Call(() => base.Write(file, bytes, offset), () => base.Write(file, bytes[0].Span, offset));

    public override void SyncData(SafeFileHandle file)
    {
        try
        {
            Call(() => Keep(Path(file)));
        }
        catch (IOException)
        {
            Lose(Path(file));
            throw;
        }
    }

    public override void SyncDirectory(string path) => Call(() =>
    {
        if (!SyncsNames)
            return;
        lock (changing)
        {
            syncedNames.RemoveWhere(name => System.IO.Path.GetDirectoryName(name) == path && !File.Exists(name));
            syncedNames.UnionWith(Directory.GetFiles(path));
        }
    });

    public override void Delete(string path) => Call(() => base.Delete(path));

    /// <summary>The power goes and comes back. What was not synced is lost, or there, or something in between.</summary>
    public void LosePower(Random random)
    {
        lock (changing)
        {
            foreach (var path in Directory.GetFiles(root, "*", SearchOption.AllDirectories).Union(syncedNames).ToList())
            {
                if (!syncedNames.Contains(path))
                {
                    if (random.Next(2) == 0)
                        File.Delete(path);
                }
                else if (!File.Exists(path) || random.Next(2) == 0)
                {
                    File.WriteAllBytes(path, syncedBytes.GetValueOrDefault(path) ?? []);
                }
                else
                {
                    Tear(path, random);
                }
            }
        }
    }

    // Behind what was synced there is anything, of any length.
    void Tear(string path, Random random)
    {
        var (bytes, synced) = (File.ReadAllBytes(path), syncedBytes.GetValueOrDefault(path) ?? []);
        var torn = bytes.Length < synced.Length ? synced : bytes[..random.Next(synced.Length, bytes.Length + 1)];
        synced.CopyTo(torn, 0);
        for (var at = synced.Length; at < torn.Length; at += 4096)
        {
            if (random.Next(2) == 0)
                torn.AsSpan(at, Math.Min(4096, torn.Length - at)).Clear();
        }
        File.WriteAllBytes(path, torn);
    }

    void Keep(string path)
    {
        lock (changing)
            syncedBytes[path] = File.ReadAllBytes(path);
    }

    void Lose(string path)
    {
        lock (changing)
        {
            var (bytes, synced) = (File.ReadAllBytes(path), syncedBytes.GetValueOrDefault(path) ?? []);
            Array.Clear(bytes);
            synced.AsSpan(0, Math.Min(synced.Length, bytes.Length)).CopyTo(bytes);
            File.WriteAllBytes(path, bytes);
        }
    }

    SafeFileHandle Remember(SafeFileHandle file, string path)
    {
        paths.Add(file, path);
        return file;
    }

    string Path(SafeFileHandle file) => paths.TryGetValue(file, out var path)
        ? path
        : throw new InvalidOperationException("a file that was not opened here");

    void Call(Action deed, Action? part = null) => Call(
        () =>
        {
            deed();
            return 0;
        },
        part);

    T Call<T>(Func<T> deed, Action? part = null)
    {
        if (Slowness is { } random)
        {
            int spins;
            lock (random)
                spins = random.Next(2000);
            Thread.SpinWait(spins);
        }
        return faults.Call(deed, part);
    }
}
