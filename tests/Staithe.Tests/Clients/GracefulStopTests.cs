using System.Net;
using System.Net.Sockets;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

/// <summary>The program is told to stop (SIGTERM) while it is receiving.</summary>
[Trait("Kind", "client"), Collection(ClientCollections.Podman)]
public sealed class GracefulStopTests(ClientWorld world) : IClassFixture<ClientWorld>
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_transfer_that_has_begun_ends_well_and_the_next_server_has_the_blob()
    {
        var cancel = TestContext.Current.CancellationToken;
        var server = await StaitheProcess.StartAsync(world, "stopped");
        using var content = new HeldContent(new byte[64 * 1024 * 1024]); // half of it is more than a connection's buffers hold
        using var http = new HttpClient { BaseAddress = server.Url };
        var pushing = http.PostAsync($"/v2/stop/blob/blobs/uploads/?digest={content.Digest}", content, cancel);
        await content.HalfSent.WaitAsync(Limit, cancel);

        server.Daemon.Signal();
        await RefusesAsync(server.Url);
        content.SendTheRest();
        using var pushed = await pushing;
        await pushed.ExpectAsync(HttpStatusCode.Created);
        Assert.Equal(0, await server.Daemon.WaitAsync());

        var next = await StaitheProcess.StartAsync(world, "stopped");
        using var pulled = await http.GetAsync(new Uri(next.Url, $"/v2/stop/blob/blobs/{content.Digest}"), cancel);
        Assert.Equal(content.Digest, Registry.Digest(await pulled.Content.ReadAsByteArrayAsync(cancel)));
    }

    [Fact]
    public async Task Podman_ends_its_push_with_the_server_that_is_started_next()
    {
        var server = await StaitheProcess.StartAsync(world, "restarted");
        var image = $"{server.Url.Authority}/stop/image:1";
        var random = new byte[32 * 1024 * 1024];
        new Random(13).NextBytes(random);
        Directory.CreateDirectory(world["big"]);
        await File.WriteAllBytesAsync(world["big/random"], random, TestContext.Current.CancellationToken);
        world.Write("big/Containerfile", "FROM scratch\nCOPY random /random\n");
        await world.RunAsync($"buildah bud -t {image} big");

        // Podman tries a push again when it was refused or cut off, after one, two and four seconds; whoever sits before it would once more.
        var pushing = world.RunAsync($"podman push --digestfile pushed {image} || podman push --digestfile pushed {image}");
        await server.Daemon.WaitForAsync("\"method\":\"POST\""); // the layer comes next
        server.Daemon.Signal();
        Assert.Equal(0, await server.Daemon.WaitAsync());
        await StaitheProcess.StartAsync(world, "restarted", server.Url.Port);
        await pushing;

        await world.RunAsync($"podman rmi {image} && podman pull {image.Split(":1")[0]}@$(cat pushed)");
    }

    // Whoever comes now is not let in.
    static async Task RefusesAsync(Uri url)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (true)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(url.Host, url.Port, limit.Token);
            }
            catch (SocketException)
            {
                return;
            }
            await Task.Delay(20, limit.Token);
        }
    }

    /// <summary>A body that stops in its middle until it is told to go on.</summary>
    sealed class HeldContent(byte[] bytes) : HttpContent
    {
        readonly TaskCompletionSource halfSent = new(TaskCreationOptions.RunContinuationsAsynchronously);
        readonly TaskCompletionSource goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Digest { get; } = Registry.Digest(bytes);

        public Task HalfSent => halfSent.Task;

        public void SendTheRest() => goOn.SetResult();

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            await stream.WriteAsync(bytes.AsMemory(0, bytes.Length / 2));
            await stream.FlushAsync();
            halfSent.SetResult();
            await goOn.Task.WaitAsync(Limit);
            await stream.WriteAsync(bytes.AsMemory(bytes.Length / 2));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = bytes.Length;
            return true;
        }
    }
}
