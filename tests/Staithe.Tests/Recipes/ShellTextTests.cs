using System.Diagnostics;
using System.Text;
using Staithe.Clients;
using Staithe.Oci;
using Staithe.Recipes;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Recipes;

/// <summary>What is written for a shell, read by real ones.</summary>
public sealed class ShellTextTests
{
    const string Printer = "podman() { printf '%s\\0' podman \"$@\"; printf '\\036\\0'; }\ndocker() { printf '%s\\0' docker \"$@\"; printf '\\036\\0'; }\n";

    public static TheoryData<string> Shells { get; } = [.. (string[])["/bin/sh", "/bin/bash --posix", "/bin/busybox sh"]];

    [Theory, MemberData(nameof(Shells))]
    public async Task A_script_is_exactly_the_command_that_was_meant(string shell)
    {
        var random = Seed.Random();
        var (script, meant) = (new StringBuilder(Printer), new List<string[]>());
        for (var i = 0; i < 1500; i++)
        {
            var kind = random.Pick(RecipeKind.Podman, RecipeKind.Docker);
            var options = HostileImage.Options(random);
            var image = HostileImage.Image(HostileImage.Config(random), platform: random.Pick(null, Platform.Usual));
            var recipe = Recipe.From(image, options);
            script.Append(recipe.Write(kind));
            meant.Add([.. recipe.Arguments(kind)]);
            CheckShape(meant[^1], image, options);
        }
        Assert.Equal(meant, await RunAsync(shell, script.ToString()));
    }

    [Theory, MemberData(nameof(Shells))]
    public async Task Any_words_come_back(string shell)
    {
        var random = Seed.Random();
        var meant = Enumerable.Range(0, 1500).Select(_ => (string[])["podman", .. Enumerable.Range(0, random.Next(4)).Select(_ => HostileImage.Text(random))]).ToList();
        Assert.Equal(meant, await RunAsync(shell, Printer + string.Concat(meant.Select(command => ShellText.Join(command) + "\n"))));
    }

    // The checker must be able to see a fault.
    [Theory]
    [InlineData("a b")]
    [InlineData("$(echo evil)")]
    [InlineData("it's")]
    [InlineData("a; podman evil")]
    [InlineData("line\npodman evil")]
    [InlineData("#comment")]
    public async Task A_word_that_is_not_quoted_is_seen(string word) =>
        Assert.NotEqual([["podman", word]], await RunAsync("/bin/sh", $"{Printer}podman {word}\n"));

    [Fact]
    public void What_a_publisher_wrote_is_cut_into_the_words_of_a_shell()
    {
        var random = Seed.Random();
        for (var i = 0; i < 5000; i++)
        {
            string[] words = [.. Enumerable.Range(0, random.Next(5)).Select(_ => HostileImage.Text(random))];
            Assert.True(ShellText.TrySplit(ShellText.Join(words), out var split));
            Assert.Equal(words, split.Words);
            Assert.False(split.HasOperators || split.HasExpansions);
        }
    }

    [Theory]
    [InlineData("podman run -d --name NAME IMAGE", "podman|run|-d|--name|NAME|IMAGE", false, false)]
    [InlineData("podman run -e 'A=b c' -e \"D=$E\" \\\n IMAGE  # what for\n", "podman|run|-e|A=b c|-e|D=$E|IMAGE", false, true)]
    [InlineData("podman run IMAGE && rm -rf /", "podman|run|IMAGE|&|&|rm|-rf|/", true, false)]
    [InlineData("podman run IMAGE\nrm x", "podman|run|IMAGE|rm|x", true, false)]
    [InlineData("a\\ b \"c\\\"d\" ''", "a b|c\"d|", false, false)]
    [InlineData("a > b", "a|>|b", true, false)]
    [InlineData("~/x *.y `z`", "~/x|*.y|`z`", false, true)]
    public void Words_operators_and_expansions_are_told_apart(string text, string words, bool operators, bool expansions)
    {
        Assert.True(ShellText.TrySplit(text, out var split));
        Assert.Equal((words, operators, expansions), (string.Join('|', split.Words), split.HasOperators, split.HasExpansions));
    }

    [Theory]
    [InlineData("podman 'run")]
    [InlineData("podman \"run")]
    [InlineData("podman \"run\\\"")]
    public void An_open_quote_is_seen(string text) => Assert.False(ShellText.TrySplit(text, out _));

    [Fact]
    public void Anything_at_all_can_be_cut()
    {
        var random = Seed.Random();
        for (var i = 0; i < 20_000; i++)
            ShellText.TrySplit(HostileImage.Text(random, 12), out _);
    }

    // Nothing in the command comes from the image but for what its place takes.
    static void CheckShape(string[] arguments, RecipeImage image, RecipeOptions options)
    {
        Assert.Equal("run", arguments[1]);
        Assert.Equal(options.IsPinned ? $"{HostileImage.Host}/team/tinyweb@{HostileImage.SomeDigest}" : $"{HostileImage.Host}/team/tinyweb:1.2.3", arguments[^1]);
        var environment = new List<string>();
        for (var i = 2; i < arguments.Length - 1; i++)
        {
            switch (arguments[i])
            {
                case "-d" or "--rm" or "-it" or "--tls-verify=false":
                    break;
                case "--name":
                    Assert.Equal(options.Name ?? "tinyweb", arguments[++i]);
                    break;
                case "--platform":
                    Assert.Equal("linux/amd64", arguments[++i]);
                    break;
                case "-p":
                    Assert.Matches(@"\A(127\.0\.0\.1:|\[::1\]:)?\d+:\d+(/udp|/sctp)?\z", arguments[++i]);
                    break;
                case "-v":
                    var parts = arguments[++i].Split(':');
                    Assert.Equal(2, parts.Length);
                    Assert.Matches(@"\A[a-z][a-z0-9-]*\z", parts[0]);
                    Assert.Contains(parts[1], image.Config.Volumes);
                    break;
                case "-e":
                    environment.Add(arguments[++i]);
                    break;
                default:
                    Assert.Fail($"{arguments[i]} is in no recipe");
                    break;
            }
        }
        Assert.Equal(options.Environment.Select(variable => $"{variable.Name}={variable.Value}"), environment);
    }

    internal static async Task<List<string[]>> RunAsync(string shell, string script)
    {
        using var directory = new TempDirectory();
        await File.WriteAllTextAsync(directory["script"], script, TestContext.Current.CancellationToken);
        var words = shell.Split(' ');
        var start = new ProcessStartInfo(words[0], [.. words[1..], directory["script"]]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = directory.Path };
        start.Environment["LC_ALL"] = "C.UTF-8";
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        using var output = new MemoryStream();
        await process.StandardOutput.BaseStream.CopyToAsync(output, TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        _ = await error; // an unquoted word may be any command
        return [.. Encoding.UTF8.GetString(output.ToArray()).Split("\u001e\0", StringSplitOptions.RemoveEmptyEntries).Select(command => command.Split('\0')[..^1])];
    }
}
