using Staithe.Tests.Harness;

[assembly: AssemblyFixture(typeof(Registries))]

namespace Staithe.Tests.Harness;

/// <summary>
/// The servers that tests share, one for each engine, started when first asked for. The one on PostgreSQL sends blobs the ordinary way, so
/// that what runs on both engines, protocol and clients, has also gone both ways.
/// </summary>
public sealed class Registries : IAsyncDisposable
{
    readonly Lazy<Task<Registry>>[] shared = [.. Enum.GetValues<Engine>().Select(engine => new Lazy<Task<Registry>>(() => Registry.StartAsync(engine, config => config with { Sendfile = engine == Engine.Sqlite })))];

    internal Task<Registry> GetAsync(Engine engine) => shared[(int)engine].Value;

    public async ValueTask DisposeAsync()
    {
        foreach (var registry in shared)
        {
            if (registry.IsValueCreated)
                await (await registry.Value).DisposeAsync();
        }
    }
}
