using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

[Trait("Kind", "client"), Collection(ClientCollections.Podman)]
public sealed class DotnetPublishTests(Registries registries, ClientWorld world) : IClassFixture<ClientWorld>
{
    [Fact]
    public async Task A_project_is_published_as_an_image()
    {
        var registry = await world.ConnectAsync(registries);
        var (baseName, name) = (Registry.NewRepository("base"), Registry.NewRepository("dotnet"));
        await world.BuildAsync($"{registry.Authority}/{baseName}:1", "the base");
        await world.RunAsync($"podman push {registry.Authority}/{baseName}:1");
        WriteProject(world, "hello");
        world.Environment["DOTNET_CONTAINER_INSECURE_REGISTRIES"] = registry.Authority;
        await world.RunAsync(
            $"dotnet publish hello -t:PublishContainer -p:ContainerBaseImage={registry.Authority}/{baseName}:1 "
            + $"-p:ContainerRegistry={registry.Authority} -p:ContainerRepository={name} -p:ContainerImageTag=1");

        Assert.Equal("""{"name":"NAME","tags":["1"]}""".Replace("NAME", name, StringComparison.Ordinal), await world.RunAsync($"curl -sS {registry.Url}v2/{name}/tags/list"));
        await world.RunAsync($"podman pull {registry.Authority}/{name}:1");
        var files = await world.RunAsync($"podman run --rm --network none --entrypoint '[\"/bin/busybox\", \"find\", \"/app\", \"/text\"]' {registry.Authority}/{name}:1");
        Assert.Contains("/app/hello.dll", files, StringComparison.Ordinal);
        Assert.Contains("/text", files, StringComparison.Ordinal);
    }

    /// <summary>A console project that needs no package from anywhere.</summary>
    internal static void WriteProject(ClientWorld world, string name)
    {
        world.Write($"{name}/{name}.csproj", """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <UseAppHost>false</UseAppHost>
              </PropertyGroup>
            </Project>
            """);
        world.Write($"{name}/nuget.config", "<configuration><packageSources><clear /></packageSources></configuration>");
        world.Write($"{name}/Program.cs", """System.Console.WriteLine("ahoy");""");
        // Nothing of the build outlives it, and nothing of it asks the internet.
        foreach (var variable in (string[])["MSBUILDDISABLENODEREUSE", "DOTNET_NOLOGO", "DOTNET_CLI_TELEMETRY_OPTOUT", "DOTNET_CLI_WORKLOAD_UPDATE_NOTIFY_DISABLE"])
            world.Environment[variable] = "1";
        foreach (var variable in (string[])["DOTNET_CLI_USE_MSBUILD_SERVER", "UseSharedCompilation", "DOTNET_GENERATE_ASPNET_CERTIFICATE"])
            world.Environment[variable] = "false";
    }
}
