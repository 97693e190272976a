using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Tests.Harness;
using Staithe.Transport;

namespace Staithe.Tests.Files;

/// <summary>Files of images by HTTP, as curl and browsers ask for them.</summary>
public sealed class FileEndpointTests(Registries registries, ClosedRegistries closed)
{
    [Theory, OnBothEngines]
    public async Task A_file_comes_with_all_that_HTTP_says_of_files(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var name = Registry.NewRepository("files");
        var large = new Random(1).Bytes(3_000_000);
        var digest = await registry.PushLayersAsync(name, "1",
            LayerBytes.Gzip(new TarBytes().Directory("etc").File("etc/os-release", "ID=test\n").Link("etc/link", "os-release").Add("large", content: large).End()),
            new TarBytes().File("etc/page.html", "<script>alert(1)</script>").File("empty", "").End());
        using var file = await registry.GetAsync($"/f/{name}:1/etc/os-release");
        await file.ExpectAsync(HttpStatusCode.OK);
        Assert.Equal("ID=test\n", Encoding.UTF8.GetString(await file.BytesAsync()));
        Assert.Equal(("text/plain; charset=utf-8", 8L, "nosniff"), (file.Header("Content-Type"), file.Content.Headers.ContentLength, file.Header("X-Content-Type-Options")));
        var tag = $"\"sha256:{Convert.ToHexStringLower(SHA256.HashData("ID=test\n"u8))}\"";
        Assert.Equal((tag, "Tue, 14 Nov 2023 22:13:20 GMT", "no-cache, private", digest), (file.Header("ETag"), file.Header("Last-Modified"), file.Header("Cache-Control"), file.Header("Docker-Content-Digest")));

        // By digest, with percents, through a link, and by HEAD.
        foreach (var path in (string[])[$"/f/{name}@{digest}/etc/os-release", $"/f/{name}%3A1/etc/os%2Drelease", $"/f/{name}:1/etc/link", $"/f/{name}:1/etc/../etc/./link"])
        {
            using var same = await registry.GetAsync(path);
            await same.ExpectAsync(HttpStatusCode.OK);
            Assert.Equal(tag, same.Header("ETag"));
        }
        using var head = await registry.HeadAsync($"/f/{name}@{digest}/large");
        Assert.Equal((HttpStatusCode.OK, 3_000_000L, "application/octet-stream", "max-age=31536000, private, immutable"), (head.StatusCode, head.Content.Headers.ContentLength, head.Header("Content-Type"), head.Header("Cache-Control")));

        using var known = await registry.GetAsync($"/f/{name}:1/etc/os-release", ("If-None-Match", tag));
        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
        using var part = await registry.GetAsync($"/f/{name}:1/large", ("Range", "bytes=2000000-2000999"));
        Assert.Equal((HttpStatusCode.PartialContent, "bytes 2000000-2000999/3000000"), (part.StatusCode, part.Header("Content-Range")));
        Assert.Equal(large[2_000_000..2_001_000], await part.BytesAsync());
        using var changed = await registry.GetAsync($"/f/{name}:1/large", ("Range", "bytes=0-9"), ("If-Range", "\"other\""));
        Assert.Equal(large, await changed.BytesAsync());
        using var beyond = await registry.GetAsync($"/f/{name}:1/large", ("Range", "bytes=3000000-"));
        Assert.Equal((HttpStatusCode.RequestedRangeNotSatisfiable, "bytes */3000000"), (beyond.StatusCode, beyond.Header("Content-Range")));
        using var empty = await registry.GetAsync($"/f/{name}:1/empty");
        Assert.Equal((HttpStatusCode.OK, 0L), (empty.StatusCode, empty.Content.Headers.ContentLength));

        // What somebody put into an image must not run here.
        using var page = await registry.GetAsync($"/f/{name}:1/etc/page.html", ("Accept", "text/html"));
        Assert.Equal(("text/plain; charset=utf-8", SafeHeaders.Policy), (page.Header("Content-Type"), page.Header("Content-Security-Policy")));
    }

    [Fact]
    public async Task A_directory_is_a_list_for_people_and_for_programs()
    {
        var registry = await registries.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("lists");
        await registry.PushLayersAsync(name, "1",
            new TarBytes().Directory("d").File("d/a", "1").File("d/b", "22").End(),
            new TarBytes().File("d/.wh.a", "").File("d/<img src=x onerror=alert(1)>", "").File("d/c:d", "").Link("d/l", "\"><script>").Add("d/h", '1', link: "d/b").End());
        using var bare = await registry.GetAsync($"/f/{name}:1/d?layer=2");
        Assert.Equal((HttpStatusCode.MovedPermanently, $"/f/{name}:1/d/?layer=2"), (bare.StatusCode, bare.Location()));
        using var root = await registry.GetAsync($"/f/{name}:1");
        Assert.Equal($"/f/{name}:1/", root.Location());

        using var json = await registry.GetAsync($"/f/{name}:1/d/", ("Accept", "application/json"));
        var list = await json.JsonAsync();
        Assert.Equal("/d", list.GetProperty("path").GetString());
        var entries = list.GetProperty("entries").EnumerateArray().ToList();
        Assert.Equal(["<img src=x onerror=alert(1)>", "b", "c:d", "h", "l"], entries.Select(entry => entry.GetProperty("name").GetString()));
        Assert.Equal("""{"name":"b","type":"file","size":2,"digest":"sha256:785f3ec7eb32f30b90cd0fcf3657d388b5ff4297f2f9716ff66e9b69c05ddd09","mode":"0644","uid":0,"gid":0,"modifiedAt":"2023-11-14T22:13:20\u002B00:00","layer":1}""".Replace("\\u002B", "+", StringComparison.Ordinal), entries[1].GetRawText().Replace("\\u002B", "+", StringComparison.Ordinal));
        Assert.Equal(("file", 2L), (entries[3].GetProperty("type").GetString(), entries[3].GetProperty("size").GetInt64())); // a hard link into the layer below

        using var upper = await registry.GetAsync($"/f/{name}:1/d/?layer=2", ("Accept", "application/json"));
        Assert.Equal("whiteout", (await upper.JsonAsync()).GetProperty("entries")[1].GetProperty("type").GetString());

        using var page = await registry.GetAsync($"/f/{name}:1/d/");
        var html = Encoding.UTF8.GetString(await page.BytesAsync());
        Assert.Equal("text/html; charset=utf-8", page.Header("Content-Type"));
        Assert.StartsWith("default-src 'none'; style-src 'sha256-", page.Header("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.DoesNotContain("<img", html, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", html, StringComparison.Ordinal);
        Assert.Contains("href=\"./c%3Ad\"", html, StringComparison.Ordinal);
        Assert.Contains("href=\"../\"", html, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_there_and_what_makes_no_sense_is_told()
    {
        var registry = await registries.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("absent");
        await registry.PushLayersAsync(name, "1", new TarBytes().File("a", "1").Link("gone", "nowhere").Add("pipe", '6').End());
        foreach (var (path, status) in new[]
        {
            ($"/f/{name}:1/b", 404), ($"/f/{name}:1/a/", 404), ($"/f/{name}:1/gone", 404), ($"/f/{name}:1/pipe", 404), ($"/f/{name}:2/a", 404), ($"/f/no/such:1/a", 404),
            ($"/f/{name}", 404), ("/f/", 404), ($"/f/{name}:1/a%2Fb", 404), ($"/f/{name}:1/?layer=2", 404), ($"/f/{name}:1/?layer=0", 400), ($"/f/{name}:1/?x=1", 400), ($"/f/{name}:1/?platform=x", 400),
        })
        {
            using var response = await registry.GetAsync(path);
            Assert.True((int)response.StatusCode == status, $"{path} answered {response.StatusCode}");
            Assert.NotEmpty((await response.JsonAsync()).GetProperty("errors")[0].GetProperty("message").GetString()!);
        }
        using var method = await registry.SendAsync(HttpMethod.Put, $"/f/{name}:1/a", []);
        Assert.Equal((HttpStatusCode.MethodNotAllowed, "GET, HEAD"), (method.StatusCode, method.Header("Allow")));
    }

    [Fact]
    public async Task A_layer_that_cannot_be_looked_into_is_told_and_stays_so()
    {
        var registry = await registries.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("refused");
        await registry.PushLayersAsync(name, "1", Encoding.ASCII.GetBytes(new string('x', 2000)), [.. "BZh9"u8, .. new byte[600]]);
        for (var i = 0; i < 2; i++)
        {
            using var response = await registry.GetAsync($"/f/{name}:1/a");
            Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
            Assert.Matches("layer 1 of 2 .* no archive of files", (await response.JsonAsync()).GetProperty("errors")[0].GetProperty("message").GetString()!);
        }
        var (digest, _, _, _) = await registry.PushImageAsync(name, extraMembers: ",\"artifactType\":\"application/vnd.example\"");
        using var other = await registry.GetAsync($"/f/{name}@{digest}/");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.StatusCode);
    }

    [Fact]
    public async Task Of_an_index_the_platform_is_chosen()
    {
        var registry = await registries.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("platforms");
        var children = new List<string>();
        foreach (var architecture in (string[])["arm64", "amd64"])
        {
            var digest = await registry.PushLayersAsync(name, null, new TarBytes().File("arch", architecture).End());
            using var manifest = await registry.GetAsync($"/v2/{name}/manifests/{digest}");
            children.Add($$"""{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{digest}}","size":{{(await manifest.BytesAsync()).Length}},"platform":{"os":"linux","architecture":"{{architecture}}"} }""");
        }
        using (var pushed = await registry.PutManifestAsync(name, "1", Encoding.UTF8.GetBytes($$"""{"manifests":[{{string.Join(',', children)}}],"schemaVersion":2,"mediaType":"{{RegistryClient.OciIndex}}" }"""), RegistryClient.OciIndex))
            await pushed.ExpectAsync(HttpStatusCode.Created);
        foreach (var (query, expected) in new[] { ("", "amd64"), ("?platform=linux/arm64", "arm64"), ("?platform=linux/amd64", "amd64") })
        {
            using var response = await registry.GetAsync($"/f/{name}:1/arch{query}");
            Assert.Equal(expected, Encoding.UTF8.GetString(await response.BytesAsync()));
        }
        using var none = await registry.GetAsync($"/f/{name}:1/arch?platform=linux/s390x");
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
    }

    [Theory, OnBothEngines]
    public async Task Whoever_may_pull_may_look_and_nobody_else(Engine engine)
    {
        var registry = await closed.GetAsync(engine);
        var (owner, stranger) = (await registry.AddUserAsync(), await registry.AddUserAsync());
        var name = $"{owner.Name}/app";
        await registry.As(owner).PushLayersAsync(name, "1", new TarBytes().File("secret", "x").File("var/lib/dpkg/status", "Package: a\nStatus: install ok installed\nVersion: 1\n").End());
        string[] paths = [$"/f/{name}:1/secret", $"/api/v1/packages?image={name}:1", $"/api/v1/sbom?image={name}:1", $"/api/v1/diff?from={name}:1&to={name}:1"];
        foreach (var path in paths)
        {
            using var own = await registry.As(owner).GetAsync(path);
            await own.ExpectAsync(HttpStatusCode.OK);
            using var other = await registry.As(stranger).GetAsync(path);
            using var absent = await registry.As(stranger).GetAsync(path.Replace("/app", "/none", StringComparison.Ordinal));
            Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (other.StatusCode, absent.StatusCode));
            Assert.Equal((await other.Content.ReadAsStringAsync(Cancel)).Replace("/app", "/none", StringComparison.Ordinal), await absent.Content.ReadAsStringAsync(Cancel));
            using var nobody = await registry.Registry.As(null).GetAsync(path);
            Assert.Equal(HttpStatusCode.Unauthorized, nobody.StatusCode);
            Assert.NotNull(nobody.Header("WWW-Authenticate"));
        }
        await registry.SetVisibilityAsync(name, Visibility.Public);
        foreach (var path in paths)
            await Eventually.AnswersAsync(HttpStatusCode.OK, () => registry.Registry.As(null).GetAsync(path));
    }

    // Many at a time, each some part of some file: what one reader leaves behind must not be in another's answer.
    [Fact]
    public async Task Many_read_at_once()
    {
        var registry = await registries.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("crowd");
        var random = Seed.Random();
        var files = Enumerable.Range(0, 20).ToDictionary(i => $"f{i}", _ => random.Bytes(random.Next(900_000)));
        var tar = new TarBytes();
        foreach (var (file, content) in files)
            tar.Add(file, content: content);
        await registry.PushLayersAsync(name, "1", LayerBytes.Gzip(tar.End()));
        var asked = Enumerable.Range(0, 100).Select(_ => (File: $"f{random.Next(20)}", At: random.Next())).ToList();
        await Parallel.ForEachAsync(asked, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancel }, async (one, _) =>
        {
            var content = files[one.File];
            var from = one.At % content.Length;
            using var response = await registry.GetAsync($"/f/{name}:1/{one.File}", ("Range", $"bytes={from}-"));
            Assert.Equal(content[from..], await response.BytesAsync());
        });
    }

    static CancellationToken Cancel => TestContext.Current.CancellationToken;
}
