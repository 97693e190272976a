using Staithe.Accounts;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

/// <summary>What the search commands of the real clients show, to whom.</summary>
[Trait("Kind", "client"), Collection(ClientCollections.Others)]
public sealed class SearchClientTests(DockerWorld docker) : IClassFixture<DockerWorld>
{
    readonly ClientWorld world = docker.World;

    [Theory, OnBothEngines]
    public async Task What_is_private_is_found_by_those_who_may_see_it(Engine engine)
    {
        await using var closed = await ClosedRegistry.StartAsync(engine);
        world.Trust(closed.Registry.Authority);
        var (host, alice, carol) = (closed.Registry.Authority, await closed.AddUserAsync("alice"), await closed.AddUserAsync("carol"));
        var (shown, hidden) = ($"{alice.Name}/boats-shown", $"{alice.Name}/boats-hidden");
        foreach (var name in (string[])[shown, hidden])
            await closed.As(alice).PushImageAsync(name, "1");
        await closed.SetVisibilityAsync(shown, Visibility.Public);
        await closed.Registry.App.DrainAsync(TestContext.Current.CancellationToken);

        // podman puts the host before the names, and says who it is to the catalogue alone, where it looks when nothing public is found.
        await FindsAsync("podman", "boats", shown);
        await FindsAsync("podman", "boats-hidden");
        await LogInAsync("podman", carol);
        await FindsAsync("podman", "boats-hidden");
        await LogInAsync("podman", alice);
        await FindsAsync("podman", "boats-hidden", hidden);

        // docker shows names as they are sent, and sends the token that it keeps. It comes last: podman reads that token too, and can do nothing with it.
        await FindsAsync("docker", "boats", shown);
        await FindsAsync("docker", "nosuchword");
        await LogInAsync("docker", carol);
        await FindsAsync("docker", "boats", shown);
        await LogInAsync("docker", alice);
        await FindsAsync("docker", "boats", shown, hidden);
        await FindsAsync("docker", "boats arch:amd64", shown, hidden);

        async Task FindsAsync(string client, string term, params string[] names) => Assert.Equal(
            names.Select(name => $"{host}/{name}").Order(StringComparer.Ordinal),
            (await world.RunAsync($"{client} search --format '{{{{.Name}}}}' '{host}/{term}'")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));

        Task LogInAsync(string client, Account who) => world.RunAsync($"printf %s '{who.Password}' | {client} login -u {who.Name} --password-stdin {host}");
    }
}
