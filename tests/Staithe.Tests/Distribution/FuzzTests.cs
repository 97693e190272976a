using System.Net;
using System.Text;
using System.Text.Json;
using Staithe.Fsck;
using Staithe.Tests.Harness;
using Staithe.Tests.Oci;

namespace Staithe.Tests.Distribution;

/// <summary>
/// Random requests, most of them nearly right: whatever comes, the registry answers in the words of the specification, never fails, and what
/// it keeps stays whole.
/// </summary>
public sealed class FuzzTests
{
    const int Requests = 2500;

    static readonly string[] Names = ["a", "a/b", "tags/list", "blobs/uploads", "manifests", "A", "a//b", "..", "a%2fb", "é", "%00", ""];
    static readonly string[] Tags = ["v1", "v2", "latest", "list", ".x", "a%20b", "", "%0d%0a", new('x', 129)];
    static readonly string[] Queries =
    [
        "", "", "", "?n=2", "?n=0", "?n=-1", "?n=99999999999999999999", "?last=v1", "?last=%00", "?last=%ff&n=%zz", "?n=1&n=2", "?tag=v3&tag=v4", "?tag=.x", "?tag=", "?artifactType=a/b", "?artifactType=%00",
        "?artifactType=%ed%a0%80", "?=", "?&&&", "?digest-algorithm=sha512", "?digest-algorithm=x", "?digest=", "?mount=&from=", "?ns=x", "?%",
    ];
    static readonly (string Name, string[] Values)[] HeaderChoices =
    [
        ("Range", ["bytes=0-1", "bytes=-1", "bytes=5-", "bytes=0-0,2-2,4-", "bytes=9999999-", "bytes=,", "lines=1", "bytes=1-0", ""]),
        ("If-Match", ["*", "\"x\"", "W/\"x\"", "x", "\"sha256:", "", ","]),
        ("If-None-Match", ["*", "\"x\"", ",,,", "\"*\"", "W/"]),
        ("If-Range", ["\"x\"", "W/\"x\"", "Wed, 21 Oct 2015 07:28:00 GMT", "x"]),
        ("Content-Range", ["0-4", "5-9", "0-0", "4-1", "bytes 0-4/*", "x", "0-99999999999999999999", "9223372036854775806-9223372036854775806"]),
        ("Content-Type", [RegistryClient.OciManifest, RegistryClient.OciIndex, "application/json", "a/b; c=d", "x", ";", "text/html", "\u00e9/x"]),
        ("Accept", ["*/*", "x", RegistryClient.OciIndex]),
        ("Content-Encoding", ["gzip"]),
        ("Content-Length", ["-1", "99999999999999999999", "x"]),
        ("X-Random", ["\u00ff", "a b", ""]),
    ];
    const int ReadHeaders = 4; // the first of these are for pulls

    static readonly string[] Methods = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE"];

    // By kind of target, as in Target.
    static readonly string[][] UsualMethods =
        [["GET", "HEAD"], ["GET", "GET", "HEAD", "DELETE"], ["GET", "HEAD"], ["GET", "HEAD"], ["POST"], ["GET", "PATCH", "PATCH", "PUT", "DELETE"], ["PUT", "GET", "GET", "HEAD", "DELETE"], ["PUT"]];

    [Theory, OnBothEngines]
    public async Task Nothing_that_is_sent_breaks_the_registry(Engine engine)
    {
        var random = Seed.Random();
        await using var registry = await Registry.StartAsync(engine);
        var codes = OciErrorTests.All.Select(error => (error.Code, error.Status)).ToHashSet();
        var world = await World.MakeAsync(registry);
        var statuses = new HashSet<int>();
        var connection = RawConnection.Open(registry);
        for (var i = 0; i < Requests; i++)
        {
            var (head, body) = Compose(random, world);
            if (await AnswerAsync(connection, head, body) is not { } answer)
            {
                // Closed behind the answer before, which Kestrel does when it has not read a body to its end.
                await connection.DisposeAsync();
                connection = RawConnection.Open(registry);
                answer = await AnswerAsync(connection, head, body) ?? throw new IOException($"no answer to {Show(head, body)}");
            }
            Check(answer, head, body, codes);
            statuses.Add(answer.Status);
            if (answer.Status == 202 && answer.Headers.FirstOrDefault(header => header.StartsWith("Location: ", StringComparison.Ordinal)) is { } location)
                world.Uploads[random.Next(world.Uploads.Length)] = location["Location: ".Length..];
            if (answer.Headers.Contains("Connection: close"))
            {
                await connection.DisposeAsync();
                connection = RawConnection.Open(registry);
            }
        }
        await connection.DisposeAsync();
        Assert.Empty(new[] { 200, 201, 202, 204, 304, 400, 404, 405, 412, 416 }.Except(statuses)); // or these requests are not worth their time

        using (var alive = await registry.GetAsync("/v2/"))
            await alive.ExpectAsync(HttpStatusCode.OK);
        var output = new StringWriter();
        Assert.True(await FsckRun.RunAsync(registry.Config, rehash: true, output, TestContext.Current.CancellationToken) == 0, output.ToString());
        Assert.DoesNotContain("request failed", registry.Log, StringComparison.Ordinal);
    }

    static async Task<RawResponse?> AnswerAsync(RawConnection connection, string head, byte[] body)
    {
        try
        {
            await connection.SendAsync([.. Encoding.UTF8.GetBytes(head.ReplaceLineEndings("\r\n")), .. body]);
            return await connection.ReadAsync(isHead: head.StartsWith("HEAD ", StringComparison.Ordinal));
        }
        catch (System.Net.Sockets.SocketException)
        {
            return null;
        }
    }

    // A refusal by the HTTP server itself has no body, since it did not understand the request.
    static void Check(RawResponse answer, string head, byte[] body, HashSet<(string, int)> codes)
    {
        Assert.True(answer.Status < 500 && answer.Status != 408, $"{answer.Status} {answer.Text} to {Show(head, body)}");
        if (answer.Status < 400 || answer.Body.Length == 0 || !head.Split(' ')[1].StartsWith("/v2/", StringComparison.Ordinal))
            return;
        foreach (var error in JsonDocument.Parse(answer.Body).RootElement.GetProperty("errors").EnumerateArray())
        {
            Assert.True(codes.Contains((error.GetProperty("code").GetString()!, answer.Status)), $"{answer.Status} {answer.Text} to {Show(head, body)}");
            Assert.NotEmpty(error.GetProperty("message").GetString()!);
        }
    }

    static string Show(string head, byte[] body) => $"{head}{Encoding.Latin1.GetString(body.AsSpan(0, Math.Min(body.Length, 2000)))}";

    static (string Head, byte[] Body) Compose(Random random, World world)
    {
        var kind = random.Next(UsualMethods.Length);
        var method = random.Next(4) > 0 ? random.Pick<string>(UsualMethods[kind]) : random.Next(10) == 0 ? random.Pick("get", "OPTIONS", "X") : random.Pick<string>(Methods);
        var (target, body) = Target(random, world, kind, method);
        if (random.Next(8) == 0)
            target = Spoil(random, target);
        if (random.Next(3) == 0)
            target += random.Pick<string>(Queries);
        var head = new StringBuilder($"{method} {target} HTTP/1.1\nHost: a\n");
        var framed = false;
        for (var count = random.Next(3); count > 0; count--)
        {
            var (name, values) = HeaderChoices[random.Next(method is "GET" or "HEAD" && random.Next(4) > 0 ? ReadHeaders : HeaderChoices.Length)];
            framed |= name == "Content-Length";
            head.Append(name).Append(": ").Append(random.Pick<string>(values)).Append('\n');
        }
        if (!framed && body.Length > 0 && random.Next(4) == 0)
            return (head.Append("Transfer-Encoding: chunked\n\n").ToString(), [.. Encoding.ASCII.GetBytes($"{body.Length:x}\r\n"), .. body, .. "\r\n0\r\n\r\n"u8]);
        if (method is "PUT" or "PATCH" or "POST" && !framed)
            head.Append("Content-Length: ").Append(body.Length).Append('\n');
        else
            body = [];
        return (head.Append('\n').ToString(), body);
    }

    static (string Target, byte[] Body) Target(Random random, World world, int kind, string method)
    {
        var name = random.Next(3) == 0 ? random.Pick<string>(Names) : random.Pick("a", "a/b");
        byte[] content = random.Next(3) == 0 ? random.Bytes(random.Next(20)) : [.. Enumerable.Repeat((byte)'x', random.Pick(0, 3, 10))];
        var digest = random.Next(4) == 0 ? random.Pick("sha256:x", "md5:abc", "sha512:", "latest", Registry.Digest(content, "sha512")) : random.Next(2) == 0 ? Registry.Digest(content) : random.Pick<string>(world.Digests);
        switch (kind)
        {
            case 0:
                return ($"/v2/{name}/tags/list", content);
            case 1:
                return ($"/v2/{name}/blobs/{digest}", content);
            case 2:
                return ($"/v2/{name}/referrers/{digest}", content);
            case 3:
                return (random.Pick("/v2/", "/v2", "/v2/_catalog", "/", "/livez", "/readyz"), content);
            case 4:
                return ($"/v2/{name}/blobs/uploads/{random.Pick("", $"?digest={digest}", $"?mount={digest}&from={name}", $"?mount={digest}", "?digest-algorithm=sha512")}", content);
            case 5:
                return ($"{random.Pick<string>(world.Uploads)}{(method == "PUT" ? $"?digest={digest}" : "")}", content);
            default:
                var manifest = random.Pick<byte[]>(world.Manifests);
                if (random.Next(2) == 0)
                    manifest = Mutate(random, manifest);
                var reference = method == "PUT" && random.Next(2) == 0 ? Registry.Digest(manifest) : random.Next(3) == 0 ? digest : random.Pick<string>(Tags);
                return ($"/v2/{name}/manifests/{reference}", manifest);
        }
    }

    static string Spoil(Random random, string target)
    {
        var at = random.Next(1, target.Length);
        var piece = random.Pick("%", "/", "//", "..", "%2f", "%00", "?", "#", "&", ":", "\\", "%c3%28", "\t", new string('a', 300));
        return random.Next(2) == 0 ? target.Insert(at, piece) : target[..at];
    }

    static byte[] Mutate(Random random, byte[] manifest)
    {
        var bytes = manifest.ToList();
        for (var changes = random.Next(1, 4); changes > 0 && bytes.Count > 0; changes--)
        {
            var at = random.Next(bytes.Count);
            if (random.Next(2) == 0)
                bytes[at] = (byte)random.Next(256);
            else
                bytes.InsertRange(at, Encoding.UTF8.GetBytes(random.Pick("null", "\"", "{", "[", "-1", "\\u0000", "\\ud800", ",", "é")));
        }
        return [.. bytes];
    }

    /// <summary>What valid requests are made of.</summary>
    sealed record World(string[] Digests, byte[][] Manifests, string[] Uploads)
    {
        public static async Task<World> MakeAsync(Registry registry)
        {
            var (digests, manifests) = (new List<string>(), new List<byte[]>());
            foreach (var name in new[] { "a", "a/b" })
            {
                var image = await registry.PushImageAsync(name, "v1");
                var signature = RegistryClient.ImageManifest(image.Config, Encoding.UTF8.GetByteCount($$"""{"architecture":"amd64","os":"linux","made":"{{Guid.Empty}}"}"""), [], $$""","subject":{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{image.Digest}}","size":{{image.Manifest.Length}}},"artifactType":"a/b","annotations":{"c":"d"}""");
                digests.AddRange([image.Digest, image.Config, image.Layer]);
                manifests.AddRange([image.Manifest, signature, RegistryClient.Index([(image.Digest, image.Manifest.Length)], ""","annotations":{"e":"f"}"""), RegistryClient.Index([])]);
            }
            return new World([.. digests], [.. manifests], [await registry.StartUploadAsync("a"), await registry.StartUploadAsync("a/b"), "/v2/a/blobs/uploads/7d5f9f0e-2b1c-4c55-9c0a-0123456789ab"]);
        }
    }
}
