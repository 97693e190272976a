using System.Net;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Conformance;

/// <summary>end-1: determining support.</summary>
public sealed class BaseTests(Registries registries)
{
    [Theory, OnBothEngines]
    public async Task The_registry_says_that_it_is_one(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        foreach (var path in new[] { "/v2/", "/v2", "/v2/?ns=example.org" })
        {
            using var get = await registry.GetAsync(path);
            await get.ExpectAsync(HttpStatusCode.OK);
            get.ExpectHeaders(("Content-Type", "application/json"), ("Content-Length", "2"));
            Assert.Equal("{}", (await get.JsonAsync()).GetRawText());
            using var head = await registry.HeadAsync(path);
            await head.ExpectAsync(HttpStatusCode.OK);
            head.ExpectHeaders(("Content-Type", "application/json"), ("Content-Length", "2"));
        }
    }
}
