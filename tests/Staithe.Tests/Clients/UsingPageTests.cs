using System.Text.RegularExpressions;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

/// <summary>Runs what <c>docs/using.md</c> tells people to run, from top to bottom.</summary>
[Trait("Kind", "client"), Collection(ClientCollections.Podman)]
public sealed partial class UsingPageTests(Registries registries, ClientWorld world) : IClassFixture<ClientWorld>
{
    [Fact]
    public async Task Every_command_of_the_page_works()
    {
        var registry = await registries.GetAsync(Engine.Sqlite); // not trusted beforehand: the page has to say what is needed
        await DockerWorld.StartAsync(world);
        await ContainerdWorld.StartAsync(world);
        DotnetPublishTests.WriteProject(world, "hello");
        await world.RunAsync("cp /bin/busybox hello/");
        world.Write("hello/Containerfile", """
            FROM scratch
            COPY busybox /bin/busybox
            ENTRYPOINT ["/bin/busybox"]
            """);
        var text = await File.ReadAllTextAsync(Repository.File("docs/using.md"), TestContext.Current.CancellationToken);
        var blocks = Blocks().Matches(text).Select(block => block.Groups[1].Value).ToList();
        Assert.InRange(blocks.Count, 8, 50);
        // a repository of the page's is a repository of this test's
        var page = string.Join('\n', blocks).Replace("localhost:5000", registry.Authority, StringComparison.Ordinal).Replace("team/", "using-page/", StringComparison.Ordinal);
        world.Write("page.sh", page);
        var output = await world.RunAsync($"export PATH=\"{AppContext.BaseDirectory}:$PATH\" && cd hello && bash -eux -o pipefail ../page.sh");
        Assert.EndsWith("""{"name":"using-page/files","tags":["1"]}""", output, StringComparison.Ordinal);

        foreach (var image in (string[])["restored/copy:1", "restored/copy:2", "using-page/app:docker", "using-page/app:buildah", "using-page/app:ctr", "using-page/app:umoci", "using-page/hello:1"])
        {
            using var response = await registry.HeadAsync($"/v2/{image.Replace(":", "/manifests/", StringComparison.Ordinal)}");
            Assert.True(response.IsSuccessStatusCode, image);
        }
    }

    [GeneratedRegex(@"^```sh\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    internal static partial Regex Blocks();
}
