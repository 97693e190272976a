using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

/// <summary>The real clients at a name that a repository had before: they go on, and those that know of warnings show it.</summary>
[Trait("Kind", "client"), Collection(ClientCollections.Others)]
public sealed class FormerNameTests(ClientWorld world) : IClassFixture<ClientWorld>
{
    [Theory, OnBothEngines]
    public async Task Podman_and_skopeo_push_and_pull_by_an_old_name_and_show_the_warning(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "bob");
        var (alice, host, creds) = (server.As("alice"), server.Registry.Authority, $"--creds 'alice:{ApiServer.Password("alice")}'");
        world.Trust(host);
        await alice.PostAsync("/organizations", new { name = "dock" });
        var old = $"{host}/dock/app:1";
        await world.BuildAsync(old, "first");
        await world.RunAsync($"podman push {creds} {old}");

        await MoveTests.MoveAsync(alice, "dock/app", "dock/web/site");
        await PushAndPullAsync(old, creds, "dock/app is called dock/web/site now");
        await MoveTests.RenameSpaceAsync(alice, "dock", "pier");
        await PushAndPullAsync(old, creds, "dock/app is called pier/web/site now");
        await PushAndPullAsync($"{host}/dock/web/site:1", creds, "dock/web/site is called pier/web/site now");
        await MoveTests.MoveAsync(alice, "pier/web/site", "alice/site");
        await PushAndPullAsync(old, creds, "dock/app is called alice/site now");

        // A copy from the old name to another repository mounts what is there.
        await world.RunAsync($"{ClientWorld.Skopeo} copy --src-creds 'alice:{ApiServer.Password("alice")}' --dest-creds 'alice:{ApiServer.Password("alice")}' docker://{old} docker://{host}/alice/copy:1");
        Assert.Equal(["alice/copy", "alice/site"], await MoveTests.NamesAsync(server));
        var refused = await world.TryRunAsync($"podman pull --creds 'bob:{ApiServer.Password("bob")}' {old}");
        Assert.NotEqual(0, refused.ExitCode);
        Assert.DoesNotContain("alice/site", refused.Error, StringComparison.Ordinal);
        await MoveTests.FsckAsync(server);
    }

    async Task PushAndPullAsync(string image, string creds, string warning)
    {
        await world.BuildAsync(image, Guid.NewGuid().ToString());
        await WarnedAsync("podman", $"push {creds} {image}", warning);
        await world.RunAsync($"podman rmi {image}");
        await WarnedAsync("podman", $"pull {creds} {image}", warning);
        await WarnedAsync(ClientWorld.Skopeo, $"inspect {creds} docker://{image}", warning);
        var name = image[..image.LastIndexOf(':')];
        await WarnedAsync(ClientWorld.Skopeo, $"list-tags {creds} docker://{name}", warning);
        var (host, repository) = (name.Split('/')[0], name[(name.IndexOf('/', StringComparison.Ordinal) + 1)..]);
        Assert.Contains($"Warning: 299 - \"{warning}: use that name\"", await world.RunAsync($"curl -fsSI -u {creds["--creds ".Length..]} http://{host}/v2/{repository}/manifests/1"), StringComparison.Ordinal);
    }

    // Programs of the time before the specification had warnings take them for a header like any other.
    async Task WarnedAsync(string program, string arguments, string warning)
    {
        var run = await world.TryRunAsync($"{program} {arguments}");
        Assert.True(run.ExitCode == 0, run.Error);
        if ((await world.TryRunAsync($"grep -q 'Warning from registry' \"$(command -v {program.Split(' ')[0]})\"")).ExitCode == 0)
            Assert.Contains(warning, run.Error, StringComparison.Ordinal);
    }
}
