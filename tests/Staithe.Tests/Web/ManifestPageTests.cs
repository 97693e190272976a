using System.Net;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>The tags and manifests of a repository on its pages, and who may delete them there.</summary>
public sealed class ManifestPageTests
{
    [Theory, OnBothEngines]
    public async Task Whoever_may_delete_does_so_on_the_page(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob", "carol");
        var (alice, registry) = (server.As("alice"), await MoveTests.SignedInAsync(server, "alice"));
        var image = await registry.PushImageAsync("alice/app", "dev-1");
        (await registry.PutManifestAsync("alice/app", "v1", image.Manifest)).Dispose();
        await alice.PatchAsync("/repository?name=alice/app", new { visibility = "public" });
        await alice.PostAsync("/spaces/alice/grants", new { target = "alice/app", rights = "delete", tags = "dev-*", user = "carol" });
        using var owner = await OwnSettingsTests.SignedInAsync(server, "alice");
        using var reader = await OwnSettingsTests.SignedInAsync(server, "bob");
        using var some = await OwnSettingsTests.SignedInAsync(server, "carol");
        using var nobody = new Browser(server.Registry.Url);
        const string Tags = "/r/alice/app?view=tags", Manifests = "/r/alice/app?view=manifests";

        // Whoever may pull sees what there is; a button is where a right is.
        foreach (var (browser, tags, manifests) in ((Browser, string[], bool)[])[(owner, ["dev-1", "v1"], true), (some, ["dev-1"], false), (reader, [], false), (nobody, [], false)])
        {
            var page = await browser.ReadAsync(Tags);
            Assert.Contains(Manifests, page, StringComparison.Ordinal);
            foreach (var tag in (string[])["dev-1", "v1"])
                Assert.Equal(tags.Contains(tag), page.Contains($"ask=tag.delete&amp;tag={tag}", StringComparison.Ordinal));
            page = await browser.ReadAsync(Manifests);
            Assert.Contains(image.Digest, page, StringComparison.Ordinal);
            Assert.Contains("dev-1, v1", page, StringComparison.Ordinal);
            Assert.Equal(manifests, page.Contains("ask=manifest.delete", StringComparison.Ordinal));
        }
        Assert.Contains("No results.", await reader.ReadAsync($"{Manifests}&untagged=true"), StringComparison.Ordinal);

        // What is asked says what goes; a form that somebody made up does no more than its sender may.
        Assert.Contains("<h2>Delete the tag dev-1?</h2>", await some.ReadAsync("/r/alice/app?ask=tag.delete&tag=dev-1"), StringComparison.Ordinal);
        Assert.DoesNotContain("Delete the tag v1?", await some.ReadAsync("/r/alice/app?ask=tag.delete&tag=v1"), StringComparison.Ordinal);
        Assert.Contains("2 tags: dev-1, v1", await owner.ReadAsync($"/r/alice/app?ask=manifest.delete&digest={image.Digest}"), StringComparison.Ordinal);
        foreach (var browser in (Browser[])[reader, some, nobody])
        {
            await browser.SubmitAsync("/r/alice/app", HttpStatusCode.Forbidden, ("do", "tag.delete"), ("tag", "v1"));
            await browser.SubmitAsync("/r/alice/app", HttpStatusCode.Forbidden, ("do", "manifest.delete"), ("digest", image.Digest));
        }
        await owner.SubmitAsync("/r/alice/app", HttpStatusCode.BadRequest, ("do", "tag.delete"), ("tag", "not a tag"));
        await owner.SubmitAsync("/r/alice/app", HttpStatusCode.NotFound, ("do", "tag.delete"), ("tag", "v2"));

        Assert.Equal(Tags, await some.SubmitAsync("/r/alice/app", HttpStatusCode.SeeOther, ("do", "tag.delete"), ("tag", "dev-1")));
        Assert.Equal(["v1"], await alice.ListAsync("/tags?repository=alice/app"));
        Assert.Equal(Manifests, await owner.SubmitAsync("/r/alice/app", HttpStatusCode.SeeOther, ("do", "manifest.delete"), ("digest", image.Digest)));
        Assert.Empty(await alice.ListAsync("/manifests?repository=alice/app", "digest"));
        Assert.Equal(["manifest.delete", "tag.delete"], (await alice.ListAsync("/spaces/alice/audit?outcome=done", "action")).Take(2));
    }
}
