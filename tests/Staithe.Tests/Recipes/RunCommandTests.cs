using System.Text;
using Staithe.Commands;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Recipes;

/// <summary><c>staithe run</c> against real registries: what it prints, whom it says it is, and what it says when it cannot.</summary>
public sealed class RunCommandTests(Registries open, ClosedRegistries closed)
{
    [Fact]
    public async Task It_prints_a_recipe_and_nothing_else()
    {
        var registry = await open.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("command");
        var (digest, _, _, _) = await registry.PushImageAsync(name, "1");
        var (exitCode, output, error) = await RunAsync([], "run", $"{registry.Authority}/{name}:1", "--port", "8080:80", "--env", "A=b c", "--pin", "--name", "web");
        Assert.Equal((0, ""), (exitCode, error));
        Assert.Contains($"podman run -d --tls-verify=false --name web -p 8080:80 -e 'A=b c' {registry.Authority}/{name}@{digest}\n", output, StringComparison.Ordinal);
        Assert.Equal((0, output, ""), await RunAsync([], "run", $"{name}:1", "--registry", $"http://{registry.Authority}", "--port", "8080:80", "--env", "A=b c", "--pin", "--name", "web"));
        Assert.Equal((0, output, ""), await RunAsync([], "run", $"{name}@{digest}", "--registry", registry.Authority, "--port", "8080:80", "--env", "A=b c", "--name", "web"));
    }

    [Theory, OnBothEngines]
    public async Task It_says_who_it_is_when_it_is_asked(Engine engine)
    {
        var world = await closed.GetAsync(engine);
        var owner = await world.AddUserAsync("owner");
        var name = $"{owner.Name}/app";
        await world.As(await world.AddTokenAsync(owner)).PushImageAsync(name, "1");
        using var directory = new TempDirectory();
        var image = $"{world.Registry.Authority}/{name}:1";

        var (exitCode, output, error) = await RunAsync(new() { ["HOME"] = directory.Path }, "run", image);
        Assert.Equal((1, ""), (exitCode, output));
        Assert.Equal(error.IndexOf("podman login", StringComparison.Ordinal), error.LastIndexOf("podman login", StringComparison.Ordinal));
        Assert.Contains("podman login", error, StringComparison.Ordinal);

        var auth = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{owner.Name}:{owner.Password}"));
        var refresh = (await (await world.As(owner).GetAsync($"/v2/auth?service={Uri.EscapeDataString(world.Registry.Authority)}&offline_token=true")).JsonAsync()).GetProperty("refresh_token").GetString();
        foreach (var (file, variable, entry) in ((string, string, string)[])
            [
                ("auth.json", "REGISTRY_AUTH_FILE", $$"""{"auths":{"{{world.Registry.Authority}}":{"auth":"{{auth}}"} } }"""),
                ("containers/auth.json", "XDG_RUNTIME_DIR", $$"""{"auths":{"{{world.Registry.Authority}}/{{owner.Name}}":{"auth":"{{auth}}"},"{{world.Registry.Authority}}":{"auth":"eDp5"} } }"""),
                (".docker/config.json", "HOME", $$"""{"auths":{"{{world.Registry.Authority}}":{"auth":"{{auth}}"} } }"""),
                ("docker/config.json", "DOCKER_CONFIG", $$"""{"auths":{"{{world.Registry.Authority}}":{"auth":"{{Convert.ToBase64String(Encoding.UTF8.GetBytes($"{owner.Name}:"))}}","identitytoken":"{{refresh}}"} } }"""),
            ])
        {
            var path = directory[file];
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllTextAsync(path, entry, TestContext.Current.CancellationToken);
            var value = variable switch { "REGISTRY_AUTH_FILE" => path, "DOCKER_CONFIG" => Path.GetDirectoryName(path)!, _ => directory.Path };
            Assert.Equal((0, ""), await RunAsync(new() { ["HOME"] = directory["nowhere"], [variable] = value }, "run", image) switch { var (code, _, problem) => (code, problem) });
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("expected podman, docker", "run", "team/app:1", "--as", "dokcer")]
    [InlineData("did you mean docker", "run", "team/app:1", "--as", "dokcer")]
    [InlineData("expected a URL", "run", "team/app:1", "--registry", "ftp://x")]
    [InlineData("expected a URL", "run", "team/app:1", "--registry", "http://x/y")]
    [InlineData("such as 8080:80", "run", "team/app:1", "--port", "x")]
    [InlineData("NAME=VALUE", "run", "team/app:1", "--env", "x")]
    [InlineData("such as linux/arm64", "run", "team/app:1", "--platform", "x")]
    [InlineData("is not a repository name", "run", "Team/App:1")]
    [InlineData("leave one of them out", "run", "registry.example/team/app:1", "--registry", "http://other.example")]
    public async Task What_is_refused_names_the_fix(string expected, params string[] args)
    {
        var (exitCode, output, error) = await RunAsync([], args);
        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_registry_that_is_away_or_lacks_the_image_is_told()
    {
        var (exitCode, _, error) = await RunAsync([], "run", "localhost:1/team/app:1");
        Assert.Equal(1, exitCode);
        Assert.Contains("http://localhost:1 cannot be reached", error, StringComparison.Ordinal);
        var registry = await open.GetAsync(Engine.Sqlite);
        (exitCode, _, error) = await RunAsync([], "run", $"{registry.Authority}/nobody/nothing:1");
        Assert.Equal(1, exitCode);
        Assert.Contains("there is no image nobody/nothing:1", error, StringComparison.Ordinal);
        Assert.Contains("if it is private, sign in with", error, StringComparison.Ordinal);
        // Whoever was shown the tags, or an index, has nothing to sign in for.
        var name = Registry.NewRepository("command");
        await registry.PushImageAsync(name, "1");
        foreach (var args in (string[][])[[$"{registry.Authority}/{name}:2"], [$"{registry.Authority}/{name}:1", "--platform", "linux/s390x"]])
        {
            (exitCode, _, error) = await RunAsync([], ["run", .. args]);
            Assert.Equal(1, exitCode);
            Assert.Contains($" at http://{registry.Authority}", error, StringComparison.Ordinal);
            Assert.DoesNotContain("sign in", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_help_teaches()
    {
        var (exitCode, output, _) = await RunAsync([], "run", "--help");
        Assert.Equal(0, exitCode);
        Assert.Contains("staithe run team/app:1 --as kube", output, StringComparison.Ordinal);
        Assert.Contains("REGISTRY_AUTH_FILE", output, StringComparison.Ordinal);
    }

    static async Task<(int ExitCode, string Output, string Error)> RunAsync(Dictionary<string, string> environment, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = await StaitheCommand.RunAsync(args, new Terminal(environment, output, error, TextReader.Null), TestContext.Current.CancellationToken);
        return (exitCode, output.ToString(), error.ToString());
    }
}
