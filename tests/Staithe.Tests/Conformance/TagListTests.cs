using System.Net;
using System.Text.Json;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Conformance;

/// <summary>end-8: the tags of a repository; and the list of repositories of the Docker Registry API.</summary>
public sealed class TagListTests(Registries registries)
{
    // In the order of their bytes, which is neither that of a dictionary nor that of any language.
    static readonly string[] Tags = ["0", "1.0", "1.10", "1.2", "A", "B-1", "Z", "_", "a", "a-1", "a.1", "a_1", "aa", "b", "latest"];

    [Theory, OnBothEngines]
    public async Task Tags_come_in_the_order_of_their_bytes(Engine engine)
    {
        var (registry, path) = await PushTagsAsync(engine);
        using var response = await registry.GetAsync(path);
        await response.ExpectAsync(HttpStatusCode.OK);
        Assert.Null(response.Header("Link"));
        Assert.Equal("application/json", response.Header("Content-Type"));
        var json = await response.JsonAsync();
        Assert.Equal($"{path}", $"/v2/{json.GetProperty("name").GetString()}/tags/list");
        Assert.Equal(Tags, Names(json, "tags"));
        using var head = await registry.HeadAsync(path);
        Assert.Equal(response.Header("Content-Length"), head.Header("Content-Length"));
    }

    [Theory, OnBothEngines]
    public async Task Pages_follow_their_links_to_the_end(Engine engine)
    {
        var (registry, path) = await PushTagsAsync(engine);
        foreach (var size in new[] { 1, 4, 14, 15, 16 })
        {
            var (pages, names) = await ReadAllAsync(registry, $"{path}?n={size}", "tags");
            Assert.Equal(Tags, names);
            Assert.Equal((Tags.Length + size - 1) / size, pages);
        }
    }

    [Theory, OnBothEngines]
    public async Task A_part_may_be_asked_for(Engine engine)
    {
        var (registry, path) = await PushTagsAsync(engine);
        foreach (var (query, expected, more) in new (string, string[], bool)[]
        {
            ("n=0", [], false), ("n=0&last=a", [], false), ("n=2", Tags[..2], true), ("last=a", Tags[9..], false), ("n=2&last=a", Tags[9..11], true),
            ("n=2&last=aaa", Tags[13..], false), ("n=2&last=aa", Tags[13..], false), ("last=latest", [], false), ("n=5&last=zzz", [], false), ("n=100", Tags, false), ("n=1000000000", Tags, false),
            ("n=99999999999999999999", Tags, false), ("last=%F0%9F%98%80", [], false),
        })
        {
            using var response = await registry.GetAsync($"{path}?{query}");
            await response.ExpectAsync(HttpStatusCode.OK);
            Assert.Equal(expected, Names(await response.JsonAsync(), "tags"));
            Assert.Equal(more, response.NextPage() is not null);
        }
    }

    [Theory, OnBothEngines]
    public async Task A_repository_without_tags_has_an_empty_list_and_one_that_is_not_there_has_none(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var name = Registry.NewRepository();
        await registry.PushImageAsync(name);
        using var empty = await registry.GetAsync($"/v2/{name}/tags/list");
        Assert.Equal($$"""{"name":"{{name}}","tags":[]}""", (await empty.JsonAsync()).GetRawText());
        using var unknown = await registry.GetAsync($"/v2/no/{name}/tags/list");
        await unknown.ExpectErrorAsync(HttpStatusCode.NotFound, "NAME_UNKNOWN");
    }

    [Theory, OnBothEngines]
    public async Task Repositories_are_listed_in_the_order_of_their_bytes_once_they_have_a_manifest(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        string[] names = ["0", "a", "a-b", "a.b", "a/b", "a0", "a_b", "b", "z/z/z"];
        foreach (var name in names.Reverse())
        {
            using var pushed = await registry.PutManifestAsync(name, "1", RegistryClient.Index([]), RegistryClient.OciIndex);
            await pushed.ExpectAsync(HttpStatusCode.Created);
        }
        await registry.PushBlobAsync("only-a-blob", "x"u8.ToArray());
        foreach (var size in new[] { 1, 4, 9, 100 })
            Assert.Equal(names, (await ReadAllAsync(registry, $"/v2/_catalog?n={size}", "repositories")).Names);
        using var none = await registry.GetAsync("/v2/_catalog?n=0");
        Assert.Equal("""{"repositories":[]}""", (await none.JsonAsync()).GetRawText());
        using var rest = await registry.GetAsync("/v2/_catalog?last=a/b");
        Assert.Equal(names[5..], Names(await rest.JsonAsync(), "repositories"));
    }

    static async Task<(int Pages, List<string> Names)> ReadAllAsync(Registry registry, string first, string member)
    {
        var (pages, names) = (0, new List<string>());
        for (var path = first; path is not null; pages++)
        {
            using var response = await registry.GetAsync(path);
            await response.ExpectAsync(HttpStatusCode.OK);
            names.AddRange(Names(await response.JsonAsync(), member));
            path = response.NextPage();
        }
        return (pages, names);
    }

    static IEnumerable<string> Names(JsonElement json, string member) => json.GetProperty(member).EnumerateArray().Select(name => name.GetString()!);

    async Task<(Registry Registry, string Path)> PushTagsAsync(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var name = Registry.NewRepository();
        var index = RegistryClient.Index([]);
        using var response = await registry.PutManifestAsync(name, $"{Registry.Digest(index)}?{string.Join('&', Tags.Reverse().Select(tag => $"tag={tag}"))}", index, RegistryClient.OciIndex);
        await response.ExpectAsync(HttpStatusCode.Created);
        return (registry, $"/v2/{name}/tags/list");
    }
}
