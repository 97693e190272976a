using System.Net;
using Staithe.Config;
using Staithe.Tests.Api;
using Staithe.Tests.Clients;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Federation;

/// <summary>People and jobs with the tokens of a certified issuer (tests/issuer), through its own pages and with the real clients.</summary>
[Trait("Kind", "client"), Collection(ClientCollections.Others)]
public sealed class RealIssuerTests(ClientWorld world) : IClassFixture<ClientWorld>
{
    [Theory]
    [InlineData("RS256", Engine.Sqlite)]
    [InlineData("PS256", Engine.Sqlite)]
    [InlineData("ES256", Engine.Postgres)]
    public async Task A_person_goes_through_its_pages_and_comes_back(string algorithm, Engine engine)
    {
        using var issuer = await RealIssuer.StartAsync(world);
        await issuer.RenewAsync(algorithm, nameInToken: algorithm == "PS256");
        await using var server = await StartRegistryAsync(engine, issuer, "root");
        var root = server.As("root");
        await root.PostAsync("/organizations", new { name = "team" });
        await root.PostAsync("/spaces/team/teams", new { name = "dev" });

        await issuer.SetPersonAsync("person-7", "alice", "developers", "others");
        using var browser = new Browser(server.Registry, follows: true);
        await SignInAsync(browser, "person-7");
        Assert.Equal("alice", await browser.WhoAsync());
        Assert.Equal(["alice"], await MembersAsync());

        // The issuer has other keys now, and the person other groups.
        await issuer.RenewAsync(algorithm);
        await issuer.SetPersonAsync("person-7", "alice");
        using var later = new Browser(server.Registry, follows: true);
        await SignInAsync(later, "person-7");
        Assert.Equal("alice", await later.WhoAsync());
        Assert.Empty(await MembersAsync());

        async Task<List<string?>> MembersAsync() => [.. (await root.GetAsync("/spaces/team/teams/dev")).GetProperty("members").EnumerateArray().Select(member => member.GetString())];
    }

    [Theory]
    [InlineData(Engine.Sqlite)]
    [InlineData(Engine.Postgres)]
    public async Task A_job_pushes_with_podman_and_skopeo(Engine engine)
    {
        using var issuer = await RealIssuer.StartAsync(world);
        await using var server = await StartRegistryAsync(engine, issuer, "alice");
        var (host, alice, url) = (server.Registry.Authority, server.As("alice"), issuer.Url);
        world.Trust(host);
        await alice.PostAsync("/organizations", new { name = "team" });
        await alice.PostAsync("/spaces/team/robots", new { name = "ci", target = "team/app", rights = "write", keyless = true });
        await alice.PostAsync("/spaces/team/robots/ci/trusts", new { issuer = url, claims = new Dictionary<string, string> { ["repository"] = "team/app", ["ref"] = "refs/heads/*" } });
        await world.BuildAsync($"{host}/team/app:1", "by a job");

        var token = await TokenAsync("refs/heads/main");
        await world.RunAsync($"printf %s '{token}' | podman login -u team+ci --password-stdin {host}");
        await world.RunAsync($"podman push {host}/team/app:1 && podman rmi {host}/team/app:1 && podman pull {host}/team/app:1 && podman logout {host}");
        await world.RunAsync($"{ClientWorld.Skopeo} copy --src-creds 'team+ci:{token}' --dest-creds 'team+ci:{token}' docker://{host}/team/app:1 docker://{host}/team/app:2");
        await RefusedAsync($"{ClientWorld.Skopeo} copy --src-creds 'team+ci:{token}' --dest-creds 'team+ci:{token}' docker://{host}/team/app:1 docker://{host}/team/other:1");

        // A job of another branch, and one whose token is for another registry.
        foreach (var wrong in (string[])[await TokenAsync("refs/tags/v1"), await TokenAsync("refs/heads/main", "registry.example")])
        {
            await RefusedAsync($"printf %s '{wrong}' | podman login -u team+ci --password-stdin {host}");
            await RefusedAsync($"{ClientWorld.Skopeo} inspect --creds 'team+ci:{wrong}' docker://{host}/team/app:1");
        }
        await AuditLines.ExpectRefusalsAsync(server.Registry, ["ref is refs/tags/v1", "the token is for registry.example"]);

        async Task<string> TokenAsync(string branch, string? audience = null)
        {
            var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
            return await issuer.SignAsync(new { iss = url, aud = audience ?? host, sub = $"repo:team/app:ref:{branch}", repository = "team/app", @ref = branch, iat = now, nbf = now, exp = now + 300 });
        }
    }

    static Task<ApiServer> StartRegistryAsync(Engine engine, RealIssuer issuer, params string[] users) =>
        ApiServer.StartAsync(engine, config => config with { Oidc = [issuer.Configure(new GroupMap("developers", "team", "dev"))] }, users);

    static async Task SignInAsync(Browser browser, string person)
    {
        using var page = await RealIssuer.SignInAsync(browser, person);
        Assert.Equal("/login", page.RequestMessage!.RequestUri!.AbsolutePath);
        await page.ExpectAsync(HttpStatusCode.OK);
    }

    async Task RefusedAsync(string command)
    {
        var run = await world.TryRunAsync(command);
        Assert.True(run.ExitCode != 0, $"{command}\nwent well\n{run.Output}\n{run.Error}");
    }
}
