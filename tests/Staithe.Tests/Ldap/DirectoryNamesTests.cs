using System.Net;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Database;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Ldap;

/// <summary>Names in a real directory, of people and of groups, mean here what they mean there.</summary>
[Trait("Kind", "client")]
public sealed class DirectoryNamesTests(Slapd slapd) : IClassFixture<Slapd>
{
    static int names;

    [Theory, OnBothEngines]
    public async Task However_a_name_is_written_its_guesses_are_counted_together(Engine engine)
    {
        var uid = New("otto");
        await slapd.AddPersonAsync(uid);
        await using var registry = await Registry.StartAsync(engine, config => slapd.Configure(config) with { LdapUserFilter = "(|(uid={name})(mail={name}))" });
        string[] written = [uid, uid.ToUpperInvariant(), $"{uid} ", $" {uid}", $"{uid[..1].ToUpperInvariant()}{uid[1..]}", $"{uid}@example.org", $"{uid}@EXAMPLE.org"];
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 21; i++)
            answers.Add(await TryAsync(registry, written[i % written.Length], $"guess {i}", $"127.9.1.{i + 1}"));
        Assert.InRange(answers.Count(status => status == HttpStatusCode.Unauthorized), 10, 14); // a second passes by and by
        Assert.Contains(HttpStatusCode.TooManyRequests, answers);
    }

    [Theory, OnBothEngines]
    public async Task A_team_follows_the_group_that_its_dn_means(Engine engine)
    {
        var (uid, comma, plain) = (New("person"), New("ops, night"), New("Plain"));
        await slapd.AddPersonAsync(uid);
        await slapd.AddGroupAsync(comma.Replace(",", "\\,", StringComparison.Ordinal), uid);
        await slapd.AddGroupAsync(plain, uid);
        await using var registry = await Registry.StartAsync(engine, config => slapd.Configure(config) with
        {
            LdapTeams = [$"CN={plain.ToUpperInvariant()}, OU=Groups, DC=example, DC=org=team/dev", $"commonName={comma.Replace(",", "\\,", StringComparison.Ordinal)} , {Slapd.Groups}=team/ops"],
        });
        await registry.App.Users.AddAsync(Actor.Shell, "alice", "correct horse", isAdmin: false, TestContext.Current.CancellationToken);
        await MakeTeamsAsync(registry, "dev", "ops");
        Assert.Equal(HttpStatusCode.OK, await TryAsync(registry, uid, Slapd.Password(uid), "127.0.0.1"));
        foreach (var team in (string[])["team/dev", "team/ops"])
            Assert.Contains(uid, await MembersAsync(registry, team));
    }

    [Fact]
    public async Task When_no_group_is_a_teams_the_log_says_which_there_were()
    {
        var (uid, group) = (New("person"), New("writers"));
        await slapd.AddPersonAsync(uid);
        await slapd.AddGroupAsync(group, uid);
        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => slapd.Configure(config) with { LdapTeams = [$"CN=writer,{Slapd.Groups}=team/dev"] });
        Assert.Equal(HttpStatusCode.OK, await TryAsync(registry, uid, Slapd.Password(uid), "127.0.0.1"));
        await registry.StopAsync();
        var line = Assert.Single(registry.Log.Split('\n'), line => line.Contains("ldapTeams", StringComparison.Ordinal));
        Assert.Contains($"cn={group},{Slapd.Groups}", line, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("CN=writer", line, StringComparison.Ordinal);
        Assert.DoesNotContain(Slapd.Password(uid), line, StringComparison.Ordinal);
    }

    /// <summary>The first time, when the account is made, and every time after it.</summary>
    [Theory, OnBothEngines]
    public async Task When_the_team_of_a_group_does_not_exist_the_log_says_so(Engine engine)
    {
        var (uid, group) = (New("person"), New("writers"));
        await slapd.AddPersonAsync(uid);
        await slapd.AddGroupAsync(group, uid);
        await using var registry = await Registry.StartAsync(engine, config => slapd.Configure(config) with { LdapTeams = [$"{group} = team/dev", $"{group}=team/nosuch"] });
        await registry.App.Users.AddAsync(Actor.Shell, "alice", "correct horse", isAdmin: false, TestContext.Current.CancellationToken);
        await MakeTeamsAsync(registry, "dev");
        Assert.Equal(HttpStatusCode.OK, await TryAsync(registry, uid, Slapd.Password(uid), "127.0.0.1"));
        Assert.Contains(uid, await MembersAsync(registry, "team/dev"));
        using (var browser = new Browser(registry.Url))
            await browser.SubmitAsync("/login", HttpStatusCode.SeeOther, ("name", uid), ("password", Slapd.Password(uid)));
        await registry.StopAsync();
        var lines = registry.Log.Split('\n').Where(line => line.Contains("team/nosuch", StringComparison.Ordinal)).ToList();
        Assert.All(lines, line => Assert.Contains($"{uid} would be in teams that do not exist: make them, or correct ldapTeams", line, StringComparison.Ordinal));
        Assert.Equal(2, lines.Count);
        Assert.DoesNotContain("team/dev", string.Concat(lines), StringComparison.Ordinal);
    }

    [Theory, OnBothEngines]
    public async Task A_uid_that_is_an_address_is_cut_at_its_at_sign_and_who_comes_second_is_told_why(Engine engine)
    {
        var name = New("mail");
        var (first, second) = ($"{name}@example.org", $"{name}@elsewhere.example");
        await slapd.AddPersonAsync(first);
        await slapd.AddPersonAsync(second);
        await using var registry = await Registry.StartAsync(engine, slapd.Configure);
        using (var me = await registry.As(ClosedRegistry.Basic(first, Slapd.Password(first))).GetAsync("/api/v1/me"))
        {
            await me.ExpectAsync(HttpStatusCode.OK);
            Assert.Equal(name, (await me.JsonAsync()).GetProperty("name").GetString());
        }
        foreach (var path in (string[])["/v2/", "/v2/auth", "/api/v1/me"])
        {
            using var refused = await registry.As(ClosedRegistry.Basic(second, Slapd.Password(second)), "127.9.2.1").GetAsync(path);
            await refused.ExpectAsync(HttpStatusCode.Unauthorized);
            Assert.Contains($"the account {name} is not the one of this entry", await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
            using var wrong = await registry.As(ClosedRegistry.Basic(second, "wrong"), "127.9.2.1").GetAsync(path);
            await wrong.ExpectAsync(HttpStatusCode.Unauthorized);
            Assert.DoesNotContain("entry", await wrong.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        }
        using var browser = new Browser(registry.Url);
        Assert.Contains("is not the one of this entry", await browser.SubmitAsync("/login", HttpStatusCode.Forbidden, ("name", second), ("password", Slapd.Password(second))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("search", "is reserved")]
    [InlineData("admin@example.org", "is reserved")]
    [InlineData("not a name", "cannot be a name here")]
    public async Task Who_cannot_be_called_so_is_told_why(string uid, string why)
    {
        await slapd.AddPersonAsync(uid);
        await using var registry = await Registry.StartAsync(Engine.Sqlite, slapd.Configure);
        using var refused = await registry.As(ClosedRegistry.Basic(uid, Slapd.Password(uid))).GetAsync("/v2/");
        await refused.ExpectAsync(HttpStatusCode.Unauthorized);
        Assert.Contains(why, await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        await slapd.RemovePersonAsync(uid);
    }

    static async Task<HttpStatusCode> TryAsync(Registry registry, string name, string password, string address)
    {
        using var answer = await registry.As(ClosedRegistry.Basic(name, password), address).GetAsync("/v2/");
        return answer.StatusCode;
    }

    static Task MakeTeamsAsync(Registry registry, params string[] teams) => registry.App.Database.WriteAsync(
        async session =>
        {
            var space = await Spaces.AddOrganizationAsync(session, Actor.Shell, (await Users.FindAsync(session, "alice")).Id, "team", Visibility.Private);
            foreach (var team in teams)
                await TeamTable.CreateAsync(session, space.Id, team);
        },
        TestContext.Current.CancellationToken);

    static Task<List<string>> MembersAsync(Registry registry, string team) => registry.App.Database.ReadAsync(
        async session => (await TeamTable.ListMembersAsync(session, (await TeamTable.FindAsync(session, team))!.Id, new ListRequest())).Items.Select(member => member.User).ToList(),
        TestContext.Current.CancellationToken);

    static string New(string prefix) => $"{prefix}{Interlocked.Increment(ref names)}";
}
