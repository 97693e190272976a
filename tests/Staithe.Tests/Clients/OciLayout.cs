using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

/// <summary>Makes a directory that skopeo reads as <c>oci:DIRECTORY:TAG</c> (image-spec, image-layout.md), for images that a build would take long for.</summary>
internal sealed class OciLayout
{
    readonly List<(string Digest, long Size)> layers = [];
    readonly List<string> diffIds = [];

    public OciLayout(string directory)
    {
        Directory = directory;
        System.IO.Directory.CreateDirectory(Path.Combine(directory, "blobs/sha256"));
        File.WriteAllText(Path.Combine(directory, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""");
    }

    public string Directory { get; }

    /// <summary>Adds a layer of one small file.</summary>
    public void AddLayer(string file, string text)
    {
        using var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, leaveOpen: true))
            writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, file) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) });
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(tar.ToArray());
        AddLayer(packed.ToArray(), Registry.Digest(tar.ToArray()));
    }

    /// <summary>Adds a layer that is already packed.</summary>
    public string AddLayer(byte[] gzip, string diffId)
    {
        var digest = AddBlob(gzip);
        layers.Add((digest, gzip.Length));
        diffIds.Add(diffId);
        return digest;
    }

    /// <summary>Ends the image with its config, with a label, its manifest and tag; the manifest's digest.</summary>
    public string Write(string tag, string label = "")
    {
        var config = Encoding.UTF8.GetBytes($$"""{"architecture":"amd64","os":"linux","config":{"Labels":{"says":"{{label}}"} },"rootfs":{"type":"layers","diff_ids":[{{string.Join(',', diffIds.Select(id => $"\"{id}\""))}}] } }""");
        var manifest = Encoding.UTF8.GetBytes(
            Encoding.UTF8.GetString(RegistryClient.ImageManifest(AddBlob(config), config.Length, layers)).Replace("layer.v1.tar\"", "layer.v1.tar+gzip\"", StringComparison.Ordinal));
        var digest = AddBlob(manifest);
        File.WriteAllText(Path.Combine(Directory, "index.json"), $$$"""
            {"schemaVersion":2,"manifests":[{"mediaType":"{{{RegistryClient.OciManifest}}}","digest":"{{{digest}}}","size":{{{manifest.Length}}},"annotations":{"org.opencontainers.image.ref.name":"{{{tag}}}"} }] }
            """);
        return digest;
    }

    string AddBlob(byte[] content)
    {
        var digest = Registry.Digest(content);
        File.WriteAllBytes(Path.Combine(Directory, "blobs", digest.Replace(':', '/')), content);
        return digest;
    }
}
