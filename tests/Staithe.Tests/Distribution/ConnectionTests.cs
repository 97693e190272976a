using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Staithe.Oci;
using Staithe.Storage;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Distribution;

/// <summary>HTTP written by hand: what no client library would send, and what slow or rude clients do.</summary>
public sealed class ConnectionTests(Registries registries)
{
    [Theory, OnBothEngines]
    [Trait("Kind", "slow")]
    public async Task Clients_that_stall_are_cut_off_and_the_others_served_meanwhile(Engine engine)
    {
        const int seconds = 2;
        await using var registry = await Registry.StartAsync(engine, config => config with { StallSeconds = seconds });
        var blob = await registry.PushBlobAsync("a", new byte[32 * 1024 * 1024]);
        var location = await registry.StartUploadAsync("a");

        await using var sender = RawConnection.Open(registry);
        await sender.SendAsync($"PATCH {location} HTTP/1.1\nHost: a\nContent-Length: 1000\n\n0123456789");
        await using var beginner = RawConnection.Open(registry);
        await beginner.SendAsync("GET /v2/ HTTP/1.1\nHost: a\nX-Slow: ");
        await using var manifest = RawConnection.Open(registry);
        await manifest.SendAsync($"PUT /v2/a/manifests/1 HTTP/1.1\nHost: a\nContent-Type: {RegistryClient.OciIndex}\nContent-Length: 100\n\n{{");
        await using var whole = RawConnection.Open(registry);
        await whole.SendAsync($"POST /v2/a/blobs/uploads/?digest={blob} HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n5\nhello\n");
        await using var taker = RawConnection.Open(registry, receiveBytes: 4096);
        await taker.SendAsync($"GET /v2/a/blobs/{blob} HTTP/1.1\nHost: a\n\n");

        for (var i = 0; i < 20; i++)
        {
            using var served = await registry.GetAsync("/v2/");
            await served.ExpectAsync(HttpStatusCode.OK);
        }
        foreach (var stalled in new[] { sender, manifest, whole })
        {
            var answer = await stalled.ReadAsync();
            Assert.Equal(408, answer!.Status);
            Assert.Equal("UNKNOWN", JsonDocument.Parse(answer.Body).RootElement.GetProperty("errors")[0].GetProperty("code").GetString());
            Assert.Equal(0, await stalled.DrainAsync());
        }
        Assert.Equal(408, (await beginner.ReadAsync())?.Status ?? 408);

        // By now the last one has had its time too: what the kernels had taken for it is all that is left.
        Assert.InRange(await taker.DrainAsync(), 0, (32 * 1024 * 1024) - 1);

        // What had come in is kept for the client to go on from; what nobody knows is not.
        using var asked = await registry.GetAsync(location);
        Assert.Equal("0-9", asked.Header("Range"));
        Assert.Equal(new RowCounts(1, 1, 1, 0, 0, 1), await RowCounts.OfAsync(registry));
    }

    [Fact]
    public async Task A_connection_beyond_the_limit_is_closed_and_one_that_ends_makes_room()
    {
        const int limit = 10;
        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => config with { Connections = limit });
        var connections = new List<RawConnection>();
        for (var i = 0; i < limit; i++)
        {
            connections.Add(RawConnection.Open(registry));
            await connections[i].SendAsync("GET /v2/ HTTP/1.1\nHost: a\n\n");
            Assert.Equal(200, (await connections[i].ReadAsync())!.Status);
        }
        await using (var beyond = RawConnection.Open(registry))
            Assert.Equal(0, await beyond.DrainAsync());
        foreach (var connection in connections)
            await connection.DisposeAsync();

        // The server sees their end in its own time.
        RawResponse? served = null;
        while (served is null)
        {
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
            await using var another = RawConnection.Open(registry);
            try
            {
                await another.SendAsync("GET /v2/ HTTP/1.1\nHost: a\n\n");
                served = await another.ReadAsync();
            }
            catch (IOException)
            {
                // closed while we wrote
            }
            catch (SocketException)
            {
                // closed before we wrote
            }
        }
        Assert.Equal(200, served.Status);
    }

    [Theory, OnBothEngines]
    public async Task What_came_before_the_connection_broke_is_kept(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var name = Registry.NewRepository();
        var location = await registry.StartUploadAsync(name);
        await using (var connection = RawConnection.Open(registry))
        {
            await connection.SendAsync($"PATCH {location} HTTP/1.1\nHost: a\nContent-Length: 1000\nContent-Range: 0-999\n\nfirst");
            var file = Path.Combine(registry.Config.Data, "blobs", StorageKey.For(Id(location)));
            await Eventually.HoldsAsync(async () => File.Exists(file) && (await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken)).StartsWith("first", StringComparison.Ordinal));
            connection.EndSending();
            await connection.DrainAsync();
        }
        await Eventually.IsAsync("0-4", async () =>
        {
            using var asked = await registry.GetAsync(location);
            return asked.Header("Range")!;
        });
        using (var rest = await registry.SendAsync(HttpMethod.Patch, location, " second"u8.ToArray(), "application/octet-stream", ("Content-Range", "5-11")))
            await rest.ExpectAsync(HttpStatusCode.Accepted);
        using var closed = await registry.SendAsync(HttpMethod.Put, $"{location}?digest={Registry.Digest("first second"u8)}", []);
        await closed.ExpectAsync(HttpStatusCode.Created);
    }

    [Theory, OnBothEngines]
    public async Task While_a_request_writes_to_an_upload_another_is_refused_and_one_that_cancels_ends_it(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var location = await registry.StartUploadAsync(Registry.NewRepository());
        await using var connection = RawConnection.Open(registry);
        await connection.SendAsync($"PATCH {location} HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\n\n");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var sending = SendOnAsync();
        var file = Path.Combine(registry.Config.Data, "blobs", StorageKey.For(Id(location)));
        await Eventually.HoldsAsync(() => Task.FromResult(File.Exists(file) && new FileInfo(file).Length > 0));

        foreach (var (method, query) in new[] { (HttpMethod.Patch, ""), (HttpMethod.Put, $"?digest={Registry.Digest("second"u8)}") })
        {
            using var refused = await registry.SendAsync(method, location + query, "second"u8.ToArray());
            await refused.ExpectErrorAsync(HttpStatusCode.RequestedRangeNotSatisfiable, "RANGE_INVALID");
        }
        Assert.False(sending.IsCompleted);
        using (var cancelled = await registry.SendAsync(HttpMethod.Delete, location, []))
            await cancelled.ExpectAsync(HttpStatusCode.NoContent);
        using var gone = await registry.GetAsync(location);
        await gone.ExpectErrorAsync(HttpStatusCode.NotFound, "BLOB_UPLOAD_UNKNOWN");
        var ended = await connection.ReadAsync();
        Assert.Equal((408, true), (ended!.Status, ended.Text.Contains("another request cancelled this upload", StringComparison.Ordinal)));
        await stop.CancelAsync();
        await sending;

        async Task SendOnAsync()
        {
            using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(50)); // a request that sends nothing for two seconds gives way
            try
            {
                do
                    await connection.SendAsync("1\n.\n");
                while (await beat.WaitForNextTickAsync(stop.Token));
            }
            catch (Exception end) when (end is OperationCanceledException or SocketException)
            {
                // that was enough, or the server has closed the connection
            }
        }
    }

    [Theory, OnBothEngines]
    public async Task A_manifest_or_a_blob_that_broke_off_is_not_kept(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        foreach (var request in new[] { $"PUT /v2/a/manifests/1 HTTP/1.1\nContent-Type: {RegistryClient.OciIndex}", $"POST /v2/a/blobs/uploads/?digest={Registry.Digest("{"u8)} HTTP/1.1" })
        {
            await using var connection = RawConnection.Open(registry);
            await connection.SendAsync($"{request}\nHost: a\nContent-Length: 1000\n\n{{");
            connection.EndSending();
            await connection.DrainAsync();
        }
        await Eventually.IsAsync(new RowCounts(0, 0, 0, 0, 0, 0), () => RowCounts.OfAsync(registry));
    }

    [Theory, OnBothEngines]
    public async Task A_body_longer_than_its_range_is_refused_and_not_kept(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var location = await registry.StartUploadAsync(Registry.NewRepository());
        foreach (var (method, query) in new[] { ("PATCH", ""), ("PUT", $"?digest={Registry.Digest("hello"u8)}") })
        {
            foreach (var range in new[] { "0-3", "0-5" })
            {
                await using var connection = RawConnection.Open(registry);
                await connection.SendAsync($"{method} {location}{query} HTTP/1.1\nHost: a\nTransfer-Encoding: chunked\nContent-Range: {range}\n\n5\nhello\n0\n\n");
                var answer = await connection.ReadAsync();
                Assert.Equal((400, true), (answer!.Status, answer.Text.Contains("SIZE_INVALID", StringComparison.Ordinal)));
                using var asked = await registry.GetAsync(location);
                Assert.Equal("0-0", asked.Header("Range"));
            }
        }
        using var closed = await registry.SendAsync(HttpMethod.Put, $"{location}?digest={Registry.Digest("hello"u8)}", "hello"u8.ToArray());
        await closed.ExpectAsync(HttpStatusCode.Created);
    }

    [Theory, OnBothEngines]
    public async Task Requests_one_behind_the_other_are_answered_in_order(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var name = Registry.NewRepository();
        var digests = new List<string>();
        for (var i = 0; i < 5; i++)
            digests.Add(await registry.PushBlobAsync(name, Encoding.ASCII.GetBytes($"blob {i}")));
        await using var connection = RawConnection.Open(registry);
        await connection.SendAsync(
            string.Concat(digests.Select(digest => $"GET /v2/{name}/blobs/{digest} HTTP/1.1\nHost: a\n\n"))
            + $"GET /v2/{name}/blobs/no HTTP/1.1\nHost: a\n\nHEAD /v2/{name}/blobs/{digests[0]} HTTP/1.1\nHost: a\n\nPOST /v2/{name}/blobs/uploads/?digest={Registry.Digest("six"u8)} HTTP/1.1\nHost: a\nContent-Length: 3\n\nsixGET /v2/ HTTP/1.1\nHost: a\n\n");
        for (var i = 0; i < 5; i++)
            Assert.Equal($"blob {i}", (await connection.ReadAsync())!.Text);
        Assert.Equal(400, (await connection.ReadAsync())!.Status);
        Assert.Contains("Content-Length: 6", (await connection.ReadAsync(isHead: true))!.Headers);
        Assert.Equal(201, (await connection.ReadAsync())!.Status);
        Assert.Equal("{}", (await connection.ReadAsync())!.Text);
    }

    [Theory, OnBothEngines]
    public async Task Who_asks_before_sending_is_told_before_sending(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var name = Registry.NewRepository();
        var location = await registry.StartUploadAsync(name);
        foreach (var (request, status) in new[]
        {
            ($"POST /v2/{name}/blobs/uploads/?digest=sha256:no HTTP/1.1", 400), ($"PUT /v2/{name}/manifests/.no HTTP/1.1", 400), ($"PATCH {location}0 HTTP/1.1", 404),
            ($"PATCH {location} HTTP/1.1\nContent-Range: 7-100006", 416), ($"PUT {location} HTTP/1.1", 400),
        })
        {
            await using var refused = RawConnection.Open(registry);
            await refused.SendAsync($"{request}\nHost: a\nExpect: 100-continue\nContent-Length: 100000\n\n");
            Assert.Equal(status, (await refused.ReadAsync())!.Status);
        }
        await using var taken = RawConnection.Open(registry);
        await taken.SendAsync($"PATCH {location} HTTP/1.1\nHost: a\nExpect: 100-continue\nContent-Length: 5\n\n");
        Assert.Equal(100, (await taken.ReadAsync())!.Status);
        await taken.SendAsync("hello");
        Assert.Equal(202, (await taken.ReadAsync())!.Status);
    }

    [Theory, OnBothEngines]
    public async Task Old_and_odd_requests_are_answered(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var name = Registry.NewRepository();
        var image = await registry.PushImageAsync(name, "v1");
        foreach (var (request, status, body) in new[]
        {
            ("GET /v2/ HTTP/1.0\n\n", 200, "{}"),
            ($"GET /v2/{name}/manifests/v1 HTTP/1.0\n\n", 200, Encoding.UTF8.GetString(image.Manifest)),
            ($"GET http://{registry.Authority}/v2/{name}/manifests/v1 HTTP/1.1\nHost: {registry.Authority}\n\n", 200, Encoding.UTF8.GetString(image.Manifest)),
            ($"GET http://{registry.Authority}/v2/{name}/manifests/sha256%3A{image.Digest[7..]}?a=b HTTP/1.1\nHost: {registry.Authority}\n\n", 200, Encoding.UTF8.GetString(image.Manifest)),
            ($"GET /v2/{name}/manifests/v1?x=%00 HTTP/1.1\nHost: a\nConnection: close\n\n", 400, null),
            ("OPTIONS * HTTP/1.1\nHost: a\n\n", 405, null),
            ("GET / HTTP/1.1\nHost: a\n\n", 200, null),
            ("GET /nothing HTTP/1.1\nHost: a\n\n", 404, null),
            ("GET /v20/ HTTP/1.1\nHost: a\n\n", 404, null),
            ("GET /v2/ HTTP/1.1\n\n", 400, ""),
            ("GET /v2/ HTTP/1.1\nHost: a\nHost: b\n\n", 400, ""),
            ("GET v2 HTTP/1.1\nHost: a\n\n", 405, ""),
            ("GET /v2/ HTTP/3.7\nHost: a\n\n", 505, ""),
            ("not HTTP at all\n\n", 400, ""),
            ($"PATCH /v2/{name}/blobs/uploads/x HTTP/1.1\nHost: a\nContent-Length: five\n\n", 400, ""),
            ($"GET /v2/{new string('a', 100_000)} HTTP/1.1\nHost: a\n\n", 414, ""),
            ($"GET /v2/ HTTP/1.1\nHost: a\nX-Large: {new string('a', 100_000)}\n\n", 431, ""),
        })
        {
            await using var connection = RawConnection.Open(registry);
            await connection.SendAsync(request);
            var answer = await connection.ReadAsync();
            Assert.True(status == answer?.Status, $"{request[..Math.Min(100, request.Length)]}: {answer?.Status}");
            if (body is not null)
                Assert.Equal(body, answer!.Text);
        }
        using var alive = await registry.GetAsync("/v2/");
        await alive.ExpectAsync(HttpStatusCode.OK);
    }

    // Each hides a line break: for the answer's headers, or for the log.
    [Theory, OnBothEngines]
    public async Task No_header_and_no_log_line_can_be_smuggled_in(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        const string evil = "%0d%0aX-Evil:%201%0d%0a%7b%22message%22:%22forged%22%7d";
        foreach (var target in new[]
        {
            $"GET /v2/a/manifests/x{evil}", $"PUT /v2/a/manifests/x{evil}", $"GET /v2/a{evil}/tags/list", $"GET /v2/_catalog?last={evil}", $"GET /v2/a/tags/list?n={evil}",
            $"GET /v2/a/referrers/{Registry.Digest("x"u8)}?artifactType={evil}", $"POST /v2/a/blobs/uploads/?mount={evil}&from={evil}", $"POST /v2/a/blobs/uploads/?digest-algorithm={evil}",
            $"PUT /v2/a/manifests/{Registry.Digest("{}"u8)}?tag=x{evil}", $"GET /{evil}", $"GET /v2/{evil}",
        })
        {
            await using var connection = RawConnection.Open(registry);
            await connection.SendAsync($"{target} HTTP/1.1\nHost: a\nContent-Length: 0\nUser-Agent: x\u0085forged\nConnection: close\n\n");
            var answer = (await connection.ReadAsync())!;
            Assert.InRange(answer.Status, 200, 499);
            Assert.DoesNotContain(answer.Headers, header => header.StartsWith("X-Evil", StringComparison.OrdinalIgnoreCase));
            Assert.DoesNotContain("\nX-Evil", answer.Text, StringComparison.Ordinal);
        }
        await registry.StopAsync();
        Assert.All(registry.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Contains(JsonDocument.Parse(line).RootElement.GetProperty("message").GetString(), (string[])["request", "job"]));
        Assert.DoesNotContain("forged", registry.Log, StringComparison.Ordinal);
    }

    static UploadId Id(string location) => UploadId.TryParse(location[(location.LastIndexOf('/') + 1)..], out var id) ? id : throw new FormatException(location);
}
