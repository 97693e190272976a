using System.Net;
using System.Text.RegularExpressions;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

/// <summary>Commands that pages and files show, pasted into a shell whose clients know nothing of the registry, which has no TLS.</summary>
[Trait("Kind", "client"), Collection(ClientCollections.Podman)]
public sealed partial class ShownCommandClientTests(Registries registries, ClientWorld world) : IClassFixture<ClientWorld>
{
    [Fact]
    public async Task They_work_as_pasted()
    {
        var registry = await registries.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("shown");
        var image = $"{registry.Authority}/{name}:1";
        await world.BuildAsync(image, "as shown");
        await world.RunAsync($"podman push --tls-verify=false {image}");

        // The page: every command of podman and skopeo on it, with nothing in the storage.
        var commands = (await ShownAsync(registry, $"/r/{name}:1?view=run")).Concat(await ShownAsync(registry, $"/r/{name}")).ToList();
        var pulls = commands.Where(line => line.StartsWith("podman pull ", StringComparison.Ordinal) || line.StartsWith("skopeo copy ", StringComparison.Ordinal)).Distinct().ToList();
        Assert.Equal(2, pulls.Count);
        foreach (var pull in pulls)
            await world.RunAsync($"podman rmi --force --ignore {image} && {pull}");

        // The files, by the line that each says to start it with.
        await world.RunAsync($"podman rmi --force --ignore {image}");
        Assert.Equal("as shown", await world.RunAsync($"curl -fsS {registry.Url}run/{name}:1/run.sh | sh"));
        await StartAsync(registry, name, "kube.yaml", "kube", image);
        await world.RunAsync("podman kube down kube/kube.yaml");
        await StartAsync(registry, name, "compose.yaml", "compose", image);
        await world.RunAsync("cd compose && podman-compose down -t 0");
    }

    async Task StartAsync(Registry registry, string name, string file, string directory, string image)
    {
        await world.RunAsync($"podman rm --all --force -t 0 && podman rmi --force --ignore {image} && mkdir {directory} && curl -fsS {registry.Url}run/{name}:1/{file} -o {directory}/{file}");
        var line = (await File.ReadAllLinesAsync(world[$"{directory}/{file}"], TestContext.Current.CancellationToken)).Single(one => one.StartsWith("# Start it", StringComparison.Ordinal));
        await world.RunAsync($"cd {directory} && {line[(line.IndexOf(": ", StringComparison.Ordinal) + 2)..]}");
        Assert.Contains(image, await world.RunAsync("podman ps --all --format '{{.Image}}'"), StringComparison.Ordinal);
    }

    static async Task<IEnumerable<string>> ShownAsync(Registry registry, string path)
    {
        using var page = await registry.GetAsync(path, ("Accept", "text/html"));
        await page.ExpectAsync(HttpStatusCode.OK);
        return Shown().Matches(await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).SelectMany(code => WebUtility.HtmlDecode(code.Groups[1].Value).Split('\n'));
    }

    [GeneratedRegex("<code>([^<]*)</code>")]
    private static partial Regex Shown();
}
