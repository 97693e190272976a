using System.Net;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Telemetry;

public sealed class HealthTests(Registries registries)
{
    [Theory, OnBothEngines]
    public async Task A_server_that_works_is_alive_and_ready(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        foreach (var path in new[] { "/livez", "/readyz" })
        {
            using var response = await registry.GetAsync(path);
            await response.ExpectAsync(HttpStatusCode.OK);
            Assert.Equal("ok\n"u8.ToArray(), await response.BytesAsync());
        }
    }

    [Fact]
    public async Task Without_its_database_a_server_is_alive_and_not_ready_and_says_so_to_clients()
    {
        await using var registry = await Registry.StartAsync(Engine.Postgres);
        await Postgres.DropDatabaseAsync(registry.Config.Database!);
        using (var live = await registry.GetAsync("/livez"))
            await live.ExpectAsync(HttpStatusCode.OK);
        using (var ready = await registry.GetAsync("/readyz"))
            await ready.ExpectAsync(HttpStatusCode.ServiceUnavailable);
        foreach (var (method, path) in new[] { (HttpMethod.Get, "/v2/a/tags/list"), (HttpMethod.Post, "/v2/a/blobs/uploads/"), (HttpMethod.Get, "/v2/a/manifests/1") })
        {
            using var response = await registry.SendAsync(method, path);
            await response.ExpectErrorAsync(HttpStatusCode.ServiceUnavailable, "UNKNOWN");
        }
        using var support = await registry.GetAsync("/v2/");
        await support.ExpectAsync(HttpStatusCode.OK);
    }
}
