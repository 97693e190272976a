using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

/// <summary>Runs the lines of curl that <c>docs/api.md</c> has, from top to bottom, on a registry with a few users.</summary>
[Trait("Kind", "client")]
public sealed partial class ApiPageTests
{
    [Theory, OnBothEngines]
    public async Task Every_line_of_the_page_works(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, "root", "carol", "dave");
        var page = await File.ReadAllTextAsync(Repository.File("docs/api.md"), TestContext.Current.CancellationToken);
        // These sections take several people and numbers that they hand each other: the tests of these operations play that.
        foreach (var section in (string[])["Links and invitations", "Names that move, and what goes", "Rights for new repositories"])
            page = Regex.Replace(page, $"(?ms)^## {section}\n.*?(?=^## )", "");
        var blocks = Blocks().Matches(page).Select(block => string.Join('\n', block.Value.Split('\n').Select(line => line.Trim()))).ToList();
        Assert.InRange(blocks.Count, 5, 20);
        var function = blocks[0].Replace("https://registry.example", $"http://{server.Registry.Authority}", StringComparison.Ordinal);
        Assert.NotEqual(blocks[0], function);
        var outputs = new List<string>();
        // What has to do with issuers elsewhere needs one: the tests of those do that.
        // What looks into images needs images with something in them, and names one by a digest that is not written out: its own tests do that.
        foreach (var block in blocks.Skip(1).Where(block => !block.Contains('…', StringComparison.Ordinal) && !block.Contains("/trusts", StringComparison.Ordinal) && !block.Contains("/me/identities", StringComparison.Ordinal)))
        {
            outputs.Add(await RunAsync($"set -eu -o pipefail\nUSER=root PASSWORD={ApiServer.Password("root")}\n{function}\n{block}"));
            if (outputs.Count == 1)
                await server.PushAsync("root", "team/web/app"); // the page goes on with a repository
        }
        Assert.Contains("\"name\":\"owners\"", await RunAsync($"USER=root PASSWORD={ApiServer.Password("root")}\n{function}\napi /spaces/team/teams"), StringComparison.Ordinal);
        var root = server.As("root");
        Assert.Equal(["carol"], (await root.GetAsync("/spaces/team/teams/dev")).GetProperty("members").EnumerateArray().Select(member => member.GetString()));
        Assert.Equal(["team/", "team/", "team/web/"], await root.ListAsync("/spaces/team/grants", "target"));
        Assert.True((await root.GetAsync("/spaces/team")).GetProperty("auditPulls").GetBoolean());
        await root.RefusedAsync(System.Net.HttpStatusCode.NotFound, "/users/bob"); // the page ends with his account
        Assert.Empty(await root.ListAsync("/me/tokens"));
        Assert.All(outputs[^1].Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(5), line => Assert.NotEmpty(JsonDocument.Parse(line).RootElement.GetProperty("action").GetString()!));
    }

    static async Task<string> RunAsync(string script)
    {
        using var bash = Process.Start(new ProcessStartInfo("bash", ["-c", script]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), bash.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await bash.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        Assert.True(bash.ExitCode == 0, $"{script}\n{await output}{await error}");
        return await output;
    }

    // What stands four columns in is for the shell.
    [GeneratedRegex(@"(?:^    \S.*\n)+", RegexOptions.Multiline)]
    private static partial Regex Blocks();
}
