using System.Net;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>The page of a space, and where pages are that have moved: who may see it sees it, and to others it is not there.</summary>
public sealed class SpacePageTests(Registries open)
{
    [Theory, OnBothEngines]
    public async Task A_space_shows_what_its_reader_may_see(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob", "carol", "root");
        var (alice, root) = (server.As("alice"), server.As("root"));
        await alice.PostAsync("/organizations", new { name = "harbour" });
        foreach (var name in (string[])["harbour/crane", "harbour/dock/a", "harbour/veiled", "alice/own"])
            await server.PushAsync("alice", name);
        await alice.PatchAsync("/repository?name=harbour/crane", new { visibility = "public" });
        await alice.PatchAsync("/repository?name=harbour/dock/a", new { visibility = "internal" });
        await alice.PostAsync("/spaces/harbour/grants", new { user = "carol", target = "harbour/veiled", rights = "read" });
        await server.Registry.App.DrainAsync(TestContext.Current.CancellationToken);

        Assert.Equal(["harbour/crane"], await ListAsync(null));
        Assert.Equal(["harbour/crane", "harbour/dock/a"], await ListAsync("bob"));
        Assert.Equal(["harbour/crane", "harbour/dock/a", "harbour/veiled"], await ListAsync("carol"));
        Assert.Equal(["harbour/crane", "harbour/dock/a", "harbour/veiled"], await ListAsync("alice"));
        // an admin sees the space, and in it what anybody sees who can sign in
        Assert.Equal(["harbour/crane", "harbour/dock/a"], await ListAsync("root"));
        Assert.Equal((2L, 3L), (await PeopleAsync("alice"), (await ReadAsync("alice")).GetProperty("count").GetInt64()));
        Assert.Null(await PeopleAsync("bob"));
        Assert.Null(await PeopleAsync("carol"));

        using var browser = new Browser(server.Registry.Url);
        var page = await browser.ReadAsync("/spaces/harbour");
        Assert.Contains("harbour/crane", page, StringComparison.Ordinal);
        Assert.DoesNotContain("veiled", page, StringComparison.Ordinal);
        Assert.DoesNotContain("dock", page, StringComparison.Ordinal);
        Assert.DoesNotContain("belong", page, StringComparison.Ordinal);
        Assert.Contains("href=\"/spaces/harbour\">harbour</a>/crane", await browser.ReadAsync("/r/harbour/crane"), StringComparison.Ordinal);

        // one without anything that one may see is not there, as one that never was
        foreach (var name in (string[])["alice", "nobody", "bob", "Not-a-name", "a%20b", "", "harbour?after=harbour/veiled"])
        {
            using var hidden = await browser.GetAsync($"/spaces/{name}", "application/json");
            Assert.Equal(name.Contains("after", StringComparison.Ordinal) ? HttpStatusCode.OK : HttpStatusCode.NotFound, hidden.StatusCode);
        }
        using (var asked = await browser.GetAsync("/spaces/alice"))
            Assert.Equal((HttpStatusCode.SeeOther, "/login?next=%2Fspaces%2Falice"), (asked.StatusCode, asked.Headers.Location!.OriginalString));
        await browser.SignInAsync("bob", ApiServer.Password("bob"));
        Assert.Contains("Push the first image", await browser.ReadAsync("/spaces/bob"), StringComparison.Ordinal);
        Assert.Contains("href=\"/spaces/bob\"", await browser.ReadAsync("/"), StringComparison.Ordinal);

        async Task<List<string?>> ListAsync(string? user) => [.. (await ReadAsync(user)).GetProperty("repositories").EnumerateArray().Select(hit => hit.GetProperty("name").GetString())];

        async Task<long?> PeopleAsync(string user) => (await ReadAsync(user)).GetProperty("people") is { ValueKind: System.Text.Json.JsonValueKind.Number } people ? people.GetInt64() : null;

        async Task<System.Text.Json.JsonElement> ReadAsync(string? user)
        {
            using var one = new Browser(server.Registry.Url);
            if (user is not null)
                await one.SignInAsync(user, ApiServer.Password(user));
            using var answer = await one.GetAsync("/spaces/harbour", "application/json");
            await answer.ExpectAsync(HttpStatusCode.OK);
            return await answer.JsonAsync();
        }
    }

    [Theory, OnBothEngines]
    public async Task A_long_list_goes_on_and_has_each_once(Engine engine)
    {
        var registry = await open.GetAsync(engine);
        var space = $"long{Guid.NewGuid():N}";
        var names = new List<string> { space };
        names.AddRange(Enumerable.Range(0, 50).Select(i => $"{space}/r{i:00}"));
        foreach (var name in (string[])[.. names, $"{space}-other/x", $"{space}.more/x", $"{space}0/x"])
            await registry.PushImageAsync(name, "1");
        using var browser = new Browser(registry.Url);
        var found = new List<string>();
        for (var path = $"/spaces/{space}"; path is not null;)
        {
            using var answer = await browser.GetAsync(path, "application/json");
            var page = await answer.JsonAsync();
            Assert.Equal(51, page.GetProperty("count").GetInt64());
            Assert.All(page.GetProperty("repositories").EnumerateArray(), hit => Assert.Equal("public", hit.GetProperty("visibility").GetString()));
            found.AddRange(page.GetProperty("repositories").EnumerateArray().Select(hit => hit.GetProperty("name").GetString()!));
            path = page.GetProperty("next").GetString() is { } next ? $"/spaces/{space}?after={Uri.EscapeDataString(next)}" : null;
        }
        Assert.Equal(names, found);
        // nobody has to be let in here, so nothing is called private
        foreach (var path in (string[])[$"/spaces/{space}", $"/r/{space}/r00", "/", $"/search?q=space:{space}"])
            Assert.DoesNotContain(">private<", await browser.ReadAsync(path), StringComparison.Ordinal);
    }

    [Theory, OnBothEngines]
    public async Task A_page_that_has_moved_is_found_by_who_may_see_it(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob");
        var alice = server.As("alice");
        await server.PushAsync("alice", "alice/old");
        await alice.PostAsync("/repository/move?name=alice/old", new { to = "alice/new" }, HttpStatusCode.OK);
        using var browser = new Browser(server.Registry.Url);
        await browser.SignInAsync("alice", ApiServer.Password("alice"));
        foreach (var (path, present) in ((string, string)[])[("/r/alice/old", "/r/alice/new"), ("/r/alice/old?view=tags", "/r/alice/new?view=tags"), ("/r/alice/old:1?view=run", "/r/alice/new:1?view=run")])
        {
            using var moved = await browser.GetAsync(path);
            Assert.Equal((HttpStatusCode.SeeOther, present), (moved.StatusCode, moved.Headers.Location!.OriginalString));
            (await browser.ReadAsync(present)).ToString();
        }
        // a form that was open while it moved still does what it says
        using (var described = await browser.PostAsync("/r/alice/old", ("do", "star")))
            Assert.Equal("/r/alice/new", described.Headers.Location!.OriginalString);

        using var other = new Browser(server.Registry.Url);
        await other.SignInAsync("bob", ApiServer.Password("bob"));
        foreach (var path in (string[])["/r/alice/old", "/r/alice/old:1"])
        {
            using var hidden = await other.GetAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, hidden.StatusCode);
        }
    }
}
