using System.Net;
using System.Text.RegularExpressions;
using Staithe.Database;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Web;

/// <summary>Every list that may grow, with more than a thousand entries, through the API and on its page: read part by part, filtered, in each of its orders.</summary>
public sealed partial class LongListTests
{
    const int Many = 1_111;

    // What each entry is called on the page and in the API; which members of the API's answer that is; the orders.
    static readonly LongList[] Lists =
    [
        new("root", 'u', "/users", "name", "/admin", ["name", "-created", "-signedIn"], Besides: 2),
        new("root", 's', "/spaces?all=true", "name", "/admin?view=spaces", ["name", "-created"], Besides: 3),
        new("alice", 's', "/spaces", "name", "/settings?view=spaces", ["name", "-created"], Besides: 2),
        new("alice", 't', "/spaces/team/teams", "name", "/settings/team?view=teams", [], Besides: 1),
        new("alice", 'u', "/spaces/team/teams/owners/members", "name", "/settings/team?view=teams&team=owners", [], Besides: 1),
        new("alice", 'r', "/spaces/team/robots", "name", "/settings/team?view=robots", ["name", "-created", "-used"]),
        new("alice", 'g', "/spaces/team/grants", "target", "/settings/team?view=grants", ["created", "-created"], Besides: 2),
        new("alice", 'd', "/spaces/team/default-grants", "target", "/settings/team?view=new", ["created", "-created"]),
        new("alice", 'k', "/me/tokens", "name", "/settings", ["created", "-created", "-used"]),
        new("alice", 'b', "/me/sessions", "name", "/settings?view=sessions", [], Besides: 1),
        new("alice", 'l', "/spaces/alice/links", "tag", "/settings/alice?view=links", ["created", "-created", "-used"]),
        new("alice", 'i', "/spaces/team/invitations", "user", "/settings/team?view=invitations", ["created", "-created"]),
        new("alice", 'a', "/spaces/team/audit", "target", "/settings/team?view=audit", []),
        new("root", 'a', "/audit", "target", "/admin?view=audit", []),
        new("alice", 'v', "/tags?repository=alice/app", "name", "/r/alice/app?view=tags", ["-moved", "name", "-version"], Besides: 1),
        new("alice", 'w', "/tags?repository=alice/app&attachments=only", "name", "/r/alice/app?view=tags&attachments=1", ["-moved", "name", "-version"]),
        new("alice", 'o', "/spaces/team/offers", "repository", "/settings/team?view=offers", ["created", "-created"]),
    ];

    [Theory, OnBothEngines]
    public async Task Each_is_read_part_by_part_through_both_faces(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "alice");
        await server.As("alice").PostAsync("/organizations", new { name = "team" });
        await server.As("alice").PostAsync("/spaces/team/grants", new { target = "team/", rights = "read", user = "root" });
        await server.PushAsync("alice", "alice/app");
        var numbers = Enumerable.Range(1, Many).Select(i => $"{i:d4}").ToArray();
        foreach (var fill in Fill)
            await server.Registry.App.Database.WriteAsync(session => session.ExecuteAsync(fill, [numbers]), TestContext.Current.CancellationToken);
        using var alice = await OwnSettingsTests.SignedInAsync(server, "alice");
        using var root = await OwnSettingsTests.SignedInAsync(server, "root");
        foreach (var list in Lists)
        {
            var (client, browser) = (server.As(list.User), list.User == "root" ? root : alice);
            foreach (var sort in list.Orders.DefaultIfEmpty(""))
            {
                var order = sort.Length == 0 ? "" : $"{(list.Api.Contains('?', StringComparison.Ordinal) ? '&' : '?')}sort={sort}";
                var all = await RepositoryContentTests.ReadAllAsync(client, list.Api + order, 97, list.Member);
                Assert.True(Many == all.Select(name => NameIn(list, name)).OfType<string>().Distinct().Count(), $"{list.Api} {sort}: {all.Count}");
                if (list.Besides is { } besides)
                    Assert.True(Many + besides == all.Count, $"{list.Api} {sort}: {all.Count}");
                if (sort is "name")
                    Assert.Equal(all.Order(StringComparer.Ordinal), all);
                Assert.Equal(Many, (await ReadPagesAsync(browser, list, sort)).Distinct().Count());
            }
            Assert.Equal([$"{list.Letter}0815"], (await ReadPagesAsync(browser, list, "", $"{char.ToUpperInvariant(list.Letter)}0815")).Distinct());
            var found = await client.ListAsync($"{list.Api}{(list.Api.Contains('?', StringComparison.Ordinal) ? '&' : '?')}q={list.Letter}081", list.Member);
            Assert.Equal(10, found.Select(name => NameIn(list, name)).Distinct().Count());
            Assert.Empty(await client.ListAsync($"{list.Api}{(list.Api.Contains('?', StringComparison.Ordinal) ? '&' : '?')}q=%25", list.Member)); // stands for itself
        }
    }

    // A place that there cannot be is refused by the API, and is the beginning to a reader.
    [Fact]
    public async Task A_place_that_there_cannot_be_is_the_beginning_of_a_page()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "alice");
        await server.As("alice").PostAsync("/me/tokens", new { name = "laptop", rights = "read" });
        using var browser = await OwnSettingsTests.SignedInAsync(server, "alice");
        Assert.Contains("laptop", await browser.ReadAsync("/settings?after=nowhere"), StringComparison.Ordinal);
        Assert.Contains("No results.", await browser.ReadAsync("/settings?q=desktop"), StringComparison.Ordinal);
        Assert.DoesNotContain("role=\"search\" aria-label=\"Filter tokens\"", await browser.ReadAsync("/settings"), StringComparison.Ordinal); // one entry needs no filter
        Assert.Contains("from next of the page before", await server.As("alice").RefusedAsync(HttpStatusCode.BadRequest, "/me/tokens?after=nowhere"), StringComparison.Ordinal);
        Assert.Contains("it must be created or -created or -used", await server.As("alice").RefusedAsync(HttpStatusCode.BadRequest, "/me/tokens?sort=name"), StringComparison.Ordinal);
    }

    static async Task<List<string>> ReadPagesAsync(Browser browser, LongList list, string sort, string filter = "")
    {
        var names = new List<string>();
        var path = $"{list.Page}{(list.Page.Contains('?', StringComparison.Ordinal) ? '&' : '?')}sort={sort}&q={filter}";
        var pages = 0;
        while (path is not null)
        {
            var page = await browser.ReadAsync(path);
            var rows = list.Letter == 'o' ? page : string.Concat(Row().Matches(page).Select(row => row.Value));
            names.AddRange(Name().Matches(rows).Select(match => match.Value).Where(name => name[0] == list.Letter));
            path = Next().Match(page) is { Success: true } next ? WebUtility.HtmlDecode(next.Groups[1].Value) : null;
            Assert.True(++pages < 40, $"{list.Page} does not end");
        }
        if (filter.Length == 0)
            Assert.True(pages > 20, $"{list.Page} has {pages} pages");
        return names;
    }

    static string? NameIn(LongList list, string? text) => Name().Matches(text ?? "").Select(match => match.Value).FirstOrDefault(name => name[0] == list.Letter);

    [GeneratedRegex(@"\b[a-z]\d{4}\b")]
    private static partial Regex Name();

    [GeneratedRegex("<tr>.*?</tr>", RegexOptions.Singleline)]
    private static partial Regex Row();

    [GeneratedRegex("rel=\"next\" href=\"([^\"]+)\"")]
    private static partial Regex Next();

    /// <summary>A list.</summary>
    /// <param name="Besides">How many entries it has besides those that the test puts there; null where that is not known.</param>
    sealed record LongList(string User, char Letter, string Api, string Member, string Page, string[] Orders, int? Besides = null);

    static readonly Sql[] Fill =
    [
        new("insert into users (name, is_admin, created_at, signed_in_at) select 'u' || n.value, 0, 1, length(replace(n.value, '0', '')) from (select value from {each $1}) n"),
        new("insert into spaces (name, skeleton, visibility, created_at) select 's' || n.value, 's' || n.value, 'private', 1 from (select value from {each $1}) n"),
        new("insert into teams (space_id, name, created_at) select s.id, 'owners', 1 from spaces s join (select value from {each $1}) n on s.name = 's' || n.value"),
        new("insert into team_members (team_id, user_id, source) select t.id, u.id, '' from (select value from {each $1}) n join spaces s on s.name = 's' || n.value join teams t on t.space_id = s.id join users u on u.name = 'alice'"),
        new("insert into teams (space_id, name, created_at) select s.id, 't' || n.value, 1 from spaces s cross join (select value from {each $1}) n where s.name = 'team'"),
        new("insert into team_members (team_id, user_id, source) select t.id, u.id, '' from (select value from {each $1}) n join users u on u.name = 'u' || n.value join spaces s on s.name = 'team' join teams t on t.space_id = s.id and t.name = 'owners'"),
        new("insert into robots (space_id, name, secret, created_at, used_at) select s.id, 'r' || n.value, 'r' || n.value, 1, length(replace(n.value, '0', '')) from spaces s cross join (select value from {each $1}) n where s.name = 'team'"),
        new("insert into grants (space_id, target, user_id, rights, created_at) select s.id, 'team/g' || n.value, u.id, 1, 1 from spaces s join users u on u.name = 'root' cross join (select value from {each $1}) n where s.name = 'team'"),
        new("insert into default_grants (space_id, target, user_id, rights, created_at) select s.id, 'team/d' || n.value, u.id, 1, 1 from spaces s join users u on u.name = 'root' cross join (select value from {each $1}) n where s.name = 'team'"),
        new("insert into access_tokens (user_id, kind, name, secret, rights, created_at, used_at) select u.id, 'personal', 'k' || n.value, 'k' || n.value, 1, 1, length(replace(n.value, '0', '')) from users u cross join (select value from {each $1}) n where u.name = 'alice'"),
        new("insert into access_tokens (user_id, kind, name, secret, rights, created_at) select u.id, 'session', 'b' || n.value, 'b' || n.value, 1, 1 from users u cross join (select value from {each $1}) n where u.name = 'alice'"),
        new("insert into share_links (repo_id, tag, secret, user_id, created_at, expires_at, pulls, used_at) select r.id, 'l' || n.value, 'l' || n.value, u.id, 1, {now} + 1000000000, 0, length(replace(n.value, '0', '')) from repositories r join users u on u.name = 'alice' cross join (select value from {each $1}) n where r.name = 'alice/app'"),
        new("insert into invitations (space_id, secret, path, rights, user_name, new_accounts, max_uses, uses, user_id, created_at, expires_at) select s.id, 'i' || n.value, '/', 1, 'i' || n.value, 0, 1, 0, u.id, 1, {now} + 1000000000 from spaces s join users u on u.name = 'alice' cross join (select value from {each $1}) n where s.name = 'team'"),
        new("insert into audit (at, actor, action, target, space, outcome) select {now}, 'alice', 'grant.add', 'team/a' || n.value, 'team', 'done' from (select value from {each $1}) n"),
        new("insert into tags (repo_id, name, manifest_id, moved_at, is_attachment) select t.repo_id, 'v' || n.value, t.manifest_id, length(replace(n.value, '0', '')), 0 from tags t cross join (select value from {each $1}) n where t.name = '1'"),
        new("insert into tags (repo_id, name, manifest_id, moved_at, is_attachment) select t.repo_id, 'w' || n.value, t.manifest_id, length(replace(n.value, '0', '')), 1 from tags t cross join (select value from {each $1}) n where t.name = '1'"),
        new("insert into repositories (name, space, visibility, created_at) select 'alice/o' || n.value, 'alice', 'private', 1 from (select value from {each $1}) n"),
        new("insert into repository_offers (repo_id, space_id, path, offered_by, created_at, expires_at) select r.id, s.id, '/o' || n.value, u.id, 1, {now} + 1000000000 from (select value from {each $1}) n join repositories r on r.name = 'alice/o' || n.value join spaces s on s.name = 'team' join users u on u.name = 'alice'"),
    ];
}
