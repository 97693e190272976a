using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

[Trait("Kind", "client"), Collection(ClientCollections.Others)]
public sealed class UmociTests(Registries registries, ClientWorld world) : IClassFixture<ClientWorld>
{
    [Fact]
    public async Task An_image_is_unpacked_changed_repacked_and_pushed_back()
    {
        var registry = await world.ConnectAsync(registries);
        var image = $"docker://{registry.Authority}/{Registry.NewRepository("umoci")}";
        var layout = new OciLayout(world["made"]);
        layout.AddLayer("text", "the first");
        var digest = layout.Write("1");
        await world.RunAsync($"""
            {ClientWorld.Skopeo} copy oci:made:1 {image}:1
            {ClientWorld.Skopeo} copy {image}:1 oci:layout:1
            umoci unpack --image layout:1 bundle
            echo more > bundle/rootfs/more
            umoci repack --image layout:2 bundle
            {ClientWorld.Skopeo} copy oci:layout:2 {image}:2
            {ClientWorld.Skopeo} copy {image}:2 oci:again:2
            umoci unpack --image again:2 changed
            """);
        Assert.Equal("the first", await world.RunAsync("cat changed/rootfs/text"));
        Assert.Equal("more", await world.RunAsync("cat changed/rootfs/more"));
        Assert.Equal(digest, await world.RunAsync($"{ClientWorld.Skopeo} inspect --format '{{{{.Digest}}}}' {image}:1"));
    }
}
