using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.Json;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

[Trait("Kind", "client"), Collection(ClientCollections.Podman)]
public sealed class PodmanTests(Registries registries, ClientWorld world) : IClassFixture<ClientWorld>
{
    [Theory, OnBothEngines]
    public async Task A_service_is_built_pushed_pulled_and_answers(Engine engine)
    {
        var registry = await world.ConnectAsync(registries, engine);
        var image = $"{registry.Authority}/{Registry.NewRepository("me")}:1";
        var text = $"ahoy {Guid.NewGuid()}";
        world.Write("service/Containerfile", """
            FROM scratch
            COPY busybox /bin/busybox
            COPY answer /bin/answer
            EXPOSE 3306
            ENTRYPOINT ["/bin/busybox", "nc", "-ll", "-p", "3306", "-e", "/bin/answer"]
            """);
        // Reads the request first: a connection closed with bytes unread is reset, and the answer may be lost.
        world.Write("service/answer", $$"""
            #!/bin/busybox sh
            while read -r line && [ ${#line} -gt 1 ]; do :; done
            echo "{{text}}"
            """);
        await world.RunAsync($"cp /bin/busybox service/ && chmod +x service/answer && buildah bud --isolation chroot -t {image} service");
        await world.RunAsync($"podman push {image}");
        await world.RunAsync($"podman rmi {image}");
        await world.RunAsync($"podman pull {image}");

        var port = FreePort(3306);
        var container = await world.RunAsync($"podman run -d -p {port}:3306 {image}");
        var answer = await world.RunAsync($"curl --http0.9 -sS --retry 20 --retry-connrefused --retry-delay 1 localhost:{port}");
        await world.RunAsync($"podman rm -f -t 0 {container}");
        Assert.Equal(text, answer);
    }

    [Theory]
    [InlineData("oci", "gzip", "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip")]
    [InlineData("oci", "zstd", "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.layer.v1.tar+zstd")]
    [InlineData("v2s2", "gzip", "application/vnd.docker.distribution.manifest.v2+json", "application/vnd.docker.image.rootfs.diff.tar.gzip")]
    public async Task A_format_comes_back_as_it_was_pushed(string format, string compression, string manifestType, string layerType)
    {
        var registry = await world.ConnectAsync(registries);
        var repository = $"{registry.Authority}/{Registry.NewRepository("format")}";
        await world.BuildAsync($"{repository}:1", format + compression);
        await world.RunAsync($"podman push --format {format} --compression-format {compression} --digestfile digest {repository}:1");
        var digest = await File.ReadAllTextAsync(world["digest"], TestContext.Current.CancellationToken);
        await world.RunAsync($"podman rmi {repository}:1 && podman pull {repository}@{digest}");

        using var response = await registry.GetAsync($"/v2/{repository[(registry.Authority.Length + 1)..]}/manifests/{digest}");
        await response.ExpectAsync(HttpStatusCode.OK);
        var served = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal(digest, Registry.Digest(System.Text.Encoding.UTF8.GetBytes(served)));
        Assert.Equal(manifestType, response.Header("Content-Type"));
        Assert.All(JsonDocument.Parse(served).RootElement.GetProperty("layers").EnumerateArray(), layer => Assert.Equal(layerType, layer.GetProperty("mediaType").GetString()));
        // what podman keeps of the pull, byte for byte
        Assert.Equal(served, await world.RunAsync($"{ClientWorld.Skopeo} inspect --raw containers-storage:{repository}@{digest}"));
        Assert.Equal(format + compression, await world.RunAsync($"podman run --rm --network none {repository}@{digest}"));
    }

    [Theory, OnBothEngines]
    public async Task A_manifest_list_is_pushed_with_all_its_images_and_each_platform_gets_its_own(Engine engine)
    {
        var registry = await world.ConnectAsync(registries, engine);
        var repository = $"{registry.Authority}/{Registry.NewRepository("multi")}";
        await world.BuildAsync($"{repository}:amd64", "for amd64", "--arch amd64");
        await world.BuildAsync($"{repository}:arm64", "for arm64", "--arch arm64");
        await world.RunAsync($"podman manifest create {repository}:1 containers-storage:{repository}:amd64 containers-storage:{repository}:arm64");
        await world.RunAsync($"podman manifest push --all {repository}:1 docker://{repository}:1");
        await world.RunAsync($"podman manifest rm {repository}:1 && podman rmi {repository}:amd64 {repository}:arm64");

        var index = JsonDocument.Parse(await world.RunAsync($"{ClientWorld.Skopeo} inspect --raw docker://{repository}:1")).RootElement;
        Assert.Equal(["amd64", "arm64"], index.GetProperty("manifests").EnumerateArray().Select(child => child.GetProperty("platform").GetProperty("architecture").GetString()!).Order());
        foreach (var architecture in (string[])["amd64", "arm64"])
        {
            await world.RunAsync($"podman pull --arch {architecture} {repository}:1");
            Assert.Equal(architecture, await world.RunAsync($"podman image inspect --format '{{{{.Architecture}}}}' {repository}:1"));
            var container = await world.RunAsync($"podman create --arch {architecture} {repository}:1");
            Assert.Equal($"for {architecture}", await world.RunAsync($"podman cp {container}:/text - | tar -xO"));
            await world.RunAsync($"podman rm {container} && podman rmi {repository}:1");
        }
    }

    [Fact]
    public async Task An_image_of_64_layers_comes_back_whole()
    {
        var registry = await world.ConnectAsync(registries);
        var image = $"{registry.Authority}/{Registry.NewRepository("layers")}:64";
        var layout = new OciLayout(world["layout-64"]);
        for (var i = 0; i < 64; i++)
            layout.AddLayer($"file{i}", $"content {i}");
        layout.Write("64");
        await world.RunAsync($"{ClientWorld.Skopeo} copy oci:layout-64:64 docker://{image}");
        await world.RunAsync($"podman pull {image}");
        await world.RunAsync($"podman tag {image} {image}-again && podman push {image}-again");

        var container = await world.RunAsync($"podman create {image} /nothing");
        var files = await world.RunAsync($"podman export {container} | tar -t");
        Assert.Equal(Enumerable.Range(0, 64).Select(i => $"file{i}").Order(), files.Split('\n').Where(name => name.StartsWith("file", StringComparison.Ordinal)).Order());
        Assert.Equal("content 63", await world.RunAsync($"podman cp {container}:/file63 - | tar -xO"));
        Assert.Equal("64", await world.RunAsync($"{ClientWorld.Skopeo} inspect --raw docker://{image}-again | jq '.layers | length'"));
    }

    [Theory, OnBothEngines]
    public async Task Search_finds_repositories_and_tags_and_a_login_is_no_obstacle(Engine engine)
    {
        var registry = await world.ConnectAsync(registries, engine);
        var name = Registry.NewRepository($"search-{Guid.NewGuid():N}");
        await registry.PushImageAsync(name, "1");
        await registry.PushImageAsync(name, "2");
        await registry.App.DrainAsync(TestContext.Current.CancellationToken);
        await world.RunAsync($"podman login -u anybody -p anything --authfile login.json {registry.Authority}"); // as scripts do
        Assert.Equal($"{registry.Authority}/{name}", await world.RunAsync($"podman search --format '{{{{.Name}}}}' {registry.Authority}/{name.Split('/')[0]}"));
        Assert.Equal("1\n2", await world.RunAsync($"podman search --list-tags {registry.Authority}/{name} | awk 'NR > 1 {{ print $2 }}'"));
    }

    [Fact]
    public async Task What_is_not_there_is_told_in_words()
    {
        var registry = await world.ConnectAsync(registries);
        var run = await world.TryRunAsync($"podman pull {registry.Authority}/nobody/nothing:1");
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("there is no repository nobody/nothing", run.Error, StringComparison.Ordinal);
    }

    static int FreePort(int wanted)
    {
        if (IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().All(listener => listener.Port != wanted))
            return wanted;
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
