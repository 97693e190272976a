using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Staithe.Tests.Api;
using Staithe.Tests.Clients;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Federation;

/// <summary>Jobs with the tokens of a real issuer (tests/issuer) and the real clients.</summary>
[Trait("Kind", "client"), Collection(ClientCollections.Others)]
public sealed class RealIssuerTests(ClientWorld world) : IClassFixture<ClientWorld>
{
    const string Ready = "issuer listens on ";

    [Theory]
    [InlineData(Engine.Sqlite)]
    [InlineData(Engine.Postgres)]
    public async Task A_job_pushes_with_podman_and_skopeo(Engine engine)
    {
        using var issuer = await StartAsync();
        await using var server = await StartRegistryAsync(engine, issuer.BaseAddress!, "alice");
        var (host, alice, url) = (server.Registry.Authority, server.As("alice"), issuer.BaseAddress!.OriginalString.TrimEnd('/'));
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
            var signed = await PostAsync(issuer, "/test/sign", new { claims = new { iss = url, aud = audience ?? host, sub = $"repo:team/app:ref:{branch}", repository = "team/app", @ref = branch, iat = now, nbf = now, exp = now + 300 } });
            return signed.GetProperty("token").GetString()!;
        }
    }

    async Task<HttpClient> StartAsync()
    {
        var script = Repository.File("tests/issuer/issuer.mjs");
        Assert.True(Directory.Exists(Repository.File("tests/issuer/node_modules")), "the issuer is not installed: ./test does that, with \"npm ci\" in tests/issuer");
        var daemon = await world.StartDaemonAsync($"node '{script}'", Ready);
        return new HttpClient { BaseAddress = new Uri(daemon.ReadyLine.Split(Ready)[1].Trim()) };
    }

    static Task<ApiServer> StartRegistryAsync(Engine engine, Uri issuer, params string[] users) =>
        ApiServer.StartAsync(engine, config => config with { TrustedIssuers = [issuer.OriginalString.TrimEnd('/')] }, users);

    static async Task<JsonElement> PostAsync(HttpClient issuer, string path, object body)
    {
        using var response = await issuer.PostAsJsonAsync(new Uri(path, UriKind.Relative), body, TestContext.Current.CancellationToken);
        await response.ExpectAsync(HttpStatusCode.OK);
        return await response.JsonAsync();
    }

    async Task RefusedAsync(string command)
    {
        var run = await world.TryRunAsync(command);
        Assert.True(run.ExitCode != 0, $"{command}\nwent well\n{run.Output}\n{run.Error}");
    }
}
