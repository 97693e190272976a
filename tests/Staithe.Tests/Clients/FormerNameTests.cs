using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

/// <summary>The real clients at a name that a repository had before: they go on, and say what they were told.</summary>
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
        var pushed = await world.TryRunAsync($"podman push {creds} {image}");
        Assert.True(pushed.ExitCode == 0, pushed.Error);
        Assert.Contains(warning, pushed.Error, StringComparison.Ordinal);
        await world.RunAsync($"podman rmi {image}");
        var pulled = await world.TryRunAsync($"podman pull {creds} {image}");
        Assert.True(pulled.ExitCode == 0, pulled.Error);
        Assert.Contains(warning, pulled.Error, StringComparison.Ordinal);
        var inspected = await world.TryRunAsync($"{ClientWorld.Skopeo} inspect {creds} docker://{image}");
        Assert.True(inspected.ExitCode == 0, inspected.Error);
        Assert.Contains(warning, inspected.Error, StringComparison.Ordinal);
        await world.RunAsync($"{ClientWorld.Skopeo} list-tags {creds} docker://{image[..image.LastIndexOf(':')]}");
    }
}
