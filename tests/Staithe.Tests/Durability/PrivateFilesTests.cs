using System.Diagnostics;
using System.Text.RegularExpressions;
using Staithe.Fsck;
using Staithe.Storage;
using Staithe.Tests.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Durability;

/// <summary>What the registry keeps is for its user alone, and stays that user's, whoever runs a command on it.</summary>
public sealed partial class PrivateFilesTests
{
    const uint UsualUmask = 0b010_010;
    const uint ServiceUser = 65534;

    [Fact]
    public async Task Nothing_that_is_made_is_open_to_others_whatever_the_umask()
    {
        NativeFile.SetUmask(0);
        try
        {
            using var directory = new TempDirectory();
            const string name = "private/a";
            await using var open = await Registry.StartAsync(Engine.Sqlite, config => config with { Data = directory["new/open"] });
            await open.PushLayersAsync(name, "1", new TarBytes().File("etc/passwd", "x").End());
            await open.LookAsync();
            await open.StartUploadAsync(name);
            using (var ready = await open.GetAsync("/readyz?for=writes"))
                await ready.ExpectAsync(System.Net.HttpStatusCode.OK);
            var entries = Directory.EnumerateFileSystemEntries(directory["new"], "*", SearchOption.AllDirectories).Append(directory["new"]).ToList();
            Assert.Contains(entries, entry => entry.EndsWith("staithe.db-wal", StringComparison.Ordinal));
            Assert.Contains(entries, entry => entry.Contains("/derived/layers/", StringComparison.Ordinal) && File.Exists(entry));
            Assert.DoesNotContain(entries, IsOpenToOthers);
            Assert.DoesNotContain("not private", open.Log, StringComparison.Ordinal);
        }
        finally
        {
            NativeFile.SetUmask(UsualUmask);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("staithe.db")]
    [InlineData("blobs")]
    public async Task What_others_may_read_is_said_at_the_start_and_by_fsck_with_the_command_that_mends_it(string entry)
    {
        using var directory = new TempDirectory();
        var config = default(Staithe.Config.StaitheConfig)!;
        await using (var first = await Registry.StartAsync(Engine.Sqlite, given => config = given with { Data = directory["data"] }))
            await first.PushImageAsync("a/b", "1");
        var path = Path.TrimEndingDirectorySeparator(Path.Combine(config.Data, entry));
        OpenToOthers(path);
        await using (var second = await Registry.StartAsync(Engine.Sqlite, _ => config))
        {
            await second.StopAsync();
            Assert.Contains($"chmod -R u=rwX,go= {config.Data}", second.Log, StringComparison.Ordinal);
        }
        var output = new StringWriter();
        Assert.Equal(0, await FsckRun.RunAsync(config, rehash: false, output, TestContext.Current.CancellationToken));
        Assert.Contains($"note: other users of this machine may get at {path}", output.ToString(), StringComparison.Ordinal);
    }

    // Root's commands come first or last: the user of the service can go on in either case.
    [Fact]
    public async Task What_root_makes_belongs_to_the_owner_of_the_directory()
    {
        using var directory = new TempDirectory();
        var data = directory["data"];
        Directory.CreateDirectory(data);
        NativeFile.SetOwner(data, ServiceUser, ServiceUser);
        Assert.Equal(0, await RunAsync("user", "add", "alice", "--admin", "--password-stdin", "--data", data));
        var entries = Directory.EnumerateFileSystemEntries(data, "*", SearchOption.AllDirectories).ToList();
        Assert.Contains(Path.Combine(data, "staithe.db"), entries);
        Assert.All(entries, entry => Assert.Equal((ServiceUser, ServiceUser), NativeFile.FindOwner(entry)));
        await using var served = await ServerProcess.StartClosedAsync(new Staithe.Config.StaitheConfig { Data = data });
        Assert.All(
            Directory.EnumerateFileSystemEntries(data, "*", SearchOption.AllDirectories),
            entry => Assert.Equal((ServiceUser, ServiceUser), NativeFile.FindOwner(entry)));
    }

    [Fact]
    public async Task The_unit_of_the_manual_is_one_that_systemd_takes_and_has_one_path()
    {
        var manual = await File.ReadAllTextAsync(Repository.File("docs/operating.md"), TestContext.Current.CancellationToken);
        var unit = Unit().Match(manual).Groups["unit"].Value;
        var data = Value(unit, "Environment").Split(' ').Single(variable => variable.StartsWith("STAITHE_DATA=", StringComparison.Ordinal))["STAITHE_DATA=".Length..];
        Assert.Equal($"/var/lib/{Value(unit, "StateDirectory")}", data);
        Assert.Equal(("0700", "0077"), (Value(unit, "StateDirectoryMode"), Value(unit, "UMask")));
        Assert.All(DataOption().Matches(manual), match => Assert.Equal(data, match.Groups["path"].Value));
        var program = Value(unit, "ExecStart").Split(' ')[0];
        Assert.Contains($"publish -c Release src/Staithe -o {Path.GetDirectoryName(program)}\n", manual, StringComparison.Ordinal);

        using var directory = new TempDirectory();
        var file = directory["staithe.service"];
        await File.WriteAllTextAsync(file, unit.Replace(program, "/bin/true", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        using var verify = Process.Start(new ProcessStartInfo("systemd-analyze", ["verify", "--man=no", file]) { RedirectStandardError = true })!;
        var said = await verify.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await verify.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.DoesNotContain("staithe.service", said, StringComparison.Ordinal);
        Assert.Equal(0, verify.ExitCode);
    }

    static string Value(string unit, string key) =>
        Assert.Single(unit.Split('\n'), line => line.StartsWith(key + "=", StringComparison.Ordinal))[(key.Length + 1)..];

    static async Task<int> RunAsync(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(ServerProcess.Executable, arguments) { RedirectStandardInput = true })!;
        await process.StandardInput.WriteLineAsync("correct horse battery");
        process.StandardInput.Close();
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return process.ExitCode;
    }

    [GeneratedRegex(@"```ini\n(?<unit>\[Unit\].*?)```", RegexOptions.Singleline)]
    private static partial Regex Unit();

    [GeneratedRegex(@"--data (?<path>[^ \n`]+)")]
    private static partial Regex DataOption();

    static bool IsOpenToOthers(string path) => OperatingSystem.IsLinux() && ((int)File.GetUnixFileMode(path) & 0b111_111) != 0;

    static void OpenToOthers(string path)
    {
        if (OperatingSystem.IsLinux())
            File.SetUnixFileMode(path, File.GetUnixFileMode(path) | UnixFileMode.OtherRead);
    }
}
