using System.Net;
using System.Text;
using System.Text.Json;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Content;
using Staithe.Database;
using Staithe.Jobs;
using Staithe.Markup;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>What people write of a repository is rendered once, when it is saved; the limit of a request fits the limit of what it carries.</summary>
public sealed class ReadmeTests(ClosedRegistries registries)
{
    [Theory, OnBothEngines]
    public async Task What_cannot_be_rendered_is_refused_when_it_is_saved_and_never_breaks_the_page(Engine engine)
    {
        var (closed, owner, name, browser) = await PushedAsync(engine);
        using var own = browser;
        await browser.SubmitAsync($"/settings/{name}", HttpStatusCode.SeeOther, ("do", "texts"), ("description", "d"), ("readme", "# Kept"));
        var api = closed.As(owner);
        foreach (var (hostile, limit) in ((string, string)[])
            [
                (string.Concat(Enumerable.Repeat("> ", 128)) + "x", "more than 50 lists and quotes"),
                (Table(2000, 3000), "at most 20000 are rendered"),
                (new string('[', Readme.MaxLength), "at most 3000 are rendered"),
                (string.Concat(Enumerable.Repeat("# a\n", 10_000)), "262144 characters of HTML"),
                (new string('x', Readme.MaxLength + 1), "has 40001 characters, at most 40000"),
                ("a\u0001b", "control character"),
            ])
        {
            var page = await browser.SubmitAsync($"/settings/{name}", HttpStatusCode.BadRequest, ("do", "texts"), ("description", "x"), ("readme", hostile));
            Assert.Contains(limit, page, StringComparison.Ordinal);
            Assert.DoesNotContain("staithe-done", page, StringComparison.Ordinal);
            using var refused = await PatchAsync(api, name, new { readme = hostile });
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            Assert.Contains(limit == "control character" ? "control character" : limit, (await refused.JsonAsync()).GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
        Assert.Contains("Kept</h3>", await browser.ReadAsync($"/r/{name}"), StringComparison.Ordinal);
    }

    // As they are after an update: written by an older version, or rendered by older rules.
    [Theory, OnBothEngines]
    public async Task Texts_of_before_are_shown_as_they_are_written_until_they_are_rendered(Engine engine)
    {
        var (closed, _, name, browser) = await PushedAsync(engine);
        using var own = browser;
        foreach (var (text, rendered) in ((string, string?)[])[("# Fine <b>", "Fine <b></h3>"), (string.Concat(Enumerable.Repeat("> ", 128)) + "x", null), (Table(2000, 3000), null)])
        {
            await browser.SubmitAsync($"/settings/{name}", HttpStatusCode.SeeOther, ("do", "texts"), ("description", ""), ("readme", "old"));
            await closed.Db.WriteAsync(
                session => session.ExecuteAsync(
                    new Sql("update repository_texts set readme = $2, html = '<p>old</p>', html_version = 0 where repo_id = (select id from repositories where name = $1)"), name, text),
                TestContext.Current.CancellationToken);
            var before = WebUtility.HtmlDecode(await browser.ReadAsync($"/r/{name}"));
            Assert.Contains($"<pre tabindex=\"0\">\n{text}", before, StringComparison.Ordinal);
            Assert.DoesNotContain("<p>old</p>", before, StringComparison.Ordinal);
            await closed.Registry.App.DoNowAsync(WorkKind.Readmes, TestContext.Current.CancellationToken);
            Assert.Contains(rendered ?? $"<pre tabindex=\"0\">\n{text}", WebUtility.HtmlDecode(await browser.ReadAsync($"/r/{name}")), StringComparison.Ordinal);
        }
        Assert.Empty(await closed.Db.ReadAsync(session => RepositoryPageTable.ListStaleReadmesAsync(session, MarkdownText.Version, 10), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_text_that_somebody_writes_meanwhile_keeps_its_own_html()
    {
        var (closed, _, name, browser) = await PushedAsync(Engine.Sqlite);
        using var own = browser;
        await browser.SubmitAsync($"/settings/{name}", HttpStatusCode.SeeOther, ("do", "texts"), ("description", ""), ("readme", "# New"));
        await closed.Db.WriteAsync(
            async session => await RepositoryPageTable.KeepHtmlAsync(
                session, new StaleReadme((await RepositoryTable.FindIdAsync(session, Staithe.Oci.RepositoryName.Parse(name)))!.Value, "# Old", 1), "<p>Old</p>", MarkdownText.Version),
            TestContext.Current.CancellationToken);
        Assert.Contains("New</h3>", await browser.ReadAsync($"/r/{name}"), StringComparison.Ordinal);
    }

    [Theory, OnBothEngines]
    public async Task A_text_of_the_longest_length_is_saved_in_every_script(Engine engine)
    {
        var (closed, owner, name, browser) = await PushedAsync(engine);
        using var own = browser;
        foreach (var letter in (string[])["a", "é", "Ж", "中", "😀", "&", "\n", "\"", "\t"])
        {
            var text = string.Concat(Enumerable.Repeat(letter, Readme.MaxLength / letter.Length));
            // a browser sends the ends of lines as CR LF
            await browser.SubmitAsync(
                $"/settings/{name}", HttpStatusCode.SeeOther, ("do", "texts"), ("description", new string('中', 400)), ("readme", text.Replace("\n", "\r\n", StringComparison.Ordinal)));
            using var set = await PatchAsync(closed.As(owner), name, new { readme = text, description = new string('中', 400) }); // non-ASCII as \uXXXX
            await set.ExpectAsync(HttpStatusCode.OK);
            Assert.Equal(text, (await set.JsonAsync()).GetProperty("readme").GetString());
        }
    }

    [Fact]
    public async Task What_is_larger_is_refused_with_the_limit_and_its_own_size()
    {
        var (closed, owner, name, browser) = await PushedAsync(Engine.Sqlite);
        using var own = browser;
        var token = await browser.TokenAsync();
        var body = $"token={Uri.EscapeDataString(token)}&do=texts&description=&readme={new string('x', 500_000)}";
        using (var form = await browser.PostTextAsync($"/settings/{name}", body, "application/x-www-form-urlencoded"))
        {
            await form.ExpectAsync(HttpStatusCode.RequestEntityTooLarge);
            var page = await form.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.Contains("500 1", page.Replace(',', ' ').Replace('\u202f', ' ').Replace('\u00a0', ' '), StringComparison.Ordinal);
            Assert.Contains("425", page, StringComparison.Ordinal);
        }
        using var json = await PatchAsync(closed.As(owner), name, new { readme = new string('x', 500_000) });
        await json.ExpectAsync(HttpStatusCode.RequestEntityTooLarge);
        Assert.Contains("the body has 500013 bytes, at most 305536 bytes are read", (await json.JsonAsync()).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Theory, OnBothEngines]
    public async Task The_api_sets_what_the_page_sets(Engine engine)
    {
        var (closed, owner, name, browser) = await PushedAsync(engine);
        using var own = browser;
        var api = closed.As(owner);
        using (var set = await PatchAsync(api, name, new { description = "For sailors", readme = "# Ahoy\n\n\ttab\r\n" }))
        {
            var answer = await set.JsonAsync();
            Assert.Equal(("For sailors", "# Ahoy\n\n\ttab\n", "private"), (answer.GetProperty("description").GetString(), answer.GetProperty("readme").GetString(), answer.GetProperty("visibility").GetString()));
        }
        // what is not given stays
        using (var set = await PatchAsync(api, name, new { visibility = "public" }))
            Assert.Equal("For sailors", (await set.JsonAsync()).GetProperty("description").GetString());
        using (var set = await PatchAsync(api, name, new { description = "" }))
            Assert.Equal(("", "# Ahoy\n\n\ttab\n"), ((await set.JsonAsync()).GetProperty("description").GetString(), (await set.JsonAsync()).GetProperty("readme").GetString()));
        Assert.Contains("Ahoy</h3>", await browser.ReadAsync($"/r/{name}"), StringComparison.Ordinal);
        using (var got = await api.GetAsync($"/api/v1/repository?name={name}"))
            Assert.Equal("# Ahoy\n\n\ttab\n", (await got.JsonAsync()).GetProperty("readme").GetString());
        // by whom it is not managed it is not set, nor rendered
        using (var refused = await PatchAsync(closed.As(await closed.AddUserAsync()), name, new { readme = new string('[', Readme.MaxLength) }))
            await refused.ExpectAsync(HttpStatusCode.Forbidden);
        using var twoLines = await PatchAsync(api, name, new { description = "a\nb" });
        await twoLines.ExpectAsync(HttpStatusCode.BadRequest);
    }

    static string Table(int columns, int rows) =>
        string.Concat(Enumerable.Repeat("|a", columns)) + "\n" + string.Concat(Enumerable.Repeat("|-", columns)) + "\n" + string.Concat(Enumerable.Repeat("|b\n", rows));

    static async Task<HttpResponseMessage> PatchAsync(Registry api, string name, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, $"/api/v1/repository?name={name}");
        request.Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        return await api.Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    async Task<(ClosedRegistry Closed, Account Owner, string Name, Browser Browser)> PushedAsync(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var owner = await closed.AddUserAsync();
        var name = $"{owner.Name}/readme";
        await closed.As(owner).PushImageAsync(name, "1");
        var browser = new Browser(closed.Registry.Url);
        await browser.SignInAsync(owner.Name, owner.Password);
        return (closed, owner, name, browser);
    }
}
