using System.Net;
using System.Text;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Files;

/// <summary>Pushes images that are made of archives.</summary>
internal static class LayerPush
{
    /// <summary>An image of layers, the lowest first; its digest.</summary>
    public static Task<string> PushLayersAsync(this Registry registry, string repository, string? tag, params byte[][] layers) =>
        registry.PushLayersAsync(repository, tag, """{"architecture":"amd64","os":"linux"}""", layers);

    public static async Task<string> PushLayersAsync(this Registry registry, string repository, string? tag, string config, byte[][] layers)
    {
        var pushed = new List<(string, long)>();
        foreach (var layer in layers)
            pushed.Add((await registry.PushBlobAsync(repository, layer), layer.Length));
        var configBytes = Encoding.UTF8.GetBytes(config);
        var manifest = RegistryClient.ImageManifest(await registry.PushBlobAsync(repository, configBytes), configBytes.Length, pushed);
        var digest = Registry.Digest(manifest);
        using var response = await registry.PutManifestAsync(repository, tag ?? digest, manifest);
        await response.ExpectAsync(HttpStatusCode.Created);
        return digest;
    }

    /// <summary>Looks into all images that wait, and brings the index up to that.</summary>
    public static async Task LookAsync(this Registry registry)
    {
        while (await registry.App.Contents.RunOnceAsync(TestContext.Current.CancellationToken))
        {
            // until no image waits
        }
        await registry.App.DrainAsync(TestContext.Current.CancellationToken);
    }
}
