using System.Formats.Tar;
using System.IO.Compression;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

/// <summary>Blobs of 5 GiB, beyond what 32 bits count: they pass through a server that keeps small.</summary>
[Trait("Kind", "client"), Trait("Kind", "slow"), Collection(ClientCollections.Others)]
public sealed class LargeTests(ClientWorld world) : IClassFixture<ClientWorld>
{
    const long Size = 5L * 1024 * 1024 * 1024;
    const long MaxServerBytes = 300L * 1024 * 1024;

    [Fact]
    public async Task A_blob_of_5_GiB_is_streamed_in_and_out_through_little_memory()
    {
        var server = await StaitheProcess.StartAsync(world, "data");
        using var http = new HttpClient { BaseAddress = server.Url, Timeout = Timeout.InfiniteTimeSpan };
        var cancel = TestContext.Current.CancellationToken;

        using var started = await http.PostAsync("/v2/large/blob/blobs/uploads/", null, cancel);
        using var content = new GeneratedContent(Size);
        using var streamed = await http.PatchAsync(started.Headers.Location, content, cancel);
        await streamed.ExpectAsync(HttpStatusCode.Accepted);
        Assert.Equal($"0-{Size - 1}", streamed.Header("Range"));
        var location = streamed.Headers.Location!.OriginalString;
        using var closed = await http.PutAsync($"{location}{(location.Contains('?', StringComparison.Ordinal) ? '&' : '?')}digest={content.Digest}", null, cancel);
        await closed.ExpectAsync(HttpStatusCode.Created);

        using var pulled = await http.GetAsync($"/v2/large/blob/blobs/{content.Digest}", HttpCompletionOption.ResponseHeadersRead, cancel);
        Assert.Equal(Size, pulled.Content.Headers.ContentLength);
        await using var body = await pulled.Content.ReadAsStreamAsync(cancel);
        Assert.Equal(content.Digest, $"sha256:{Convert.ToHexStringLower(await SHA256.HashDataAsync(body, cancel))}");
        Assert.InRange(server.Daemon.PeakBytes, 0, MaxServerBytes);
    }

    [Fact]
    public async Task A_layer_with_a_sparse_file_of_5_GiB_is_copied_in_and_out()
    {
        var server = await StaitheProcess.StartAsync(world, "sparse-data");
        var layer = SparseLayer();
        var layout = new OciLayout(world["sparse"]);
        var digest = layout.AddLayer(layer, Registry.Digest("never unpacked here"u8));
        layout.Write("1");
        await world.RunAsync($"""
            {ClientWorld.Skopeo} copy oci:sparse:1 docker://{server.Url.Authority}/large/sparse:1
            {ClientWorld.Skopeo} copy docker://{server.Url.Authority}/large/sparse:1 dir:sparse-back
            """);

        await using var packed = File.OpenRead(world[$"sparse-back/{digest.Split(':')[1]}"]);
        await using var tar = new TarReader(new GZipStream(packed, CompressionMode.Decompress));
        var entry = await tar.GetNextEntryAsync(cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(("zeros", Size), (entry!.Name, entry.Length));
        Assert.InRange(server.Daemon.PeakBytes, 0, MaxServerBytes);
    }

    // A gzip file may have many members, so that the zeros need be packed only once.
    static byte[] SparseLayer()
    {
        var zeros = new byte[64 * 1024 * 1024];
        var packedZeros = Pack(zeros);
        using var layer = new MemoryStream();
        layer.Write(Pack(TarHeader("zeros", Size)));
        for (var written = 0L; written < Size; written += zeros.Length)
            layer.Write(packedZeros);
        layer.Write(Pack(new byte[1024]));
        return layer.ToArray();
    }

    // The library's writer wants to see the content that it announces.
    static byte[] TarHeader(string name, long size)
    {
        using var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, TarEntryFormat.Ustar, leaveOpen: true))
            writer.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name));
        var header = tar.ToArray()[..512];
        Encoding.ASCII.GetBytes(Convert.ToString(size, 8).PadLeft(11, '0')).CopyTo(header, 124);
        header.AsSpan(148, 8).Fill((byte)' ');
        Encoding.ASCII.GetBytes(Convert.ToString(header.Sum(octet => octet), 8).PadLeft(6, '0') + "\0").CopyTo(header, 148);
        return header;
    }

    static byte[] Pack(ReadOnlySpan<byte> bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(bytes);
        return packed.ToArray();
    }

    /// <summary>A body that is made while it is sent, and has no length beforehand.</summary>
    sealed class GeneratedContent(long size) : HttpContent
    {
        readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public string Digest { get; private set; } = "";

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            var piece = new byte[1024 * 1024];
            new Random(5).NextBytes(piece);
            for (var sent = 0L; sent < size; sent += piece.Length)
            {
                BitConverter.TryWriteBytes(piece, sent); // no two pieces are the same
                hash.AppendData(piece);
                await stream.WriteAsync(piece);
            }
            Digest = $"sha256:{Convert.ToHexStringLower(hash.GetHashAndReset())}";
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }

        protected override void Dispose(bool disposing)
        {
            hash.Dispose();
            base.Dispose(disposing);
        }
    }
}
