using System.Net;
using System.Text;
using Staithe.Config;
using Staithe.Fsck;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Conformance;

/// <summary>Manifests that name what their repository lacks, under each setting; and what happens when it comes after all.</summary>
public sealed class SparseTests
{
    [Theory, OnBothEngines]
    public Task Refuse_takes_nothing_with_gaps(Engine engine) => RunAsync(engine, SparsePolicy.Refuse, HttpStatusCode.NotFound, HttpStatusCode.NotFound);

    [Theory, OnBothEngines]
    public Task Index_takes_an_index_without_all_its_platforms(Engine engine) => RunAsync(engine, SparsePolicy.Index, HttpStatusCode.NotFound, HttpStatusCode.Created);

    [Theory, OnBothEngines]
    public Task All_takes_everything(Engine engine) => RunAsync(engine, SparsePolicy.All, HttpStatusCode.Created, HttpStatusCode.Created);

    static async Task RunAsync(Engine engine, SparsePolicy policy, HttpStatusCode imageStatus, HttpStatusCode indexStatus)
    {
        await using var registry = await Registry.StartAsync(engine, config => config with { Sparse = policy });
        var (config, layer) = (Guid.NewGuid().ToByteArray(), Guid.NewGuid().ToByteArray());
        var image = RegistryClient.ImageManifest(Registry.Digest(config), config.Length, [(Registry.Digest(layer), layer.Length)]);
        var index = RegistryClient.Index([(Registry.Digest(image), image.Length)]);

        // The index first, then the image, then its blobs: each closes a gap, if gaps were let in.
        await PushAsync(registry, "index", index, RegistryClient.OciIndex, indexStatus);
        await ExpectCleanAsync(registry);
        if (imageStatus == HttpStatusCode.Created)
        {
            await PushAsync(registry, Registry.Digest(image), image, RegistryClient.OciManifest, HttpStatusCode.Created);
            await ExpectCleanAsync(registry);
        }
        else
        {
            await PushAsync(registry, Registry.Digest(image), image, RegistryClient.OciManifest, imageStatus);
        }
        await registry.PushBlobAsync("elsewhere", config);
        using (var mounted = await registry.SendAsync(HttpMethod.Post, $"/v2/a/blobs/uploads/?mount={Registry.Digest(config)}&from=elsewhere", []))
            await mounted.ExpectAsync(HttpStatusCode.Created);
        await registry.PushBlobAsync("a", layer);
        await PushAsync(registry, Registry.Digest(image), image, RegistryClient.OciManifest, HttpStatusCode.Created);
        await PushAsync(registry, "index", index, RegistryClient.OciIndex, HttpStatusCode.Created);
        await ExpectCleanAsync(registry);

        // Now all of it is held, from the bottom up.
        foreach (var path in new[] { $"blobs/{Registry.Digest(config)}", $"blobs/{Registry.Digest(layer)}", $"manifests/{Registry.Digest(image)}" })
        {
            using var refused = await registry.DeleteAsync($"/v2/a/{path}");
            await refused.ExpectErrorAsync(HttpStatusCode.MethodNotAllowed, "UNSUPPORTED");
        }
        foreach (var path in new[] { $"manifests/{Registry.Digest(index)}", $"manifests/{Registry.Digest(image)}", $"blobs/{Registry.Digest(config)}", $"blobs/{Registry.Digest(layer)}" })
        {
            using var deleted = await registry.DeleteAsync($"/v2/a/{path}");
            await deleted.ExpectAsync(HttpStatusCode.Accepted);
        }
        await ExpectCleanAsync(registry);
    }

    // What arrives later is held by the arrival alone; nothing is pushed again.
    [Theory, OnBothEngines]
    public async Task What_comes_later_is_held_at_once(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine, config => config with { Sparse = SparsePolicy.All });
        var (config, layer, image) = (Guid.NewGuid().ToByteArray(), Guid.NewGuid().ToByteArray(), RegistryClient.Index([], ""","inner":1"""));
        await PushAsync(registry, "image", RegistryClient.ImageManifest(Registry.Digest(config), config.Length, [(Registry.Digest(layer), layer.Length)]), RegistryClient.OciManifest, HttpStatusCode.Created);
        var index = $$"""{"schemaVersion":2,"manifests":[{"mediaType":"{{RegistryClient.OciIndex}}","digest":"{{Registry.Digest(image)}}","size":{{image.Length}} }]}""";
        await PushAsync(registry, "index", Encoding.UTF8.GetBytes(index), RegistryClient.OciIndex, HttpStatusCode.Created);
        await registry.PushBlobAsync("a", config);
        await PushAsync(registry, Registry.Digest(image), image, RegistryClient.OciIndex, HttpStatusCode.Created);
        foreach (var path in new[] { $"blobs/{Registry.Digest(config)}", $"manifests/{Registry.Digest(image)}" })
        {
            using var refused = await registry.DeleteAsync($"/v2/a/{path}");
            await refused.ExpectErrorAsync(HttpStatusCode.MethodNotAllowed, "UNSUPPORTED");
        }
        using (var absent = await registry.GetAsync($"/v2/a/blobs/{Registry.Digest(layer)}"))
            await absent.ExpectErrorAsync(HttpStatusCode.NotFound, "BLOB_UNKNOWN");
        await ExpectCleanAsync(registry);
    }

    static async Task PushAsync(Registry registry, string reference, byte[] manifest, string type, HttpStatusCode status)
    {
        using var response = await registry.PutManifestAsync("a", reference, manifest, type);
        if (status == HttpStatusCode.Created)
            await response.ExpectAsync(status);
        else
            await response.ExpectErrorAsync(status, "MANIFEST_BLOB_UNKNOWN");
    }

    static async Task ExpectCleanAsync(Registry registry)
    {
        var output = new StringWriter();
        Assert.True(await FsckRun.RunAsync(registry.Config, rehash: true, output, TestContext.Current.CancellationToken) == 0, output.ToString());
    }
}
