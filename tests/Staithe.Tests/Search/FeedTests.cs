using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Xml.Linq;
using Staithe.Accounts;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Search;

/// <summary>Feeds of what is pushed and moved, who may read them, and what people watch.</summary>
public sealed class FeedTests(ClosedRegistries registries)
{
    static readonly XNamespace Atom = "http://www.w3.org/2005/Atom";

    [Theory, OnBothEngines]
    public async Task A_feed_tells_of_pushes_moves_and_deletes(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var owner = await closed.AddUserAsync();
        var name = $"{owner.Name}/app.json"; // that a name may end so makes it no other feed
        var (first, _, _, _) = await closed.As(owner).PushImageAsync(name, "1");
        var (second, _, _, _) = await closed.As(owner).PushImageAsync(name, "1", extraMembers: ",\"annotations\":{\"a\":\"b\"}");
        using (var deleted = await closed.As(owner).SendAsync(HttpMethod.Delete, $"/v2/{name}/manifests/1", []))
            await deleted.ExpectAsync(HttpStatusCode.Accepted);

        using var answer = await closed.As(owner).GetAsync($"/feeds/r/{name}.atom");
        await answer.ExpectAsync(HttpStatusCode.OK);
        Assert.Equal("application/atom+xml; charset=utf-8", answer.Header("Content-Type"));
        var feed = XDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Root!;
        Assert.Equal(Atom + "feed", feed.Name);
        Assert.Equal([$"{name}:1 was deleted", $"{name}:1 was moved", $"{name}:1 was pushed"], feed.Elements(Atom + "entry").Select(entry => entry.Element(Atom + "title")!.Value));
        Assert.Contains($"from {first} to {second}", feed.Elements(Atom + "entry").ElementAt(1).Element(Atom + "content")!.Value, StringComparison.Ordinal);
        Assert.All(feed.Elements(Atom + "entry"), entry => Assert.Equal(owner.Name, entry.Element(Atom + "author")!.Element(Atom + "name")!.Value));
        Assert.Equal(3, feed.Elements(Atom + "entry").Select(entry => entry.Element(Atom + "id")!.Value).Distinct().Count());
        Assert.Equal(feed.Element(Atom + "updated")!.Value, feed.Elements(Atom + "entry").First().Element(Atom + "updated")!.Value);
        Assert.Equal($"{closed.Registry.Url.GetLeftPart(UriPartial.Authority)}/r/{name}@{second}", feed.Elements(Atom + "entry").ElementAt(1).Element(Atom + "link")!.Attribute("href")!.Value);

        using var json = await closed.As(owner).GetAsync($"/feeds/r/{name}.json");
        Assert.Equal("application/feed+json", json.Header("Content-Type"));
        var document = await json.JsonAsync();
        Assert.Equal("https://jsonfeed.org/version/1.1", document.GetProperty("version").GetString());
        Assert.Equal(3, document.GetProperty("items").GetArrayLength());
        Assert.Equal(document.GetProperty("items")[0].GetProperty("id").GetString(), feed.Elements(Atom + "entry").First().Element(Atom + "id")!.Value);

        using var known = await closed.As(owner).GetAsync($"/feeds/r/{name}.atom", ("If-None-Match", answer.Header("ETag")!));
        Assert.Equal(HttpStatusCode.NotModified, known.StatusCode);
        Assert.True(DateTimeOffset.TryParseExact(answer.Header("Last-Modified"), "R", CultureInfo.InvariantCulture, DateTimeStyles.None, out _));
        using var before = await closed.As(owner).GetAsync($"/feeds/r/{name}.atom", ("If-Modified-Since", "Tue, 14 Nov 2023 22:13:20 GMT"));
        Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        using var head = await closed.As(owner).HeadAsync($"/feeds/r/{name}.json");
        Assert.Equal((HttpStatusCode.OK, json.Content.Headers.ContentLength), (head.StatusCode, head.Content.Headers.ContentLength));
    }

    [Theory, OnBothEngines]
    public async Task A_feed_shows_what_its_reader_may_pull(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var (owner, other) = (await closed.AddUserAsync(), await closed.AddUserAsync());
        var word = $"word{Guid.NewGuid():N}";
        var (hidden, shown) = ($"{owner.Name}/{word}-hidden", $"{owner.Name}/{word}-shown");
        await closed.As(owner).PushImageAsync(hidden, "1");
        await closed.As(owner).PushImageAsync(shown, "1");

        // A space in which nothing is to be seen is none.
        await ExpectChallengeAsync(closed.Registry, $"/feeds/s/{owner.Name}.atom");
        using (var unknown = await closed.As(other).GetAsync($"/feeds/s/{owner.Name}.atom"))
            await unknown.ExpectAsync(HttpStatusCode.NotFound);

        await closed.SetVisibilityAsync(shown, Visibility.Public);
        await closed.Registry.App.DrainAsync(TestContext.Current.CancellationToken);
        var limited = await closed.AddTokenAsync(owner, Rights.Pull, hidden);
        foreach (var path in (string[])[$"/feeds/s/{owner.Name}.json", $"/feeds/search.json?q={word}", $"/feeds/search.json?q=space:{owner.Name}"])
        {
            Assert.Equal([$"{shown}:1 was pushed", $"{hidden}:1 was pushed"], await TitlesAsync(closed.As(owner), path));
            Assert.Equal([$"{shown}:1 was pushed", $"{hidden}:1 was pushed"], await TitlesAsync(closed.As(limited), path));
            Assert.Equal([$"{shown}:1 was pushed"], await TitlesAsync(closed.As(other), path));
            Assert.Equal([$"{shown}:1 was pushed"], await TitlesAsync(closed.Registry, path));
        }
        Assert.Equal([$"{shown}:1 was pushed"], await TitlesAsync(closed.Registry, $"/feeds/r/{shown}.json"));
        await ExpectChallengeAsync(closed.Registry, $"/feeds/r/{hidden}.json");
        using (var unknown = await closed.As(other).GetAsync($"/feeds/r/{hidden}.json"))
            await unknown.ExpectAsync(HttpStatusCode.NotFound);
        using (var wrong = await closed.As(owner with { Password = "wrong" }).GetAsync("/feeds/mine.atom"))
            await wrong.ExpectAsync(HttpStatusCode.Unauthorized);
        foreach (var (path, status) in ((string, HttpStatusCode)[])[("/feeds/", HttpStatusCode.NotFound), ("/feeds/r/Bad.atom", HttpStatusCode.NotFound), ("/feeds/x.atom", HttpStatusCode.NotFound), ("/feeds/mine.atom", HttpStatusCode.Unauthorized)])
        {
            using var none = await closed.Registry.GetAsync(path);
            await none.ExpectAsync(status);
        }

        // What is typed is text, whatever it looks like.
        using var odd = await closed.Registry.GetAsync($"/feeds/search.atom?q={Uri.EscapeDataString("\"]]><script>&amp; \u0001\uFFFE\u200B' label:<a>=b")}");
        await odd.ExpectAsync(HttpStatusCode.OK);
        var root = XDocument.Parse(await odd.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Root!;
        Assert.Contains("<script>&amp;", root.Element(Atom + "title")!.Value, StringComparison.Ordinal);
        Assert.Empty(root.Descendants("script"));
    }

    [Theory, OnBothEngines]
    public async Task What_one_watches_is_in_ones_own_feed(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var (owner, reader) = (await closed.AddUserAsync(), await closed.AddUserAsync());
        var word = $"word{Guid.NewGuid():N}";
        var (one, two, three, secret) = ($"{owner.Name}/one", $"{owner.Name}/{word}", $"{reader.Name}/three", $"{owner.Name}/secret");
        foreach (var (account, name) in ((Account, string)[])[(owner, one), (owner, two), (reader, three), (owner, secret)])
        {
            await closed.As(account).PushImageAsync(name, "1");
            if (name != secret)
                await closed.SetVisibilityAsync(name, Visibility.Public);
        }
        await closed.Registry.App.DrainAsync(TestContext.Current.CancellationToken);

        using var browser = new Browser(closed.Registry.Url);
        await browser.SignInAsync(reader.Name, reader.Password);
        Assert.Contains("Nothing yet", await browser.ReadAsync("/yours"), StringComparison.Ordinal);
        Assert.Contains("value=\"watch\"", await browser.ReadAsync($"/r/{one}"), StringComparison.Ordinal);
        await PostAsync(browser, $"/r/{one}", ("do", "watch"), ("repository", one), ("next", $"/r/{one}"));
        Assert.Contains("value=\"unwatch\"", await browser.ReadAsync($"/r/{one}"), StringComparison.Ordinal);
        Assert.Equal([$"{one}:1 was pushed"], await TitlesAsync(closed.As(reader), "/feeds/mine.json"));

        await PostAsync(browser, "/yours", ("do", "watch"), ("search", $"  {word}   tag:1 "), ("next", "https://elsewhere.example/"));
        Assert.Contains("value=\"unwatch\"", await browser.ReadAsync($"/search?q={word}+tag:1"), StringComparison.Ordinal);
        await PostAsync(browser, "/yours", ("do", "watch"), ("space", reader.Name));
        Assert.Equal([$"{three}:1 was pushed", $"{two}:1 was pushed", $"{one}:1 was pushed"], await TitlesAsync(closed.As(reader), "/feeds/mine.json"));
        Assert.Contains($"{two}:1 was pushed", await browser.ReadAsync("/feeds/mine.atom"), StringComparison.Ordinal); // by the browser's session
        await PostAsync(browser, $"/r/{two}", ("do", "star"));
        var home = await browser.ReadAsync("/");
        Assert.Contains("Watched and starred", home, StringComparison.Ordinal);
        Assert.Contains("href=\"/feeds/mine.atom\"", home, StringComparison.Ordinal);
        var yours = await browser.ReadAsync("/yours");
        Assert.All((string[])[one, two, $"{word} tag:1", $"/feeds/s/{reader.Name}.atom"], text => Assert.Contains(text, yours, StringComparison.Ordinal));

        // What one may not see cannot be watched, and what one may see no longer is as if it were not there.
        foreach (var (kind, name) in ((string, string)[])[("repository", secret), ("repository", $"{owner.Name}/none"), ("repository", "///"), ("space", "no-such-space")])
        {
            using var refused = await browser.PostAsync("/yours", ("do", "watch"), (kind, name));
            await refused.ExpectAsync(HttpStatusCode.NotFound);
        }
        await closed.SetVisibilityAsync(one, Visibility.Private);
        await Eventually.AnswersAsync(HttpStatusCode.NotFound, () => closed.As(reader).GetAsync($"/v2/{one}/tags/list"));
        Assert.DoesNotContain(one, await browser.ReadAsync("/yours"), StringComparison.Ordinal);
        Assert.Equal([$"{three}:1 was pushed", $"{two}:1 was pushed"], await TitlesAsync(closed.As(reader), "/feeds/mine.json"));
        await PostAsync(browser, "/yours", ("do", "unwatch"), ("space", reader.Name));
        Assert.Equal([$"{two}:1 was pushed"], await TitlesAsync(closed.As(reader), "/feeds/mine.json"));
    }

    [Theory, OnBothEngines]
    public async Task The_API_watches_and_stars_too(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "carol");
        await server.PushAsync("alice", "alice/app");
        var (alice, carol) = (server.As("alice"), server.As("carol"));
        await alice.PutAsync("/me/watch?repository=alice/app");
        await alice.PutAsync("/me/watch?repository=alice/app");
        await alice.PutAsync("/me/watch?space=alice");
        await alice.PutAsync("/me/watch?search=port:80%20nginx");
        Assert.Equal(["alice/app", "alice", "port:80 nginx"], await alice.ListAsync("/me/watches"));
        Assert.Equal(["repository", "space", "search"], await alice.ListAsync("/me/watches", "kind"));
        Assert.Empty(await carol.ListAsync("/me/watches"));
        await carol.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Put, "/me/watch?repository=alice/app");
        await carol.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Put, "/me/watch?space=alice");
        await carol.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Put, "/me/star?repository=alice/app");
        await carol.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Put, "/me/watch");
        await carol.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Put, "/me/watch?space=a&search=b");
        await carol.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Put, "/me/watch?search=%20");
        for (var i = 0; i < 20; i++)
            await carol.PutAsync($"/me/watch?search=word{i}");
        Assert.Contains("at most", await carol.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Put, "/me/watch?search=one-more"), StringComparison.Ordinal);
        await alice.DeleteAsync("/me/watch?repository=alice/app");
        await alice.DeleteAsync("/me/watch?search=port:80%20nginx");
        await alice.DeleteAsync("/me/watch?space=alice");
        await alice.DeleteAsync("/me/watch?space=alice");
        Assert.Empty(await alice.ListAsync("/me/watches"));
        await alice.PutAsync("/me/star?repository=alice/app");
        await server.Registry.App.DrainAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, (await alice.GetAsync("/search?q=app")).GetProperty("items")[0].GetProperty("stars").GetInt32());
        await alice.DeleteAsync("/me/star?repository=alice/app");
        Assert.Equal(0, (await alice.GetAsync("/search?q=app")).GetProperty("items")[0].GetProperty("stars").GetInt32());
    }

    // Readers of feeds know no other.
    static async Task ExpectChallengeAsync(Registry registry, string path)
    {
        using var answer = await registry.GetAsync(path);
        await answer.ExpectAsync(HttpStatusCode.Unauthorized);
        Assert.StartsWith("Basic ", answer.Header("WWW-Authenticate"), StringComparison.Ordinal);
    }

    static async Task PostAsync(Browser browser, string path, params (string, string)[] fields)
    {
        using var answer = await browser.PostAsync(path.StartsWith("/r/", StringComparison.Ordinal) && !fields.Contains(("do", "star")) ? "/yours" : path, fields);
        await answer.ExpectAsync(HttpStatusCode.SeeOther);
        Assert.StartsWith("/", answer.Headers.Location!.OriginalString, StringComparison.Ordinal);
    }

    static async Task<List<string?>> TitlesAsync(Registry registry, string path)
    {
        using var answer = await registry.GetAsync(path);
        await answer.ExpectAsync(HttpStatusCode.OK);
        return [.. (await answer.JsonAsync()).GetProperty("items").EnumerateArray().Select(item => item.GetProperty("title").GetString())];
    }
}
