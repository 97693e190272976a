using System.Diagnostics;
using System.Globalization;
using System.Text;
using Staithe.Oci;
using Staithe.Recipes;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Recipes;

/// <summary>What is written for Quadlet, read by its rules, and its words by systemd itself.</summary>
public sealed class UnitTextTests
{
    static readonly string[] Known =
    [
        "Unit.Description", "Container.Image", "Container.ContainerName", "Container.PublishPort", "Container.Volume", "Container.Environment", "Container.HealthCmd", "Container.HealthInterval",
        "Container.HealthTimeout", "Container.HealthStartPeriod", "Container.HealthRetries", "Container.PodmanArgs", "Container.AutoUpdate", "Service.Restart", "Install.WantedBy",
    ];

    [Fact]
    public void A_unit_says_what_was_meant_and_no_more()
    {
        var random = Seed.Random();
        for (var i = 0; i < 1500; i++)
        {
            var options = HostileImage.Options(random);
            var image = HostileImage.Image(HostileImage.Config(random), platform: random.Pick(null, Platform.Usual));
            var recipe = Recipe.From(image, options);
            var unit = new UnitReader(recipe.Write(RecipeKind.Quadlet));
            Assert.Subset((HashSet<string>)[.. Known], unit.Keys.ToHashSet());
            Assert.Equal(recipe.Reference, Assert.Single(unit.Raw("Container.Image")));
            Assert.Equal(recipe.Name, Assert.Single(unit.Raw("Container.ContainerName")));
            Assert.Equal(recipe.Ports.Select(port => port.ToString()), unit.Raw("Container.PublishPort"));
            var volumes = unit.Raw("Container.Volume").ToList();
            Assert.Equal(recipe.Volumes.Select(volume => volume.ToString()), volumes);
            Assert.All(volumes, volume => Assert.Contains(volume.Split(':', 2)[1], image.Config.Volumes));
            Assert.Equal(options.Environment.Select(variable => $"{variable.Name}={variable.Value}"), unit.Words("Container.Environment"));
            Assert.True(Visible.Is(unit.Literal("Unit.Description")));
            if (unit.Raw("Container.HealthCmd").SingleOrDefault() is { } check)
                Assert.Contains(check, (string[])[image.Config.HealthCheck!.Test[1], System.Text.Json.JsonSerializer.Serialize(image.Config.HealthCheck.Command)]);
            Assert.Subset((HashSet<string>)["--tls-verify=false", "--platform=linux/amd64", $"--stop-signal={image.Config.StopSignal}"], unit.Words("Container.PodmanArgs").ToHashSet());
        }
    }

    // The checker must be able to see a fault.
    [Theory]
    [InlineData("Environment=A=b c", "A=b c")]
    [InlineData("Environment=\"A=$HOME\"", "A=$HOME")]
    [InlineData("Environment=\"A=%h\"", "A=%h")]
    [InlineData("Environment=\"A=b\"c\"", "A=b\"c")]
    [InlineData("Environment=\"A=\n[Service]\nExecStart=/bin/evil\"", "A=\n[Service]\nExecStart=/bin/evil")]
    public void A_value_that_is_not_escaped_is_seen(string line, string meant)
    {
        try
        {
            Assert.NotEqual([meant], new UnitReader($"[Container]\n{line}\n").Words("Container.Environment").ToList());
        }
        catch (InvalidDataException)
        {
        }
    }

    [Fact]
    [Trait("Kind", "client")]
    public async Task Systemd_reads_the_same_words()
    {
        var random = Seed.Random();
        var meant = Enumerable.Range(0, 1000).Select(i => $"V{i}={HostileImage.Text(random)}").ToList();
        Assert.Equal(meant, await ReadBySystemdAsync(meant.Select(UnitText.Word)));
    }

    [Theory]
    [InlineData("\"A=%h\"", "A=%h")]
    [InlineData("A=b c", "A=b c")]
    [InlineData("\"A=\\x41\"", "A=\\x41")]
    [Trait("Kind", "client")]
    public async Task Systemd_shows_a_word_that_is_not_escaped(string word, string meant) => Assert.NotEqual([meant], await ReadBySystemdAsync([word]));

    // systemd loads a unit, as nobody and without running anything, and dumps what it has understood.
    static async Task<List<string>> ReadBySystemdAsync(IEnumerable<string> words)
    {
        using var directory = new TempDirectory();
        Directory.CreateDirectory(directory["run"]);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(directory.Path, (UnixFileMode)0b111_101_101);
            File.SetUnixFileMode(directory["run"], (UnixFileMode)0b111_111_111);
        }
        foreach (var target in (string[])["basic", "shutdown", "sysinit"])
            await File.WriteAllTextAsync(directory[$"{target}.target"], "[Unit]\nDefaultDependencies=no\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(directory["words.service"], $"[Service]\nType=oneshot\n{string.Concat(words.Select(word => $"ExecStart=/bin/echo {word}\n"))}", TestContext.Current.CancellationToken);
        var start = new ProcessStartInfo("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "/lib/systemd/systemd", "--test", "--user", "--unit=words.service"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        start.Environment["PATH"] = "/usr/bin:/bin";
        start.Environment["LC_ALL"] = "C.UTF-8";
        start.Environment["SYSTEMD_UNIT_PATH"] = directory.Path;
        start.Environment["XDG_RUNTIME_DIR"] = start.Environment["HOME"] = directory["run"];
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        const string Start = "Command Line: /bin/echo";
        var found = output.Split('\n').Select(line => line.TrimStart('\t', ' ')).Where(line => line.StartsWith(Start, StringComparison.Ordinal)).SelectMany(line => Unquote(line[Start.Length..])).ToList();
        return found.Count > 0 ? [.. found.Select(word => word.Replace("$$", "$", StringComparison.Ordinal))] : [$"{output}\n{await error}"];
    }

    // What systemd dumps is quoted for people: double quotes, and escapes as in C.
    static IEnumerable<string> Unquote(string line)
    {
        var i = 0;
        while (i < line.Length)
        {
            if (line[i] == ' ')
            {
                i++;
                continue;
            }
            var word = new List<byte>();
            var quoted = line[i] == '"';
            for (i += quoted ? 1 : 0; i < line.Length && (quoted ? line[i] != '"' : line[i] != ' '); i++)
            {
                if (line[i] != '\\')
                {
                    var length = char.IsSurrogate(line[i]) ? 2 : 1;
                    word.AddRange(Encoding.UTF8.GetBytes(line.Substring(i, length)));
                    i += length - 1;
                    continue;
                }
                i++;
                if (char.IsAsciiDigit(line[i]))
                {
                    word.Add((byte)Convert.ToInt32(line.Substring(i, 3), 8));
                    i += 2;
                }
                else if (line[i] == 'x')
                {
                    word.Add(byte.Parse(line.AsSpan(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                    i += 2;
                }
                else
                {
                    var known = "abfnrtv".IndexOf(line[i], StringComparison.Ordinal);
                    word.Add((byte)(known < 0 ? line[i] : "\a\b\f\n\r\t\v"[known]));
                }
            }
            i += quoted ? 1 : 0;
            yield return Encoding.UTF8.GetString([.. word]);
        }
    }
}
