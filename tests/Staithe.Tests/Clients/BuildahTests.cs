using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

[Trait("Kind", "client"), Collection(ClientCollections.Podman)]
public sealed class BuildahTests(Registries registries, ClientWorld world) : IClassFixture<ClientWorld>
{
    [Fact]
    public async Task An_image_is_pushed_pulled_built_upon_and_pushed_again()
    {
        var registry = await world.ConnectAsync(registries);
        var repository = $"{registry.Authority}/{Registry.NewRepository("buildah")}";
        await world.BuildAsync($"{repository}:1", "the first");
        await world.RunAsync($"buildah push {repository}:1 && buildah rmi {repository}:1 && buildah pull {repository}:1 && buildah rmi {repository}:1");

        world.Write("more", "and more");
        await world.RunAsync($"""
            container=$(buildah from {repository}:1)
            buildah copy $container more /more
            buildah config --label by=buildah $container
            buildah commit --rm $container {repository}:2
            buildah push --digestfile second {repository}:2
            buildah rmi {repository}:2
            """);

        var digest = await File.ReadAllTextAsync(world["second"], TestContext.Current.CancellationToken);
        await world.RunAsync($"""
            container=$(buildah from {repository}@{digest})
            cat $(buildah mount $container)/text $(buildah mount $container)/more > both
            buildah umount $container
            buildah rm $container
            """);
        Assert.Equal("the firstand more", await File.ReadAllTextAsync(world["both"], TestContext.Current.CancellationToken));
        Assert.Equal("buildah", await world.RunAsync($"{ClientWorld.Skopeo} inspect docker://{repository}:2 | jq -r .Labels.by"));
        // what the first image has is there once: its layers are the first of the second's
        Assert.Equal("true", await world.RunAsync($"""
            {ClientWorld.Skopeo} inspect --raw docker://{repository}:1 > first.json
            {ClientWorld.Skopeo} inspect --raw docker://{repository}:2 > second.json
            jq -n --slurpfile a first.json --slurpfile b second.json '$a[0].layers == $b[0].layers[:-1]'
            """));
    }

    [Fact]
    public async Task A_manifest_list_is_made_and_pushed()
    {
        var registry = await world.ConnectAsync(registries);
        var repository = $"{registry.Authority}/{Registry.NewRepository("buildah")}";
        await world.BuildAsync($"{repository}:arm64", "for arm64", "--arch arm64");
        await world.RunAsync($"buildah push {repository}:arm64");
        await world.RunAsync($"""
            buildah manifest create {repository}:1
            buildah manifest add --tls-verify=false {repository}:1 docker://{repository}:arm64
            buildah manifest push --tls-verify=false --all {repository}:1 docker://{repository}:1
            buildah manifest rm {repository}:1
            """);
        Assert.Equal("arm64", await world.RunAsync($"{ClientWorld.Skopeo} inspect --raw docker://{repository}:1 | jq -r '.manifests[].platform.architecture'"));
        await world.RunAsync($"buildah rmi {repository}:arm64 && buildah pull --arch arm64 {repository}:1");
    }
}
