using System.Net;
using System.Text.Json;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>The settings of a part of a space, with nothing but a browser: by somebody who manages that part and nothing else, and by the owner of the space.</summary>
public sealed class PartSettingsTests
{
    const string Part = "/settings/harbour/web/";

    [Theory, OnBothEngines]
    public async Task Whoever_manages_a_part_decides_about_that_part_alone(Engine engine)
    {
        await using var server = await StartAsync(engine);
        var alice = server.As("alice");
        using var owner = await OwnSettingsTests.SignedInAsync(server, "alice");
        using var bob = await OwnSettingsTests.SignedInAsync(server, "bob");
        await ExpectNothingAsync(bob, Part);

        // the owner finds it, before anything is said of it, and gives it to bob
        Assert.Contains($"href=\"{Part}\"", await owner.ReadAsync("/settings/harbour?view=parts"), StringComparison.Ordinal);
        using (var opened = await owner.GetAsync("/settings/harbour?view=parts&part=harbour/new/one"))
            Assert.Equal("/settings/harbour/new/one/", opened.Location());
        using (var none = await owner.GetAsync("/settings/harbour?view=parts&part=dock/web/"))
            await none.ExpectAsync(HttpStatusCode.NotFound);
        Assert.Equal($"{Part}?view=grants", await owner.SubmitAsync(Part, HttpStatusCode.SeeOther, ("do", "grant.add"), ("kind", "user"), ("who", "bob"), ("role", ""), ("right", "pull"), ("right", "push"), ("right", "manage")));
        Assert.Contains("1 more", await owner.ReadAsync("/settings/harbour?view=parts"), StringComparison.Ordinal);

        // bob finds it, sees what reaches it from above, and can change only what is his to decide
        Assert.Contains($"<a href=\"{Part}\">harbour/web/</a>", await bob.ReadAsync("/settings?view=spaces"), StringComparison.Ordinal);
        var grants = await JsonAsync(bob, Part);
        Assert.False(grants.GetProperty("managesAll").GetBoolean());
        var (above, own) = (IdOf(grants, "owners"), IdOf(grants, "bob"));
        var page = await bob.ReadAsync(Part);
        Assert.Contains("<span class=\"soft\">team</span> owners", page, StringComparison.Ordinal);
        Assert.DoesNotContain($"ask=grant.delete&amp;id={above}\"", page, StringComparison.Ordinal);
        Assert.Contains($"ask=grant.delete&amp;id={own}\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("href=\"/settings/harbour?view=grants\"", page, StringComparison.Ordinal);
        await bob.SubmitAsync(Part, HttpStatusCode.Forbidden, ("do", "grant.change"), ("id", above), ("role", "read"));
        await bob.SubmitAsync(Part, HttpStatusCode.Forbidden, ("do", "grant.delete"), ("id", above));
        foreach (var (target, role) in ((string, string)[])[("harbour/", "read"), ("harbour/web/", "admin"), ("harbour/website", "read")])
            await bob.SubmitAsync(Part, HttpStatusCode.Forbidden, ("do", "grant.add"), ("kind", "user"), ("who", "carol"), ("role", role), ("target", target));
        await ExpectNothingAsync(bob, "/settings/harbour?view=parts");
        await ExpectNothingAsync(bob, "/settings/harbour/other/");

        // given, changed, taken back
        await bob.SubmitAsync(Part, HttpStatusCode.SeeOther, ("do", "grant.add"), ("kind", "user"), ("who", "carol"), ("role", ""), ("right", "push"), ("target", "harbour/web/"), ("tags", "dev-*"), ("days", "7"));
        var id = IdOf(await JsonAsync(bob, Part), "carol");
        var form = await bob.ReadAsync($"{Part}?view=grants&change={id}");
        Assert.Contains("value=\"dev-*\"", form, StringComparison.Ordinal);
        Assert.Contains("value=\"push\" checked", form, StringComparison.Ordinal);
        var before = (await alice.GetAsync("/spaces/harbour/grants?target=harbour/web/")).GetProperty("items").EnumerateArray().Single(grant => $"{grant.GetProperty("id")}" == id);
        Assert.Contains("is not a pattern", await bob.SubmitAsync($"{Part}?view=grants&change={id}", HttpStatusCode.BadRequest, ("do", "grant.change"), ("id", id), ("role", ""), ("right", "push"), ("tags", "/"), ("days", "as-it-is")), StringComparison.Ordinal);
        await bob.SubmitAsync(Part, HttpStatusCode.Forbidden, ("do", "grant.change"), ("id", id), ("role", "admin"));
        await bob.SubmitAsync(Part, HttpStatusCode.SeeOther, ("do", "grant.change"), ("id", id), ("role", ""), ("right", "pull"), ("right", "push"), ("tags", "dev-*,!dev-0"), ("days", "as-it-is"));
        var after = (await alice.GetAsync("/spaces/harbour/grants?target=harbour/web/")).GetProperty("items").EnumerateArray().Single(grant => $"{grant.GetProperty("id")}" == id);
        Assert.Equal(("pull,push", "dev-*,!dev-0", before.GetProperty("expiresAt").GetString()), (after.GetProperty("rights").GetString(), after.GetProperty("tags").GetString(), after.GetProperty("expiresAt").GetString()));
        var line = (await alice.GetAsync("/spaces/harbour/audit?action=grant.change")).GetProperty("items")[0];
        Assert.Equal(("bob", "harbour/web/"), (line.GetProperty("actor").GetString(), line.GetProperty("target").GetString()));
        Assert.Matches("^pull,push on tags dev-\\*,!dev-0 for user carol until .*, before push on tags dev-\\* for user carol until ", line.GetProperty("detail").GetString());

        // who may what there, and by which grant
        var access = await bob.ReadAsync($"{Part}?view=access&kind=user&who=carol");
        Assert.Contains($"carol may do with all of harbour/web/: <strong>read</strong>, and push on tags dev-*,!dev-0", access, StringComparison.Ordinal);
        Assert.Contains($"grant {id} on harbour/web/", access, StringComparison.Ordinal);
        var reasons = (await JsonAsync(bob, $"{Part}?view=access")).GetProperty("reasons").EnumerateArray().Select(reason => reason.GetProperty("via").GetString()).ToList();
        Assert.Equal(["team owners", "user bob", "user carol"], reasons);
        Assert.Contains("grant", await bob.ReadAsync($"{Part}?view=access&repository=harbour/web/app&who=carol"), StringComparison.Ordinal);

        Assert.Contains("Take pull,push on harbour/web/ from the user carol?", await bob.ReadAsync($"{Part}?view=grants&ask=grant.delete&id={id}"), StringComparison.Ordinal);
        await bob.SubmitAsync(Part, HttpStatusCode.SeeOther, ("do", "grant.delete"), ("id", id));
        await server.As("carol").RefusedAsync(HttpStatusCode.NotFound, "/access?repository=harbour/web/app");
    }

    [Theory, OnBothEngines]
    public async Task A_part_says_what_is_new_in_it_and_is_shared_by_links_and_invitations(Engine engine)
    {
        await using var server = await StartAsync(engine);
        var alice = server.As("alice");
        await alice.PostAsync("/spaces/harbour/grants", new { target = "harbour/web/", rights = "admin", user = "bob" });
        await alice.PostAsync("/spaces/harbour/default-grants", new { target = "harbour/", rights = "read", team = "owners" });
        await alice.PostAsync("/spaces/harbour/default-grants", new { target = "harbour/other/", rights = "read", team = "owners" });
        using var bob = await OwnSettingsTests.SignedInAsync(server, "bob");

        await bob.SubmitAsync($"{Part}?view=new", HttpStatusCode.SeeOther, ("do", "default.add"), ("target", "harbour/web/"), ("makerKind", ""), ("maker", ""), ("role", "write"), ("kind", "user"), ("who", "carol"));
        await bob.SubmitAsync($"{Part}?view=new", HttpStatusCode.Forbidden, ("do", "default.add"), ("target", "harbour/"), ("role", "read"), ("kind", "user"), ("who", "carol"));
        var rules = (await JsonAsync(bob, $"{Part}?view=new")).GetProperty("defaults").EnumerateArray().ToDictionary(rule => rule.GetProperty("target").GetString()!, rule => $"{rule.GetProperty("id")}");
        Assert.Equal(["harbour/", "harbour/web/"], rules.Keys); // from above, and its own; not the other part's
        Assert.Equal(["harbour/web/"], await server.As("bob").ListAsync("/spaces/harbour/default-grants?target=harbour/web/", "target"));
        await server.As("bob").RefusedAsync(HttpStatusCode.Forbidden, "/spaces/harbour/default-grants");
        await server.PushAsync("bob", "harbour/web/second");
        Assert.Equal("write", (await server.As("carol").GetAsync("/access?repository=harbour/web/second")).GetProperty("rights").GetString());
        await bob.SubmitAsync($"{Part}?view=new", HttpStatusCode.Forbidden, ("do", "default.delete"), ("id", rules["harbour/"]));
        Assert.Contains("What was given by it stays", await bob.ReadAsync($"{Part}?view=new&ask=default.delete&id={rules["harbour/web/"]}"), StringComparison.Ordinal);
        await bob.SubmitAsync($"{Part}?view=new", HttpStatusCode.SeeOther, ("do", "default.delete"), ("id", rules["harbour/web/"]));
        Assert.Equal(2, (await alice.ListAsync("/spaces/harbour/default-grants", "id")).Count);

        Assert.Contains("A link to harbour/web/app", await bob.SubmitAsync($"{Part}?view=links", HttpStatusCode.OK, ("do", "link.add"), ("repository", "harbour/web/app"), ("days", "1")), StringComparison.Ordinal);
        await bob.SubmitAsync($"{Part}?view=links", HttpStatusCode.Forbidden, ("do", "link.add"), ("repository", "harbour/app"), ("days", "1"));
        Assert.Single((await JsonAsync(bob, $"{Part}?view=links")).GetProperty("links").EnumerateArray());
        Assert.Contains("An invitation to harbour/web/", await bob.SubmitAsync($"{Part}?view=invitations", HttpStatusCode.OK, ("do", "invitation.add"), ("role", "read"), ("target", "harbour/web/"), ("uses", "1"), ("days", "7")), StringComparison.Ordinal);
        await bob.SubmitAsync($"{Part}?view=invitations", HttpStatusCode.Forbidden, ("do", "invitation.add"), ("team", "owners"), ("uses", "1"), ("days", "7"));

        // the space has another name, and so has the part
        await alice.PostAsync("/spaces/harbour/rename", new { name = "port" }, HttpStatusCode.OK);
        using var former = await bob.GetAsync($"{Part}?view=new");
        Assert.Equal("/settings/port/web/?view=new", former.Location());
        Assert.Contains("port/web/", await bob.ReadAsync("/settings/port/web/"), StringComparison.Ordinal);
    }

    [Theory, OnBothEngines]
    public async Task What_was_given_is_changed_with_the_API_as_well(Engine engine)
    {
        await using var server = await StartAsync(engine);
        var alice = server.As("alice");
        var grant = await alice.PostAsync("/spaces/harbour/grants", new { target = "harbour/web/", rights = "write", user = "bob", tags = "v*", expiresInDays = 3 });
        var path = $"/spaces/harbour/grants/{grant.GetProperty("id")}";
        var changed = await alice.SendAsync(HttpMethod.Put, path, new { rights = "read" }, HttpStatusCode.OK);
        Assert.Equal(("read", JsonValueKind.Null, JsonValueKind.Null, "bob", "harbour/web/"), (
            changed.GetProperty("rights").GetString(), changed.GetProperty("tags").ValueKind, changed.GetProperty("expiresAt").ValueKind, changed.GetProperty("user").GetString(), changed.GetProperty("target").GetString()));
        Assert.Equal("read", (await server.As("bob").GetAsync("/access?repository=harbour/web/app")).GetProperty("rights").GetString());
        await alice.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Put, path, new { rights = "everything" });
        await alice.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Put, path, new { rights = "read", expiresInDays = 0 });
        await alice.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Put, "/spaces/harbour/grants/4711", new { rights = "read" });
        await server.As("bob").RefusedAsync(HttpStatusCode.Forbidden, HttpMethod.Put, path, new { rights = "admin" });
        await server.As("carol").RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Put, path, new { rights = "admin" });
        var owners = (await alice.GetAsync("/spaces/harbour/grants")).GetProperty("items")[0].GetProperty("id");
        Assert.Contains("nobody would own", await alice.RefusedAsync(HttpStatusCode.Conflict, HttpMethod.Put, $"/spaces/harbour/grants/{owners}", new { rights = "write" }), StringComparison.Ordinal);
    }

    static async Task<ApiServer> StartAsync(Engine engine)
    {
        var server = await ApiServer.StartAsync(engine, "alice", "bob", "carol");
        await server.As("alice").PostAsync("/organizations", new { name = "harbour" });
        foreach (var name in (string[])["harbour/app", "harbour/web/app"])
            await server.PushAsync("alice", name);
        return server;
    }

    static async Task ExpectNothingAsync(Browser browser, string path)
    {
        using var page = await browser.GetAsync(path);
        await page.ExpectAsync(HttpStatusCode.NotFound);
    }

    static async Task<JsonElement> JsonAsync(Browser browser, string path)
    {
        using var json = await browser.GetAsync(path, "application/json");
        await json.ExpectAsync(HttpStatusCode.OK);
        return await json.JsonAsync();
    }

    static string IdOf(JsonElement grants, string grantee) => grants.GetProperty("grants").EnumerateArray().Single(grant => grant.GetProperty("name").GetString() == grantee).GetProperty("id").ToString();
}
