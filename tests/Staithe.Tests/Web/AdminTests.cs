using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Staithe.Database;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>The pages of who runs the registry, and the limits that hold for pages as for everything else.</summary>
public sealed partial class AdminTests
{
    [Theory, OnBothEngines]
    public async Task Accounts_are_made_found_reset_disabled_and_removed(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "alice");
        using var browser = await OwnSettingsTests.SignedInAsync(server, "root");
        Assert.Contains("href=\"/admin\"", await browser.ReadAsync("/"), StringComparison.Ordinal);
        var password = Password().Match(await browser.SubmitAsync("/admin", HttpStatusCode.OK, ("do", "user.add"), ("user", "dora"), ("sign", "here"))).Groups[1].Value;
        await server.As("dora", password).GetAsync("/me");
        Assert.Equal("/admin?user=emil", await browser.SubmitAsync("/admin", HttpStatusCode.SeeOther, ("do", "user.add"), ("user", "emil"), ("sign", "elsewhere"), ("admin", "yes")));
        Assert.Contains("looks too much like", await browser.SubmitAsync("/admin", HttpStatusCode.Conflict, ("do", "user.add"), ("user", "d0ra")), StringComparison.Ordinal);
        Assert.Equal(["alice", "dora", "emil", "root"], await NamesAsync(browser, "/admin"));
        Assert.Equal(["dora"], await NamesAsync(browser, "/admin?q=or"));
        Assert.Empty(await NamesAsync(browser, "/admin?q=%25"));
        Assert.Equal(["root"], await NamesAsync(browser, "/admin?after=emil"));

        Assert.Contains("Give dora another password?", await browser.ReadAsync("/admin?user=dora&ask=user.reset"), StringComparison.Ordinal);
        var another = Password().Match(await browser.SubmitAsync("/admin?user=dora", HttpStatusCode.OK, ("do", "user.reset"), ("user", "dora"))).Groups[1].Value;
        Assert.NotEqual(password, another);
        await server.As("dora", another).GetAsync("/me");
        await browser.SubmitAsync("/admin?user=dora", HttpStatusCode.SeeOther, ("do", "user.admin"), ("user", "dora"));
        await browser.SubmitAsync("/admin?user=dora", HttpStatusCode.SeeOther, ("do", "user.disable"), ("user", "dora"));
        Assert.Contains(">disabled<", await browser.ReadAsync("/admin?user=dora"), StringComparison.Ordinal);
        await server.As("dora", another).RefusedAsync(HttpStatusCode.Unauthorized, "/me");
        await browser.SubmitAsync("/admin?user=dora", HttpStatusCode.SeeOther, ("do", "user.enable"), ("user", "dora"));
        await browser.SubmitAsync("/admin?user=dora", HttpStatusCode.SeeOther, ("do", "user.ordinary"), ("user", "dora"));
        await browser.SubmitAsync("/admin?user=dora", HttpStatusCode.BadRequest, ("do", "user.delete"), ("user", "dora"));
        await browser.SubmitAsync("/admin?user=dora", HttpStatusCode.SeeOther, ("do", "user.delete"), ("user", "dora"), ("confirm", "dora"));
        await browser.SubmitAsync("/admin?user=emil", HttpStatusCode.SeeOther, ("do", "user.delete"), ("user", "emil"), ("confirm", "emil"));
        Assert.Equal(["alice", "root"], await NamesAsync(browser, "/admin"));
        Assert.Contains("is the last admin", await browser.SubmitAsync("/admin?user=root", HttpStatusCode.Conflict, ("do", "user.ordinary"), ("user", "root")), StringComparison.Ordinal);

        await server.As("alice").PostAsync("/organizations", new { name = "harbour" });
        await browser.SubmitAsync("/admin?view=spaces", HttpStatusCode.BadRequest, ("do", "space.owner"), ("space", "harbour"), ("user", "root"), ("as", "organization"));
        await browser.SubmitAsync("/admin?view=spaces", HttpStatusCode.SeeOther, ("do", "space.owner"), ("space", "harbour"), ("user", "root"), ("as", "organization"), ("confirm", "harbour"));
        Assert.Contains("General", await browser.ReadAsync("/settings/harbour"), StringComparison.Ordinal);

        await server.Registry.StopAsync();
        Assert.All((string[])[password, another], secret => Assert.DoesNotContain(secret, server.Registry.Log, StringComparison.Ordinal));
    }

    [Theory, OnBothEngines]
    public async Task What_is_kept_and_what_waits_is_told(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "alice", "carol");
        await server.PushAsync("alice", "alice/app");
        await server.PushAsync("alice", "alice/same"); // the same blobs, counted once
        await server.PushAsync("carol", "carol/app");
        using var browser = await OwnSettingsTests.SignedInAsync(server, "root");
        using (var json = await browser.GetAsync("/admin?view=storage", "application/json"))
        {
            var state = await json.JsonAsync();
            var spaces = state.GetProperty("spaces").EnumerateArray().ToDictionary(space => space.GetProperty("space").GetString()!);
            Assert.Equal(["alice", "carol"], spaces.Keys.Order());
            var (alice, sum) = (spaces["alice"], await NumberAsync(server, "select cast(sum(size) as bigint) from blobs"));
            Assert.Equal((2, await NumberAsync(server, "select count(distinct rb.blob_id) from repo_blobs rb join repositories r on r.id = rb.repo_id where r.space = 'alice'")), (alice.GetProperty("repositories").GetInt64(), alice.GetProperty("blobs").GetInt64()));
            Assert.Equal(sum, state.GetProperty("blobBytes").GetInt64());
            Assert.InRange(alice.GetProperty("bytes").GetInt64(), 1, sum);
            Assert.InRange(state.GetProperty("diskFree").GetInt64(), 1, state.GetProperty("diskSize").GetInt64());
        }
        Assert.Contains("<svg class=\"bars\"", await browser.ReadAsync("/admin?view=storage"), StringComparison.Ordinal);

        await server.Registry.App.DrainAsync(TestContext.Current.CancellationToken);
        await server.Registry.App.Database.WriteAsync(session => session.ExecuteAsync(new Sql("update image_contents set state = 'refused', reason = 'a <b>bomb</b>' where manifest_id = (select min(manifest_id) from image_contents)")), TestContext.Current.CancellationToken);
        var page = await browser.ReadAsync("/admin?view=jobs");
        Assert.Contains("a &lt;b&gt;bomb&lt;/b&gt;", page, StringComparison.Ordinal);
        var (action, fields) = (await browser.FormsAsync("/admin?view=jobs")).First(form => form.Fields.Contains(("do", "image.retry"))); // in their order
        await browser.SubmitAsync(action, HttpStatusCode.SeeOther, [.. fields.Where(field => field.Name != "token")]);
        Assert.DoesNotContain("bomb", await browser.ReadAsync("/admin?view=jobs"), StringComparison.Ordinal);
        await browser.SubmitAsync("/admin?view=jobs", HttpStatusCode.NotFound, ("do", "image.retry"), ("id", "4711"));
    }

    [Theory, OnBothEngines]
    public async Task Pages_count_as_requests_do(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, config => config with { AnonymousRequestsPerMinute = 5, RequestsPerMinute = 30 }, "alice", "carol");
        var stranger = server.Registry.As(null, "127.0.8.1");
        for (var i = 0; i < 5; i++)
            (await ExpectAsync(stranger, "/login", HttpStatusCode.OK)).Dispose();
        using (var busy = await ExpectAsync(stranger, "/search?q=x", HttpStatusCode.TooManyRequests))
        {
            Assert.InRange(int.Parse(busy.Header("Retry-After")!, CultureInfo.InvariantCulture), 1, 12);
            Assert.Equal("text/html", busy.Content.Headers.ContentType!.MediaType);
            Assert.Contains("Too many requests", await busy.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
        (await ExpectAsync(stranger, Staithe.Web.PageFiles.Style, HttpStatusCode.OK)).Dispose(); // what a page is made of comes with it
        (await ExpectAsync(stranger, "/v2/", HttpStatusCode.TooManyRequests)).Dispose(); // it is one bucket for all
        (await ExpectAsync(server.Registry.As(null, "127.0.8.2"), "/login", HttpStatusCode.OK)).Dispose();

        // an account has its own, however it comes: what the browser asks for the programs cannot
        using var browser = await OwnSettingsTests.SignedInAsync(server, "alice");
        var allowed = 0;
        for (var i = 0; i < 40; i++)
        {
            using var page = await browser.GetAsync("/settings");
            allowed += page.StatusCode == HttpStatusCode.OK ? 1 : 0;
        }
        Assert.InRange(allowed, 25, 30);
        using (var posted = await browser.PostTextAsync("/settings", "do=x", "application/x-www-form-urlencoded"))
            await posted.ExpectAsync(HttpStatusCode.TooManyRequests);
        using (var file = await browser.GetAsync("/f/alice/app:1/"))
            await file.ExpectAsync(HttpStatusCode.TooManyRequests);
    }

    static async Task<HttpResponseMessage> ExpectAsync(Registry caller, string path, HttpStatusCode status)
    {
        var answer = await caller.GetAsync(path, ("Accept", "text/html"));
        await answer.ExpectAsync(status);
        return answer;
    }

    static async Task<List<string?>> NamesAsync(Browser browser, string path)
    {
        using var json = await browser.GetAsync(path, "application/json");
        return [.. (await json.JsonAsync()).GetProperty("people").EnumerateArray().Select(person => person.GetProperty("name").GetString())];
    }

    static async Task<long> NumberAsync(ApiServer server, string sql) => (await server.Registry.App.Database.ReadAsync(session => session.FindNumberAsync(new Sql(sql)), TestContext.Current.CancellationToken))!.Value;

    [GeneratedRegex("<code>([a-z2-9]{20})</code>")]
    private static partial Regex Password();
}
