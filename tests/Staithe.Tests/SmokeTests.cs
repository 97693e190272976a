using System.Net;
using Staithe.Tests.Harness;

namespace Staithe.Tests;

public sealed class SmokeTests(Registries registries)
{
    [Theory, OnBothEngines]
    public async Task An_image_pushed_can_be_pulled(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var name = Registry.NewRepository();
        var image = await registry.PushImageAsync(name, "1");
        using var response = await registry.GetAsync($"/v2/{name}/manifests/1");
        await response.ExpectAsync(HttpStatusCode.OK);
        Assert.Equal(image.Manifest, await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }
}
