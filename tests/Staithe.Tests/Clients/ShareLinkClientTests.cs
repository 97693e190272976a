using System.Globalization;
using System.Net;
using System.Text.Json;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;
using Staithe.Tests.Sharing;

namespace Staithe.Tests.Clients;

/// <summary>Pulls by share links with the real clients, as they are: signed in as somebody, or as nobody.</summary>
[Trait("Kind", "client"), Collection(ClientCollections.Others)]
public sealed class ShareLinkClientTests(DockerWorld docker, ContainerdWorld containerd) : IClassFixture<DockerWorld>, IClassFixture<ContainerdWorld>
{
    readonly ClientWorld world = docker.World;

    [Theory, OnBothEngines]
    public async Task Every_client_pulls_by_a_link(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "alice", "carol");
        var (host, alice) = (server.Registry.Authority, server.As("alice"));
        world.Trust(host);
        var image = $"{host}/alice/web/app:1";
        await world.BuildAsync(image, "shared");
        await world.RunAsync($"podman push --creds 'alice:{ApiServer.Password("alice")}' {image} && podman rmi {image}");
        foreach (var tag in (string?[])[null, "1"])
        {
            var link = await Shared.MakeAsync(alice, "alice/web/app", tag, pulls: 100);
            var shared = $"{host}/{link.Name}:1";
            var pulls = (string[])
            [
                $"podman pull {shared} && podman rmi {shared}",
                $"buildah pull {shared} && buildah rmi {shared}",
                $"{ClientWorld.Skopeo} copy docker://{shared} oci:copy:{engine}{tag}",
                $"docker pull {shared} && test \"$(docker run --rm --network none {shared})\" = shared && docker rmi {shared}",
            ];
            foreach (var login in (string?[])[null, "podman", "docker"])
            {
                if (login is not null)
                    await world.RunAsync($"printf %s '{ApiServer.Password("carol")}' | {login} login -u carol --password-stdin {host}");
                var before = await PullsAsync(link, alice);
                foreach (var pull in pulls)
                    await world.RunAsync(pull);
                Assert.Equal(pulls.Length, await PullsAsync(link, alice) - before); // one each, whatever else they ask
                if (login is not null)
                    await world.RunAsync($"{login} logout {host}");
            }
            await containerd.World.RunAsync($"ctr images pull --plain-http {shared} && ctr images rm {shared}");
            Assert.Equal("[1]", await world.RunAsync($"{ClientWorld.Skopeo} list-tags docker://{host}/{link.Name} | jq -c .Tags | tr -d '\"'"));
            Assert.NotEqual(0, (await world.TryRunAsync($"{ClientWorld.Skopeo} copy oci:copy:{engine}{tag} docker://{shared}")).ExitCode);

            await alice.DeleteAsync($"/spaces/alice/links/{link.Id}");
            foreach (var pull in pulls)
                await RefusedAsync(pull, "link has ended|name unknown|not found|repository does not exist");
        }
        await server.Registry.StopAsync();
        Assert.Contains("anonymous by link", server.Registry.Log, StringComparison.Ordinal);
        Assert.Contains("carol by link", server.Registry.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_last_pull_is_the_last_and_the_log_knows_no_secret()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "alice");
        var (host, alice) = (server.Registry.Authority, server.As("alice"));
        world.Trust(host);
        await world.BuildAsync($"{host}/alice/app:1", "twice");
        await world.RunAsync($"podman push --creds 'alice:{ApiServer.Password("alice")}' {host}/alice/app:1");
        var link = await Shared.MakeAsync(alice, "alice/app", "1", pulls: 2);
        var shared = $"{host}/{link.Name}:1";
        await world.RunAsync($"podman pull {shared} && podman rmi {shared} && docker pull {shared} && docker rmi {shared}");
        await RefusedAsync($"podman pull {shared}", "2 pulls|denied");
        await RefusedAsync($"docker pull {shared}", "2 pulls|denied");

        var timed = await Shared.MakeAsync(alice, "alice/app");
        await timed.ChangeAsync(server.Registry, "expires_at = {now} - 1");
        await RefusedAsync($"podman pull {host}/{timed.Name}:1", "link has ended|name unknown");
        await server.Registry.StopAsync();
        foreach (var one in (Shared[])[link, timed])
            Assert.DoesNotContain(one.Secret, server.Registry.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_tag_of_many_platforms_leads_to_is_pulled_whole()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "alice");
        var (host, alice) = (server.Registry.Authority, server.As("alice"));
        world.Trust(host);
        foreach (var arch in (string[])["amd64", "arm64"])
            await world.BuildAsync($"{host}/alice/app:{arch}", arch, $"--arch {arch}");
        await world.RunAsync($"""
            podman manifest create {host}/alice/app:1 && podman manifest add {host}/alice/app:1 containers-storage:{host}/alice/app:amd64 && podman manifest add {host}/alice/app:1 containers-storage:{host}/alice/app:arm64
            podman manifest push --all --creds 'alice:{ApiServer.Password("alice")}' {host}/alice/app:1 docker://{host}/alice/app:1
            podman push --creds 'alice:{ApiServer.Password("alice")}' {host}/alice/app:amd64 docker://{host}/alice/app:other
            podman manifest rm {host}/alice/app:1
            """);
        var link = await Shared.MakeAsync(alice, "alice/app", "1", pulls: 3);
        await world.RunAsync($"{ClientWorld.Skopeo} copy --all docker://{host}/{link.Name}:1 oci:whole:1");
        await world.RunAsync($"podman pull --platform linux/arm64 {host}/{link.Name}:1");
        await world.RunAsync($"docker pull {host}/{link.Name}:1");
        Assert.Equal(3, await PullsAsync(link, alice));
        await RefusedAsync($"podman pull {host}/{link.Name}:other", "leads to no manifest|manifest unknown");
    }

    static async Task<int> PullsAsync(Shared link, ApiClient alice) => (await link.FindAsync(alice, "alice")).GetProperty("pulls").GetInt32();

    async Task RefusedAsync(string command, string says)
    {
        var run = await world.TryRunAsync(command);
        Assert.True(run.ExitCode != 0, $"{command}\nwent well\n{run.Output}\n{run.Error}");
        Assert.Matches($"(?i){says}", run.Error);
    }
}
