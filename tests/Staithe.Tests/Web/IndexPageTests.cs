using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Staithe.Config;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>An index is shown as one: its platforms, their digests and sizes, what is absent, and what is no image.</summary>
public sealed partial class IndexPageTests
{
    [Theory, OnBothEngines]
    public async Task The_page_of_an_index_lists_what_it_has(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine, config => config with { Sparse = SparsePolicy.Index });
        var name = Registry.NewRepository("several");
        var (amd, arm, attestation) = (await PushAsync(registry, name, "amd64", 1000), await PushAsync(registry, name, "arm", 5000), await PushAsync(registry, name, "unknown", 10));
        var absent = $"sha256:{new string('a', 64)}";
        await PushIndexAsync(
            registry, name, "1",
            Child(amd, """{"os":"linux","architecture":"amd64"}"""),
            Child(attestation, """{"os":"unknown","architecture":"unknown"}"""),
            Child(arm, """{"os":"linux","architecture":"arm","variant":"v7"}"""),
            Child((absent, 500), """{"os":"windows","architecture":"amd64","os.version":"10.0.20348.2113"}"""));

        var page = await ReadAsync(registry, $"/r/{name}:1");
        var rows = Rows(page, "Platforms");
        Assert.Equal(3, rows.Count);
        Assert.StartsWith("linux/amd64 shown here ", rows[0], StringComparison.Ordinal);
        Assert.StartsWith($"linux/arm/v7 {arm.Digest[7..19]} 5", rows[1], StringComparison.Ordinal);
        Assert.Equal($"windows/amd64 10.0.20348.2113 {absent[7..19]} not in this registry", rows[2]);
        Assert.Contains($"href=\"/r/{name}@{arm.Digest}\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain($"href=\"/r/{name}@{absent}\"", page, StringComparison.Ordinal);
        Assert.Contains("The index has 1 attestation too.", page, StringComparison.Ordinal);
        Assert.Contains("All together: 6", page, StringComparison.Ordinal);

        // The tag's row: how many platforms, and from which size to which; those of an image stay as they are.
        await PushIndexAsync(registry, name, "same", Child(amd, """{"os":"linux","architecture":"amd64"}"""));
        var tags = Rows(await ReadAsync(registry, $"/r/{name}?view=tags"), "Tags");
        Assert.Contains(tags, row => row.StartsWith("1 3 platforms ", StringComparison.Ordinal) && SizeRange().IsMatch(row));
        Assert.Contains(tags, row => row.StartsWith("same 1 platform ", StringComparison.Ordinal) && !row.Contains(" to ", StringComparison.Ordinal));
        // Each child's own page is the image itself, and has no table.
        Assert.Empty(Rows(await ReadAsync(registry, $"/r/{name}@{arm.Digest}"), "Platforms"));
    }

    [Fact]
    public async Task An_index_of_no_images_is_listed_too()
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite);
        var name = Registry.NewRepository("several");
        var (one, two) = (await PushAsync(registry, name, "amd64", 1000), await PushAsync(registry, name, "arm64", 2000));
        await PushIndexAsync(registry, name, "1", Child(one, null), Child(two, null));
        Assert.Equal(2, Rows(await ReadAsync(registry, $"/r/{name}:1"), "Platforms").Count);
        await PushIndexAsync(registry, name, "empty");
        var row = Assert.Single(Rows(await ReadAsync(registry, $"/r/{name}?view=tags"), "Tags"), row => row.StartsWith("empty", StringComparison.Ordinal));
        Assert.Contains("no images", row, StringComparison.Ordinal);
    }

    /// <summary>What stands beside a name is a word of its own, also for whoever copies or hears the page.</summary>
    [Fact]
    public async Task A_badge_does_not_stick_to_what_it_stands_beside()
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite);
        var name = Registry.NewRepository("several");
        var (one, two) = (await PushAsync(registry, name, "amd64", 1000), await PushAsync(registry, name, "arm64", 2000));
        await PushIndexAsync(registry, name, "1", Child(one, """{"os":"linux","architecture":"amd64"}"""), Child(two, """{"os":"linux","architecture":"arm64"}"""));
        var config = Encoding.UTF8.GetBytes("""{"architecture":"amd64","os":"linux","config":{"Volumes":{"/data":{},"/var/lib/app":{}},"ExposedPorts":{"80/tcp":{},"53/udp":{}}}}""");
        using (var pushed = await registry.PutManifestAsync(name, "volumes", RegistryClient.ImageManifest(await registry.PushBlobAsync(name, config), config.Length, [])))
            await pushed.ExpectAsync(HttpStatusCode.Created);
        foreach (var (path, chips) in ((string, int)[])[($"/r/{name}", 1), ($"/r/{name}?view=tags", 1), ($"/r/{name}:1", 1), ($"/r/{name}:volumes", 2)])
        {
            var page = await ReadAsync(registry, path);
            Assert.True(Chip().Count(page) >= chips, path);
            Assert.DoesNotMatch(Glued(), page);
        }
        Assert.Contains("<code>/data</code> <code>/var/lib/app</code>", await ReadAsync(registry, $"/r/{name}:volumes"), StringComparison.Ordinal);
    }

    [GeneratedRegex("<(a|span) class=\"chip")]
    private static partial Regex Chip();

    [GeneratedRegex("[^\\s>]<(a|span) class=\"chip|</(a|code|span|time)><(a|span) class=\"chip|</code><code>")]
    private static partial Regex Glued();

    static async Task<(string Digest, int Size)> PushAsync(Registry registry, string name, string architecture, int bytes)
    {
        var config = Encoding.UTF8.GetBytes($$"""{"architecture":"{{architecture}}","os":"linux"}""");
        var layer = new byte[bytes];
        Random.Shared.NextBytes(layer);
        var manifest = RegistryClient.ImageManifest(await registry.PushBlobAsync(name, config), config.Length, [(await registry.PushBlobAsync(name, layer), bytes)]);
        var digest = Registry.Digest(manifest);
        using var pushed = await registry.PutManifestAsync(name, digest, manifest);
        await pushed.ExpectAsync(HttpStatusCode.Created);
        return (digest, manifest.Length);
    }

    static async Task PushIndexAsync(Registry registry, string name, string tag, params string[] children)
    {
        var index = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{RegistryClient.OciIndex}}","manifests":[{{string.Join(',', children)}}]}""");
        using var pushed = await registry.PutManifestAsync(name, tag, index, RegistryClient.OciIndex);
        await pushed.ExpectAsync(HttpStatusCode.Created);
    }

    static string Child((string Digest, int Size) manifest, string? platform) =>
        $$"""{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{manifest.Digest}}","size":{{manifest.Size}}{{(platform is null ? "" : $",\"platform\":{platform}")}}}""";

    static async Task<string> ReadAsync(Registry registry, string path)
    {
        using var page = await registry.GetAsync(path, ("Accept", "text/html"));
        await page.ExpectAsync(HttpStatusCode.OK);
        return await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    // The rows of the table of that name, as somebody reads them.
    static List<string> Rows(string page, string name)
    {
        var from = page.IndexOf($"aria-label=\"{name}\"", StringComparison.Ordinal);
        if (from < 0)
            return [];
        var body = page[page.IndexOf("<tbody>", from, StringComparison.Ordinal)..page.IndexOf("</tbody>", from, StringComparison.Ordinal)];
        return [.. body.Split("<tr>").Skip(1).Select(row => Blanks().Replace(WebUtility.HtmlDecode(Tag().Replace(row, " ")), " ").Trim())];
    }

    [GeneratedRegex(@" [0-9.,]+ \S+ to [0-9.,]+ \S+ ")]
    private static partial Regex SizeRange();

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tag();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();
}
