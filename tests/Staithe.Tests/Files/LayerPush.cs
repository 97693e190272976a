using System.Net;
using System.Text;
using Staithe.Content;
using Staithe.Database;
using Staithe.Jobs;
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

    /// <summary>Has images looked into once more: all, or those with a digest.</summary>
    public static Task ForgetLooksAsync(this Registry registry, string? digest = null) => registry.App.Database.WriteAsync(async session =>
    {
        var images = await session.ListAsync(ImagesSql, row => row.GetInt64(0), digest ?? "");
        foreach (var id in images)
        {
            await ImageTable.BeginAsync(session, id);
            await JobTable.AddAsync(session, WorkKind.Images, ImageTable.Unit(id), "");
        }
    });

    static readonly Sql ImagesSql = new("select c.manifest_id from image_contents c join manifests m on m.id = c.manifest_id where $1 = '' or m.digest = $1");

    /// <summary>Looks into all images that wait, and brings the index up to that.</summary>
    public static Task LookAsync(this Registry registry) => registry.App.DrainAsync(TestContext.Current.CancellationToken);
}
