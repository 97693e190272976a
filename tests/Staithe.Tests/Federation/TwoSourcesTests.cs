using System.Net;
using Staithe.Audit;
using Staithe.Config;
using Staithe.Tests.Api;
using Staithe.Tests.Clients;
using Staithe.Tests.Harness;
using Staithe.Tests.Ldap;

namespace Staithe.Tests.Federation;

/// <summary>People whom both a directory and an issuer know: OpenLDAP's and a certified one.</summary>
[Trait("Kind", "client"), Collection(ClientCollections.Others)]
public sealed class TwoSourcesTests(ClientWorld world, Slapd slapd) : IClassFixture<ClientWorld>, IClassFixture<Slapd>
{
    static int people;

    [Theory, OnBothEngines]
    public async Task What_one_takes_away_the_other_and_a_person_still_give(Engine engine)
    {
        var (uid, group) = ($"both{Interlocked.Increment(ref people)}", $"developers{Guid.NewGuid():N}");
        await slapd.AddPersonAsync(uid);
        await slapd.AddGroupAsync(group, uid);
        using var issuer = await RealIssuer.StartAsync(world);
        await issuer.SetPersonAsync("subject", "another name", "developers");
        await using var server = await StartAsync(engine, issuer, group);
        var (root, me) = (server.As("root"), server.As(uid, Slapd.Password(uid)));
        await root.PutAsync("/spaces/team/teams/hand/members/root");

        Assert.Equal("dev, ldap", await EnterByLdapAsync());
        await LinkAsync(server.Registry, uid);
        Assert.Equal("dev, ldap, oidc", await TeamsAsync());
        await root.PutAsync($"/spaces/team/teams/hand/members/{uid}");

        await issuer.SetPersonAsync("subject", "another name");
        Assert.Equal("dev, hand, ldap", await EnterByIssuerAsync());
        await issuer.SetPersonAsync("subject", "another name", "developers");
        Assert.Equal("dev, hand, ldap, oidc", await EnterByIssuerAsync());
        await slapd.RemoveMemberAsync(group, uid);
        Assert.Equal("dev, hand, oidc", await EnterByLdapAsync());
        await issuer.SetPersonAsync("subject", "another name");
        Assert.Equal("hand", await EnterByIssuerAsync());
        Assert.Equal(["team.member.remove", "team.member.add"], await LinesAsync("team/dev")); // when the last word went, not before

        // The directory is a way in, so the link may end; what the directory says stays.
        await slapd.AddMemberAsync(group, uid);
        await issuer.SetPersonAsync("subject", "another name", "developers");
        await EnterByLdapAsync();
        Assert.Equal("dev, hand, ldap, oidc", await EnterByIssuerAsync());
        await me.DeleteAsync($"/me/identities/{Assert.Single(await me.ListAsync("/me/identities", "id"))}");
        Assert.Equal("dev, hand, ldap", await TeamsAsync());

        // What a person gives as well stays; what a person takes comes back with the next sign-in, if the directory still says so.
        await root.PutAsync($"/spaces/team/teams/dev/members/{uid}");
        await root.DeleteAsync($"/spaces/team/teams/ldap/members/{uid}");
        Assert.Equal("dev, hand", await TeamsAsync());
        Assert.Equal("dev, hand, ldap", await EnterByLdapAsync());
        await slapd.RemoveMemberAsync(group, uid);
        Assert.Equal("dev, hand", await EnterByLdapAsync());

        async Task<string> EnterByLdapAsync()
        {
            await ForgetAsync(server.Registry);
            Assert.Equal(uid, (await me.GetAsync("/me")).GetProperty("name").GetString());
            return await TeamsAsync();
        }

        async Task<string> EnterByIssuerAsync()
        {
            using var browser = new Browser(server.Registry, follows: true);
            using (var page = await RealIssuer.SignInAsync(browser, "subject"))
                await page.ExpectAsync(HttpStatusCode.OK);
            Assert.Equal(uid, await browser.WhoAsync());
            return await TeamsAsync();
        }

        async Task<string> TeamsAsync()
        {
            var of = new List<string>();
            foreach (var team in (string[])["dev", "hand", "ldap", "oidc"])
            {
                if ((await root.GetAsync($"/spaces/team/teams/{team}")).GetProperty("members").EnumerateArray().Any(member => member.GetString() == uid))
                    of.Add(team);
            }
            return string.Join(", ", of);
        }

        async Task<List<string>> LinesAsync(string team) => [.. (await AuditLines.ListAsync(server.Registry)).Where(line => line.Target == team && line.Detail?.StartsWith(uid, StringComparison.Ordinal) == true).Select(line => line.Action)];
    }

    [Theory, OnBothEngines]
    public async Task Nobody_gets_the_account_of_a_namesake(Engine engine)
    {
        var (first, second, prepared) = ($"both{Interlocked.Increment(ref people)}", $"both{Interlocked.Increment(ref people)}", $"both{Interlocked.Increment(ref people)}");
        var group = $"developers{Guid.NewGuid():N}";
        foreach (var uid in (string[])[first, second, prepared])
            await slapd.AddPersonAsync(uid);
        await slapd.AddGroupAsync(group, second);
        using var issuer = await RealIssuer.StartAsync(world);
        await using var server = await StartAsync(engine, issuer, group);
        var registry = server.Registry;

        // The directory's people were here first: the issuer's namesake is told, gets in nowhere, and no team has anybody more.
        await server.As(first, Slapd.Password(first)).GetAsync("/me");
        await RefusedByIssuerAsync("subject-1", first);

        // The issuer's were: the password of the directory's namesake opens nothing.
        await issuer.SetPersonAsync("subject-2", second);
        using var browser = new Browser(registry, follows: true);
        using (var page = await RealIssuer.SignInAsync(browser, "subject-2"))
            await page.ExpectAsync(HttpStatusCode.OK);
        Assert.Equal(second, await browser.WhoAsync());
        await server.As(second, Slapd.Password(second)).RefusedAsync(HttpStatusCode.Unauthorized, "/me");
        Assert.Equal(second, await browser.WhoAsync());

        // An account that an admin has made without a password waits for the directory's, and is nobody's at the issuer.
        await registry.App.Users.AddAsync(Actor.Shell, prepared, null, isAdmin: false, TestContext.Current.CancellationToken);
        await RefusedByIssuerAsync("subject-3", prepared);
        await server.As(prepared, Slapd.Password(prepared)).GetAsync("/me");

        foreach (var team in (string[])["dev", "ldap", "oidc"])
            Assert.Empty((await server.As("root").GetAsync($"/spaces/team/teams/{team}")).GetProperty("members").EnumerateArray());
        await AuditLines.ExpectRefusalsAsync(registry, [$"with company: subject-1: the name {first} is taken", $"with company: subject-3: the name {prepared} is taken"]);
        await registry.StopAsync();
        Assert.Contains($"the account {second} is not the one of this entry of the directory", registry.Log, StringComparison.Ordinal);

        async Task RefusedByIssuerAsync(string subject, string name)
        {
            await issuer.SetPersonAsync(subject, name, "developers");
            using var other = new Browser(registry, follows: true);
            using var page = await RealIssuer.SignInAsync(other, subject);
            await page.ExpectAsync(HttpStatusCode.Conflict);
            Assert.Null(await other.WhoAsync());
        }
    }

    static async Task LinkAsync(Registry registry, string uid)
    {
        using var browser = new Browser(registry, follows: true);
        await browser.SignInAsync(uid, Slapd.Password(uid));
        using var confirm = await browser.SubmitAsync("/login/oidc", "/login/oidc/company");
        var page = await Browser.TextAsync(confirm);
        var wish = page[(page.IndexOf("?link=", StringComparison.Ordinal) + 6)..].Split('"')[0];
        using var linked = await RealIssuer.SignInAsync(browser, "subject", $"/login/oidc/company?link={wish}");
        await linked.ExpectAsync(HttpStatusCode.OK);
    }

    async Task<ApiServer> StartAsync(Engine engine, RealIssuer issuer, string group)
    {
        var server = await ApiServer.StartAsync(
            engine,
            config => slapd.Configure(config) with { LdapTeams = [$"{group}=team/dev", $"{group}=team/ldap"], Oidc = [issuer.Configure(new GroupMap("developers", "team", "dev"), new GroupMap("developers", "team", "oidc"))] },
            "root");
        var root = server.As("root");
        await root.PostAsync("/organizations", new { name = "team" });
        foreach (var team in (string[])["dev", "ldap", "oidc", "hand"])
            await root.PostAsync("/spaces/team/teams", new { name = team });
        return server;
    }

    // Any change of accounts ends what was remembered of all.
    static Task<long> ForgetAsync(Registry registry) => registry.App.Users.AddAsync(Actor.Shell, $"newcomer{Interlocked.Increment(ref people)}", null, isAdmin: false, TestContext.Current.CancellationToken);
}
