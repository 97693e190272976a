using System.Net;
using System.Net.Sockets;
using System.Text;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

[Trait("Kind", "client"), Collection(ClientCollections.Others)]
public sealed class BrokenConnectionTests(Registries registries, ClientWorld world) : IClassFixture<ClientWorld>
{
    // More than the buffers of a connection hold, so that the server has taken a part of it when all is sent.
    const int Size = 48 * 1024 * 1024;

    static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(Engine.Sqlite, true)]
    [InlineData(Engine.Sqlite, false)]
    [InlineData(Engine.Postgres, true)]
    public async Task An_upload_whose_connection_was_reset_goes_on_where_it_stood(Engine engine, bool chunked)
    {
        var registry = await world.ConnectAsync(registries, engine);
        var name = Registry.NewRepository("broken");
        var content = new byte[Size];
        new Random(11).NextBytes(content);
        var upload = await registry.StartUploadAsync(name);
        await SendAndBreakAsync(registry.Url, upload, content.AsMemory(0, Size - 1024 * 1024), chunked);

        var received = await ReceivedAsync(registry, upload);
        Assert.InRange(received, 1, Size - 1024 * 1024);
        using var resumed = await registry.SendAsync(
            HttpMethod.Patch, upload, content[(int)received..], "application/octet-stream", ("Content-Range", $"{received}-{Size - 1}"));
        await resumed.ExpectAsync(HttpStatusCode.Accepted);
        var digest = Registry.Digest(content);
        using var closed = await registry.SendAsync(HttpMethod.Put, $"{resumed.Headers.Location}?digest={digest}", []);
        await closed.ExpectAsync(HttpStatusCode.Created);

        using var pulled = await registry.GetAsync($"/v2/{name}/blobs/{digest}");
        Assert.Equal(digest, Registry.Digest(await pulled.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)));
    }

    [Fact]
    public async Task A_pull_that_was_cut_goes_on_with_curl()
    {
        var registry = await world.ConnectAsync(registries);
        var name = Registry.NewRepository("broken");
        var content = new byte[Size];
        new Random(12).NextBytes(content);
        var digest = await registry.PushBlobAsync(name, content);
        var url = $"{registry.Url}v2/{name}/blobs/{digest}";
        await world.RunAsync($"(curl -sS {url} 2>/dev/null || true) | head -c 10000000 > blob");
        Assert.Equal(10_000_000, new FileInfo(world["blob"]).Length);

        Assert.Equal($"206 {Size - 10_000_000}", await world.RunAsync($"curl -sS -C - -o blob -w '%{{http_code}} %{{size_download}}' {url}"));
        Assert.Equal(digest, Registry.Digest(await File.ReadAllBytesAsync(world["blob"], TestContext.Current.CancellationToken)));
    }

    // A PATCH that is never finished: the connection ends with a reset.
    static async Task SendAndBreakAsync(Uri server, string upload, ReadOnlyMemory<byte> content, bool chunked)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(true, 0) };
        await socket.ConnectAsync(server.Host, server.Port);
        var framing = chunked ? "Transfer-Encoding: chunked" : $"Content-Length: {Size}";
        await SendAllAsync(socket, Encoding.ASCII.GetBytes($"PATCH {upload} HTTP/1.1\r\nHost: {server.Authority}\r\n{framing}\r\n\r\n"));
        for (var sent = 0; sent < content.Length;)
        {
            var piece = content.Slice(sent, Math.Min(1024 * 1024, content.Length - sent));
            if (chunked)
                await SendAllAsync(socket, Encoding.ASCII.GetBytes($"{piece.Length:x}\r\n"));
            await SendAllAsync(socket, piece);
            if (chunked)
                await SendAllAsync(socket, "\r\n"u8.ToArray());
            sent += piece.Length;
        }
    }

    static async Task SendAllAsync(Socket socket, ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[await socket.SendAsync(bytes)..];
    }

    // What was acknowledged. The server may still be busy with the end of what came before the reset.
    static async Task<long> ReceivedAsync(Registry registry, string upload)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            using var response = await registry.GetAsync(upload);
            await response.ExpectAsync(HttpStatusCode.NoContent);
            var last = long.Parse(response.Header("Range")!.Split('-')[1], System.Globalization.CultureInfo.InvariantCulture);
            if (last > 0)
                return last + 1;
            await Task.Delay(20, limit.Token);
        }
    }
}
