using System.Text;
using System.Text.Json;
using Staithe.Accounts;
using Staithe.Commands;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Search;

/// <summary><c>staithe find</c> against real registries: what it prints, whom it says it is, and what it says when it cannot.</summary>
public sealed class FindCommandTests(Registries open, ClosedRegistries closed)
{
    [Fact]
    public async Task It_prints_what_is_found()
    {
        var registry = await open.GetAsync(Engine.Sqlite);
        var word = $"found{Guid.NewGuid():N}";
        var (digest, _, _, _) = await registry.PushImageAsync($"team/{word}", "1");
        await registry.PushImageAsync($"team/{word}-other", "2");
        await registry.App.DrainAsync(TestContext.Current.CancellationToken);
        var (exitCode, output, error) = await RunAsync([], "find", word, "tag:1", "--registry", registry.Authority);
        Assert.Equal((0, ""), (exitCode, error));
        Assert.Matches($@"^team/{word}  .*\(.*changed \d{{4}}-\d\d-\d\d\)\n$", output);
        (_, output, error) = await RunAsync([], "find", "--limit", "1", word, "--sort", "updated", "--registry", $"http://{registry.Authority}");
        Assert.StartsWith($"team/{word}-other", output, StringComparison.Ordinal);
        Assert.Contains("these are 1 of 2", error, StringComparison.Ordinal);
        (_, output, _) = await RunAsync([], "find", word, "-tag:2", $"digest:{digest}", "--registry", registry.Authority);
        Assert.Contains($"\n  team/{word}:1  manifest {digest}\n", output, StringComparison.Ordinal);
        // One argument is a search; of several, one with blanks is a value.
        (_, output, error) = await RunAsync([], "find", $"{word} -other", "--registry", registry.Authority);
        Assert.Equal($"team/{word}", output.Split(' ')[0]);
        Assert.DoesNotContain($"{word}-other", output, StringComparison.Ordinal);
        (_, output, _) = await RunAsync([], "find", $"{word} other", "space:team", "--registry", registry.Authority);
        Assert.Equal($"team/{word}-other", output.Split(' ')[0]);
        // What the registry answers is told to its end.
        (exitCode, _, error) = await RunAsync([], "find", "foo:bar", "--registry", registry.Authority);
        Assert.Equal(1, exitCode);
        Assert.Contains("updated; to search for the words write \"foo:bar\" in quotes, and for an image name:foo tag:bar", error, StringComparison.Ordinal);
        (exitCode, output, _) = await RunAsync([], "find", word, "--json", "--registry", registry.Authority);
        Assert.Equal((0, 2), (exitCode, JsonDocument.Parse(output).RootElement.GetProperty("total").GetInt32()));
        (_, output, error) = await RunAsync([], "find", $"x{word[1..]}", "--registry", registry.Authority);
        Assert.Contains("may be meant", error, StringComparison.Ordinal);
        Assert.Contains($"team/{word}-other", output, StringComparison.Ordinal);
        (exitCode, output, error) = await RunAsync([], "find", "nothingiscalledsoatall", "port:1", "--registry", registry.Authority);
        Assert.Equal((0, ""), (exitCode, output));
        Assert.Contains("nothing is found", error, StringComparison.Ordinal);
    }

    [Theory, OnBothEngines]
    public async Task It_says_who_it_is(Engine engine)
    {
        var world = await closed.GetAsync(engine);
        var owner = await world.AddUserAsync("owner");
        var name = $"{owner.Name}/secret{Guid.NewGuid():N}";
        await world.As(await world.AddTokenAsync(owner)).PushImageAsync(name, "1");
        await world.Registry.App.DrainAsync(TestContext.Current.CancellationToken);
        using var directory = new TempDirectory();
        var authority = world.Registry.Authority;

        var (exitCode, output, error) = await RunAsync(new() { ["HOME"] = directory.Path }, "find", $"space:{owner.Name}", "--registry", authority);
        Assert.Equal((0, ""), (exitCode, output));
        Assert.Contains($"podman login --tls-verify=false {authority}", error, StringComparison.Ordinal);

        var auth = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{owner.Name}:{owner.Password}"));
        var refresh = (await (await world.As(owner).GetAsync($"/v2/auth?service={Uri.EscapeDataString(authority)}&offline_token=true")).JsonAsync()).GetProperty("refresh_token").GetString();
        foreach (var entry in (string[])[$$"""{"auth":"{{auth}}"}""", $$"""{"auth":"{{Convert.ToBase64String(Encoding.UTF8.GetBytes($"{owner.Name}:"))}}","identitytoken":"{{refresh}}"}"""])
        {
            await File.WriteAllTextAsync(directory["auth.json"], $$"""{"auths":{"{{authority}}":{{entry}} } }""", TestContext.Current.CancellationToken);
            (exitCode, output, error) = await RunAsync(new() { ["REGISTRY_AUTH_FILE"] = directory["auth.json"] }, "find", $"space:{owner.Name}", "--registry", authority);
            Assert.Equal((0, ""), (exitCode, error));
            Assert.StartsWith(name, output, StringComparison.Ordinal);
            Assert.Contains("private", output, StringComparison.Ordinal);
        }

        await File.WriteAllTextAsync(directory["auth.json"], $$"""{"auths":{"{{authority}}":{"auth":"{{Convert.ToBase64String(Encoding.UTF8.GetBytes($"{owner.Name}:wrong"))}}"} } }""", TestContext.Current.CancellationToken);
        (exitCode, _, error) = await RunAsync(new() { ["REGISTRY_AUTH_FILE"] = directory["auth.json"] }, "find", "x", "--registry", authority);
        Assert.Equal(1, exitCode);
        Assert.Contains($"podman login --tls-verify=false {authority}", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("such option of staithe find; did you mean --limit?", "find", "x", "--limt", "3")]
    [InlineData("from 1 to 1000", "find", "x", "--limit", "0")]
    [InlineData("best or updated", "find", "x", "--sort", "size")]
    [InlineData("expected a URL", "find", "x", "--registry", "ftp://x")]
    public async Task What_is_refused_names_the_fix(string expected, params string[] args)
    {
        var (exitCode, output, error) = await RunAsync([], args);
        Assert.Equal((2, ""), (exitCode, output));
        Assert.Contains(expected.Split(';')[0], error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_registry_that_is_away_is_told()
    {
        var (exitCode, _, error) = await RunAsync([], "find", "x", "--registry", "localhost:1");
        Assert.Equal(1, exitCode);
        Assert.Contains("http://localhost:1 cannot be reached", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_help_teaches_what_can_be_asked()
    {
        var (exitCode, output, _) = await RunAsync([], "find", "--help");
        Assert.Equal(0, exitCode);
        foreach (var (_, meaning, example) in Staithe.Search.SearchQuery.Fields)
        {
            Assert.Contains(example, output, StringComparison.Ordinal);
            Assert.Contains(meaning, output, StringComparison.Ordinal);
        }
    }

    static async Task<(int ExitCode, string Output, string Error)> RunAsync(Dictionary<string, string> environment, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = await StaitheCommand.RunAsync(args, new Terminal(environment, output, error, TextReader.Null), TestContext.Current.CancellationToken);
        return (exitCode, output.ToString(), error.ToString());
    }
}
