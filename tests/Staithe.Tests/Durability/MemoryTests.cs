using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Staithe.Config;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Durability;

/// <summary>The process stays small, however much goes through it and however badly its clients behave.</summary>
[Trait("Kind", "slow")]
public sealed class MemoryTests(ITestOutputHelper output)
{
    const int Clients = 16;
    const long MostBytes = 300L << 20;
    const long WantedBytes = 1L << 30;
    const long Block = 1 << 20;
    const int StallSeconds = 3;

    [Fact]
    public async Task Sixteen_large_pushes_at_once_and_sixteen_readers_that_stop()
    {
        using var directory = new TempDirectory();
        var size = SizeThatFits(directory.Path);
        var block = TestContent.Create(new Random(7), (int)Block).Bytes;
        var digest = DigestOf(block, size);
        await using var server = await ServerProcess.StartAsync(new StaitheConfig { Data = directory["data"], StallSeconds = StallSeconds });
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = server.Url, Timeout = TimeSpan.FromMinutes(10) };

        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Run(
            async () =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, $"/v2/large/r{client}/blobs/uploads/?digest={digest}") { Content = new RepeatedContent(block, size) };
                using var response = await http.SendAsync(request, Cancel);
                Assert.True(response.StatusCode == HttpStatusCode.Created, $"{response.StatusCode}: {await response.Content.ReadAsStringAsync(Cancel)}\n{server.Output}");
            },
            Cancel)));
        output.WriteLine($"{Clients} pushes of {size >> 20} MiB: at most {server.PeakBytes() >> 20} MiB");
        Assert.InRange(server.PeakBytes(), 0, MostBytes);

        using var small = await http.PutAsync(new Uri("/v2/large/r0/manifests/empty", UriKind.Relative), new StringContent("""{"schemaVersion":2,"manifests":[]}""", Encoding.UTF8, RegistryClient.OciIndex), Cancel);
        Assert.Equal(HttpStatusCode.Created, small.StatusCode);
        var readers = await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => BeginReadAsync(server.Url, $"/v2/large/r{client}/blobs/{digest}")));
        try
        {
            var cutOff = server.WaitForLinesAsync(Clients, line => line.Contains("\"route\":\"blob\"", StringComparison.Ordinal) && line.Contains("\"GET\"", StringComparison.Ordinal));
            while (!cutOff.IsCompleted)
            {
                using var manifest = await http.GetAsync(new Uri("/v2/large/r0/manifests/empty", UriKind.Relative), Cancel).WaitAsync(TimeSpan.FromSeconds(2), Cancel);
                Assert.Equal(HttpStatusCode.OK, manifest.StatusCode);
                Assert.InRange(server.Threads(), 0, 100);
                await Task.WhenAny(cutOff, Task.Delay(20, Cancel));
            }
            await cutOff;
        }
        finally
        {
            foreach (var reader in readers)
                reader.Dispose();
        }
        output.WriteLine($"{Clients} readers that stop: at most {server.PeakBytes() >> 20} MiB, {server.Threads()} threads");
        Assert.InRange(server.PeakBytes(), 0, MostBytes);
    }

    static CancellationToken Cancel => TestContext.Current.CancellationToken;

    // All pushes lie on the disk at once, before the trash is emptied.
    long SizeThatFits(string path)
    {
        var size = Math.Min(WantedBytes, new DriveInfo(path).AvailableFreeSpace * 2 / 3 / Clients / Block * Block);
        if (size < WantedBytes)
            output.WriteLine($"the disk has little room: blobs of {size >> 20} MiB instead of {WantedBytes >> 20}");
        return size;
    }

    static string DigestOf(byte[] block, long size)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var sent = 0L; sent < size; sent += Block)
            hash.AppendData(block);
        return $"sha256:{Convert.ToHexStringLower(hash.GetHashAndReset())}";
    }

    static async Task<Socket> BeginReadAsync(Uri server, string path)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 64 * 1024 };
        await socket.ConnectAsync(server.Host, server.Port, Cancel);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: {server.Authority}\r\n\r\n"), Cancel);
        var head = new byte[64];
        await socket.ReceiveAsync(head, Cancel);
        Assert.StartsWith("HTTP/1.1 200", Encoding.ASCII.GetString(head), StringComparison.Ordinal);
        return socket;
    }

    /// <summary>One block again and again.</summary>
    sealed class RepeatedContent(byte[] block, long size) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (var sent = 0L; sent < size; sent += Block)
                await stream.WriteAsync(block);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = size;
            return true;
        }
    }
}
