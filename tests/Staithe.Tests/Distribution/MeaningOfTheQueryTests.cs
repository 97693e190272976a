using System.Net;
using System.Text;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Distribution;

/// <summary>Values of the query are read by what they mean: no media type has a blank, so a plus is a plus.</summary>
public sealed class MeaningOfTheQueryTests(Registries registries)
{
    [Theory, OnBothEngines]
    public async Task A_plus_in_a_media_type_is_a_plus_however_it_is_written(Engine engine)
    {
        var (registry, name) = (await registries.GetAsync(engine), Registry.NewRepository());
        var subject = Registry.Digest(Encoding.UTF8.GetBytes(name));
        foreach (var type in (string[])["application/spdx+json", "application/vnd.a+b+c", "application/x+json;version=0.3", "application/x+json; q=a b"])
        {
            foreach (var i in (int[])[1, 2])
            {
                var manifest = RegistryClient.Index([], $$""","n":{{i}},"artifactType":"{{type}}","subject":{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{subject}}","size":2}""");
                using var pushed = await registry.PutManifestAsync(name, Registry.Digest(manifest), manifest, RegistryClient.OciIndex);
                await pushed.ExpectAsync(HttpStatusCode.Created);
            }
            foreach (var written in (string[])[Uri.EscapeDataString(type), Uri.EscapeDataString(type).Replace("%2B", "+", StringComparison.Ordinal), Uri.EscapeDataString(type).Replace("%2B", "%20", StringComparison.Ordinal)])
            {
                var found = 0;
                for (string? next = $"/v2/{name}/referrers/{subject}?artifactType={written}&n=1"; next is not null;)
                {
                    using var response = await registry.GetAsync(next);
                    await response.ExpectAsync(HttpStatusCode.OK);
                    Assert.Equal("artifactType", response.Header("OCI-Filters-Applied"));
                    found += (await response.JsonAsync()).GetProperty("manifests").GetArrayLength();
                    next = response.NextPage();
                }
                Assert.Equal(2, found);
            }
        }
    }
}
