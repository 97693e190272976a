using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

[Trait("Kind", "client"), Collection(ClientCollections.Others)]
public sealed class DockerTests(Registries registries, DockerWorld docker) : IClassFixture<DockerWorld>
{
    readonly ClientWorld world = docker.World;

    [Fact]
    public async Task An_image_is_built_pushed_pulled_and_run()
    {
        var registry = await world.ConnectAsync(registries);
        var image = $"{registry.Authority}/{Registry.NewRepository("docker")}:1";
        await BuildAsync(image, "by docker");
        await world.RunAsync($"docker login -u anybody -p anything {registry.Authority}"); // as scripts do
        var pushed = await world.RunAsync($"docker push {image}");
        await world.RunAsync($"docker rmi {image} && docker pull {image}");
        Assert.Equal("by docker", await world.RunAsync($"docker run --rm --network none {image}"));

        var digest = await world.RunAsync($"{ClientWorld.Skopeo} inspect --format '{{{{.Digest}}}}' docker://{image}");
        Assert.Contains(digest, pushed, StringComparison.Ordinal);
        await world.RunAsync($"docker rmi {image} && docker pull {image.Split(":1")[0]}@{digest}");
    }

    [Fact]
    public async Task What_podman_pushes_docker_runs_and_the_other_way_round()
    {
        var registry = await world.ConnectAsync(registries);
        var repository = $"{registry.Authority}/{Registry.NewRepository("both")}";
        await world.BuildAsync($"{repository}:podman", "by podman");
        await world.RunAsync($"podman push --format oci {repository}:podman");
        await world.RunAsync($"docker pull {repository}:podman");
        Assert.Equal("by podman", await world.RunAsync($"docker run --rm --network none {repository}:podman"));

        await BuildAsync($"{repository}:docker", "by docker");
        await world.RunAsync($"docker push {repository}:docker");
        await world.RunAsync($"podman pull {repository}:docker");
        var container = await world.RunAsync($"podman create {repository}:docker");
        Assert.Equal("by docker", await world.RunAsync($"podman cp {container}:/text - | tar -xO"));
    }

    [Fact]
    public async Task A_layer_that_another_repository_has_is_mounted()
    {
        var registry = await world.ConnectAsync(registries);
        var (first, second) = (Registry.NewRepository("docker"), Registry.NewRepository("docker"));
        await BuildAsync($"{registry.Authority}/{first}:1", "mounted");
        await world.RunAsync($"docker push {registry.Authority}/{first}:1");
        await world.RunAsync($"docker tag {registry.Authority}/{first}:1 {registry.Authority}/{second}:1");
        Assert.Contains($"Mounted from {first}", await world.RunAsync($"docker push {registry.Authority}/{second}:1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_manifest_list_is_made_and_pushed()
    {
        var registry = await world.ConnectAsync(registries);
        var repository = $"{registry.Authority}/{Registry.NewRepository("docker")}";
        await BuildAsync($"{repository}:amd64", "listed");
        await world.RunAsync($"docker push {repository}:amd64");
        await world.RunAsync($"""
            docker manifest create --insecure {repository}:1 {repository}:amd64
            docker manifest annotate --os linux --arch amd64 {repository}:1 {repository}:amd64
            docker manifest push --insecure {repository}:1
            """);
        Assert.Equal(
            "application/vnd.docker.distribution.manifest.list.v2+json amd64",
            await world.RunAsync($"{ClientWorld.Skopeo} inspect --raw docker://{repository}:1 | jq -r '\"\\(.mediaType) \\(.manifests[].platform.architecture)\"'"));
        await world.RunAsync($"docker rmi {repository}:amd64 && docker pull {repository}:1");
        Assert.Equal("listed", await world.RunAsync($"docker run --rm --network none {repository}:1"));
    }

    async Task BuildAsync(string image, string text)
    {
        var context = $"docker-{Guid.NewGuid():N}";
        world.Write($"{context}/text", text);
        world.Write($"{context}/Dockerfile", """
            FROM scratch
            COPY busybox /bin/busybox
            COPY text /text
            CMD ["/bin/busybox", "cat", "/text"]
            """);
        await world.RunAsync($"cp /bin/busybox {context}/ && DOCKER_BUILDKIT=0 docker build -t {image} {context}");
    }
}

/// <summary>A docker engine of our own, which leaves the machine's networks alone.</summary>
public sealed class DockerWorld : IAsyncLifetime
{
    public ClientWorld World { get; } = new();

    public async ValueTask InitializeAsync() => await StartAsync(World);

    /// <summary>Starts an engine that the docker commands of a world talk to.</summary>
    internal static async Task StartAsync(ClientWorld world)
    {
        world.Write("dockerd.json", "{}");
        world.Environment["DOCKER_HOST"] = $"unix://{world["docker.sock"]}";
        await world.StartDaemonAsync(
            "dockerd --config-file dockerd.json --data-root $PWD/dockerd --exec-root $PWD/dockerd-run --pidfile $PWD/dockerd.pid --host $DOCKER_HOST "
            + "--storage-driver vfs --bridge none --iptables=false --ip-masq=false --ip-forward=false",
            "API listen on");
    }

    public ValueTask DisposeAsync() => World.DisposeAsync();
}
