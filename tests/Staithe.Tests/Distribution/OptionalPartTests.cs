using System.Net;
using System.Text.Json;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Distribution;

/// <summary>An optional part of a request that cannot be used is left out, and the request goes on.</summary>
public sealed class OptionalPartTests(Registries registries, ClosedRegistries closedRegistries)
{
    static readonly string Hex = new('0', 64);

    [Theory, OnBothEngines]
    public async Task A_token_has_what_is_good_of_its_scopes(Engine engine)
    {
        var closed = await closedRegistries.GetAsync(engine);
        var user = await closed.AddTokenAsync(await closed.AddUserAsync());
        var good = $"repository:{user.Name}/a:pull";
        foreach (var other in (string[])
        [
            "garbage", "", ":", "::", "repository", "repository::pull", "repository:UPPER:pull", "repository:a/../b:pull", "repository:a\0b:pull", $"repository:{new string('a', 300)}:pull", new string('x', 2000), "repository:other.example:5000/a/b:pull",
            "repository:localhost:5000/a/b:pull", "plugin:x:pull", "registry:catalog:*", "\ud83d", "repository:a/b:", "repository:a/b:dance", $"{good},dance",
        ])
        {
            var answer = await closed.AskAsync(user, other, good);
            Assert.Equal("pull", Actions(answer, $"{user.Name}/a"));
        }
        var noise = Enumerable.Range(0, 60).Select(i => $"garbage{i}");
        Assert.Equal("pull", Actions(await closed.AskAsync(user, [.. noise, good]), $"{user.Name}/a"));
    }

    [Theory, OnBothEngines]
    public async Task A_scope_may_name_this_registry_before_the_repository(Engine engine)
    {
        var closed = await closedRegistries.GetAsync(engine);
        var user = await closed.AddTokenAsync(await closed.AddUserAsync());
        Assert.Equal("pull,push", Actions(await closed.AskAsync(user, $"repository:{closed.Registry.Authority}/{user.Name}/a:pull,push"), $"{user.Name}/a"));
        Assert.Null(Actions(await closed.AskAsync(user, $"repository:other.example:5000/{user.Name}/a:pull,push"), $"{user.Name}/a"));
    }

    [Theory, OnBothEngines]
    public async Task A_mount_that_cannot_be_is_an_upload(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        foreach (var query in (string[])
        [
            $"mount=sha256:{Hex}&from=Bad", $"mount=sha256:{Hex}&from=../good", $"mount=sha256:{Hex}&from=localhost:5000/a/b", $"mount=sha256:{Hex}&from={new string('a', 300)}", $"mount=sha256:{Hex}&from=", "mount=sha256:abc&from=good",
            "mount=&from=good", "mount=none&from=good", "mount=blake3:abc&from=good", "mount", "from=good",
        ])
        {
            var content = Guid.NewGuid().ToByteArray();
            var location = await registry.StartUploadAsync(name, $"?{query}");
            using var put = await registry.SendAsync(HttpMethod.Put, $"{location}?digest={Registry.Digest(content)}", content);
            await put.ExpectAsync(HttpStatusCode.Created);
        }
        // What else was asked for is done.
        var whole = Guid.NewGuid().ToByteArray();
        using var atOnce = await registry.SendAsync(HttpMethod.Post, $"/v2/{name}/blobs/uploads/?mount=none&from=good&digest={Registry.Digest(whole)}", whole);
        await atOnce.ExpectAsync(HttpStatusCode.Created);
    }

    [Theory, OnBothEngines]
    public async Task Conditions_and_ranges_that_cannot_be_read_are_none(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        var image = await registry.PushImageAsync(name, "1");
        foreach (var (path, header, value) in new[]
        {
            ($"/v2/{name}/manifests/1", "If-None-Match", "garbage"), ($"/v2/{name}/manifests/1", "Accept", "garbage, ,;"), ($"/v2/{name}/blobs/{image.Layer}", "Range", "garbage"),
            ($"/v2/{name}/blobs/{image.Layer}", "If-Range", "garbage"), ($"/v2/{name}/referrers/{image.Digest}?artifactType=garbage", "X", "y"), ($"/v2/{name}/tags/list?last=%2F", "X", "y"),
        })
        {
            using var response = await registry.GetAsync(path, (header, value));
            await response.ExpectAsync(HttpStatusCode.OK);
        }
    }

    static string? Actions(JsonElement answer, string name)
    {
        var payload = answer.GetProperty("token").GetString()!.Split('.')[1];
        var access = JsonDocument.Parse(System.Buffers.Text.Base64Url.DecodeFromChars(payload)).RootElement.GetProperty("access").EnumerateArray().ToList();
        return access.Where(entry => entry.GetProperty("name").GetString() == name).Select(entry => string.Join(',', entry.GetProperty("actions").EnumerateArray().Select(action => action.GetString()))).SingleOrDefault();
    }
}
