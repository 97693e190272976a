using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

[Trait("Kind", "client"), Collection(ClientCollections.Others)]
public sealed class ContainerdTests(Registries registries, ContainerdWorld containerd) : IClassFixture<ContainerdWorld>
{
    readonly ClientWorld world = containerd.World;

    [Theory, OnBothEngines]
    public async Task An_image_is_pulled_tagged_and_pushed(Engine engine)
    {
        var registry = await world.ConnectAsync(registries, engine);
        var repository = $"{registry.Authority}/{Registry.NewRepository("ctr")}";
        await world.BuildAsync($"{repository}:1", "by containerd");
        await world.RunAsync($"podman push {repository}:1");
        await world.RunAsync($"""
            ctr images pull --plain-http {repository}:1
            ctr images tag {repository}:1 {repository}-copy:2
            ctr images push --plain-http {repository}-copy:2
            """);
        Assert.Equal(
            await world.RunAsync($"{ClientWorld.Skopeo} inspect --raw docker://{repository}:1"),
            await world.RunAsync($"{ClientWorld.Skopeo} inspect --raw docker://{repository}-copy:2"));

        await world.RunAsync($"mkdir mounted && ctr images mount {repository}:1 mounted");
        Assert.Equal("by containerd", await world.RunAsync("cat mounted/text"));
        await world.RunAsync("ctr images unmount mounted && rmdir mounted");
    }

    [Fact]
    public async Task One_platform_or_all_of_them_are_pulled_and_pushed()
    {
        var registry = await world.ConnectAsync(registries);
        var repository = $"{registry.Authority}/{Registry.NewRepository("ctr")}";
        await world.BuildAsync($"{repository}:amd64", "for amd64", "--arch amd64");
        await world.BuildAsync($"{repository}:arm64", "for arm64", "--arch arm64");
        await world.RunAsync($"""
            podman manifest create {repository}:1 containers-storage:{repository}:amd64 containers-storage:{repository}:arm64
            podman manifest push --all {repository}:1 docker://{repository}:1
            ctr images pull --plain-http --platform linux/arm64 {repository}:1
            mkdir arm && ctr images mount --platform linux/arm64 {repository}:1 arm
            """);
        Assert.Equal("for arm64", await world.RunAsync("cat arm/text"));
        await world.RunAsync("ctr images unmount arm");

        await world.RunAsync($"""
            ctr content fetch --plain-http --all-platforms {repository}:1
            ctr images tag {repository}:1 {repository}-copy:1
            ctr images push --plain-http {repository}-copy:1
            """);
        Assert.Equal(
            await world.RunAsync($"{ClientWorld.Skopeo} inspect --raw docker://{repository}:1"),
            await world.RunAsync($"{ClientWorld.Skopeo} inspect --raw docker://{repository}-copy:1"));
        await world.RunAsync($"{ClientWorld.Skopeo} copy --all docker://{repository}-copy:1 dir:ctr-all");
    }
}

/// <summary>A containerd of our own.</summary>
public sealed class ContainerdWorld : IAsyncLifetime
{
    public ClientWorld World { get; } = new();

    public async ValueTask InitializeAsync() => await StartAsync(World);

    /// <summary>Starts a containerd that the ctr commands of a world talk to.</summary>
    internal static async Task StartAsync(ClientWorld world)
    {
        world.Write("containerd.toml", $"""
            version = 2
            root = "{world["containerd"]}"
            state = "{world["containerd-run"]}"
            disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
            [grpc]
            address = "{world["containerd.sock"]}"
            [ttrpc]
            address = "{world["containerd-ttrpc.sock"]}"
            """);
        world.Environment["CONTAINERD_ADDRESS"] = world["containerd.sock"];
        world.Environment["CONTAINERD_SNAPSHOTTER"] = "native";
        await world.StartDaemonAsync("containerd --config containerd.toml", "containerd successfully booted");
    }

    public ValueTask DisposeAsync() => World.DisposeAsync();
}
