using System.Diagnostics;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Staithe.Content;
using Staithe.Files;
using Staithe.Storage;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Files;

/// <summary>Layers as they come, and looks into them without a server.</summary>
internal static class LayerBytes
{
    public static byte[] Gzip(byte[] content, CompressionLevel level = CompressionLevel.Optimal)
    {
        using var stream = new MemoryStream();
        using (var gzip = new GZipStream(stream, level))
            gzip.Write(content);
        return stream.ToArray();
    }

    /// <summary>As the command <c>zstd</c> writes it; each part is a frame.</summary>
    public static byte[] Zstd(params byte[][] parts) => [.. parts.SelectMany(part => Pipe("zstd", part))];

    /// <summary>What a program makes of its input.</summary>
    public static byte[] Pipe(string program, byte[] input, string arguments = "-q -c")
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        var writing = Task.Run(() =>
        {
            process.StandardInput.BaseStream.Write(input);
            process.StandardInput.Close();
        });
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        writing.Wait();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output.ToArray();
    }
}

/// <summary>A directory with blobs and their listings.</summary>
internal sealed class LayerBench : IDisposable
{
    readonly TempDirectory directory = new();

    public LayerBench()
    {
        Directory.CreateDirectory(directory["blobs/00"]);
        Storage = new FileBlobStorage(directory["blobs"]);
        Files = new LayerFiles(directory["layers"]);
        Files.Create();
    }

    public FileBlobStorage Storage { get; }

    public LayerFiles Files { get; }

    /// <summary>What was found out of the layer that was indexed last.</summary>
    public LayerFacts Facts { get; private set; } = new(null, null, 0, null);

    public string[] Listings => Directory.GetFiles(directory["layers"], "*", SearchOption.AllDirectories);

    /// <summary>Looks into a layer, as the one in the background does, and opens its listing.</summary>
    public ImageLayer Index(byte[] blob, LayerLimits? limits = null)
    {
        var digest = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(blob))}";
        var key = $"00/{digest[7..]}";
        File.WriteAllBytes(System.IO.Path.Combine(directory["blobs"], key), blob);
        var row = new LayerRow(1, digest, key, blob.Length, null, null);
        Facts = new LayerIndexer(null!, Storage, Files, limits ?? new LayerLimits()).Build(row, new LayerProgress(), TestContext.Current.CancellationToken).Facts;
        return new ImageLayer(digest, key, blob.Length, Files.TryOpen(digest)!);
    }

    /// <summary>An image of layers, the lowest first.</summary>
    public ImageFiles Image(params byte[][] layers) => new([.. layers.Select(layer => Index(layer))]);

    public string Text(ImageFiles image, string path) => Encoding.UTF8.GetString(Bytes(image, path));

    public byte[] Bytes(ImageFiles image, string path)
    {
        using var reader = new LayerReader(image, Storage);
        return reader.ReadAll(image.Find(path)!, int.MaxValue)!;
    }

    /// <summary>Every path, as <c>find</c> writes them without the root.</summary>
    public static List<string> Paths(ImageFiles image)
    {
        var found = new List<string>();
        var left = new Stack<ImageEntry>([image.Root]);
        while (left.TryPop(out var directory))
        {
            foreach (var entry in image.List(directory))
            {
                found.Add(entry.Path);
                if (entry.IsDirectory)
                    left.Push(entry);
            }
        }
        found.Sort(StringComparer.Ordinal);
        return found;
    }

    public void Dispose()
    {
        Storage.Dispose();
        directory.Dispose();
    }
}
