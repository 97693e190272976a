using System.Net;
using System.Net.Sockets;
using Staithe.Commands;
using Staithe.Config;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Config;

/// <summary>What keeps a server from starting is said with what to do about it.</summary>
public sealed class ErrorNamesTheFixTests : ConfigFixture
{
    [Fact]
    public async Task A_busy_port_names_the_option_and_who_may_hold_it()
    {
        using var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        var address = $"127.0.0.1:{((IPEndPoint)holder.LocalEndpoint).Port}";
        var message = await FailureAsync(config => config with { Listen = [ListenAddress.Parse(address)] });
        Assert.All((string[])[address, "another staithe", "ss -ltnp", "--listen HOST:PORT", "STAITHE_LISTEN"], word => Assert.Contains(word, message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_address_of_another_machine_names_the_option()
    {
        var message = await FailureAsync(config => config with { Listen = [ListenAddress.Parse("192.0.2.1:5000")] });
        Assert.All((string[])["192.0.2.1:5000", "no such address", "--listen HOST:PORT"], word => Assert.Contains(word, message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("postgres://u:hunter2@127.0.0.1:1/x", "PostgreSQL at 127.0.0.1:1 cannot be reached", "see whether it runs")]
    [InlineData("postgres://u:hunter2@nowhere.invalid/x", "PostgreSQL at nowhere.invalid:5432 cannot be reached", "see whether it runs")]
    [InlineData("DATABASE/nosuchdb", "has no database nosuchdb", "createdb -O postgres nosuchdb")]
    [InlineData("USER:hunter2", "does not let nosuchuser in", "correct the user and the password")]
    public async Task A_database_that_cannot_be_opened_names_the_setting_and_what_to_do(string url, string cause, string fix)
    {
        if (!url.StartsWith("postgres:", StringComparison.Ordinal))
        {
            var right = new UriBuilder(await Postgres.CreateDatabaseAsync());
            if (url.StartsWith("DATABASE", StringComparison.Ordinal))
                right.Path = "/nosuchdb";
            else
                (right.UserName, right.Password) = ("nosuchuser", "hunter2");
            url = right.Uri.OriginalString;
        }
        using var directory = new TempDirectory();
        foreach (var command in (string[])["serve", "fsck", "user list", "user disable x"])
        {
            if (command == "fsck")
                Directory.CreateDirectory(directory["data"]); // which it does not make
            using var output = new StringWriter();
            using var error = new StringWriter();
            var exitCode = await StaitheCommand.RunAsync(
                [.. command.Split(' '), "--data", directory["data"], "--database", url], new Terminal(Variables, output, error, TextReader.Null), TestContext.Current.CancellationToken);
            Assert.Equal((1, ""), (exitCode, output.ToString()));
            Assert.All((string[])[cause, fix, "--database (STAITHE_DATABASE or STAITHE_DATABASE_FILE)"], word => Assert.Contains(word, error.ToString(), StringComparison.Ordinal));
            Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_directory_that_cannot_be_made_is_made_first()
    {
        Assert.SkipUnless(Staithe.Storage.NativeFile.IsRoot, "another user is needed, who may not write");
        using var directory = new TempDirectory();
        var start = new System.Diagnostics.ProcessStartInfo(
            "setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", Durability.ServerProcess.Executable, "serve", "--data", directory["new"]]) { RedirectStandardError = true };
        using var process = System.Diagnostics.Process.Start(start)!;
        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Contains($"{directory["new"]} does not exist, and this user (nobody) cannot make it: make it as root (install -d -m 700 -o nobody {directory["new"]})", error, StringComparison.Ordinal);
        Assert.DoesNotContain("chown", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("STAITHE_PORT", "5000", "STAITHE_LISTEN")]
    [InlineData("STAITHE_BIND", ":5000", "STAITHE_LISTEN")]
    [InlineData("STAITHE_DATA_DIR", "/x", "STAITHE_DATA?")]
    [InlineData("STAITHE_CONFIG_FILE", "/x", "STAITHE_CONFIG?")]
    [InlineData("STAITHE_TLS_CERT", "/x", "STAITHE_TLS_CERTIFICATE")]
    [InlineData("STAITHE_DATABASE_URL", "postgres://h/d", "STAITHE_DATABASE?")]
    [InlineData("STAITHE_UPLOAD_HOUR", "1", "STAITHE_UPLOAD_HOURS")]
    public void An_unknown_variable_names_the_one_that_is_meant(string name, string value, string meant)
    {
        Variables[name] = value;
        Assert.Contains(meant, Assert.Single(Problems()), StringComparison.Ordinal);
    }

    [Fact]
    public void An_unknown_key_of_the_file_names_the_one_that_is_meant() =>
        Assert.Contains("did you mean listen?", Assert.Single(Problems(InFile("""{ "port": 5000 }"""))), StringComparison.Ordinal);

    [Theory]
    [InlineData(0, "0 tags")]
    [InlineData(1, "1 tag")]
    [InlineData(2, "2 tags")]
    [InlineData(1_000_000, "1000000 tags")]
    public void A_count_has_the_right_noun(long number, string text) => Assert.Equal(text, Count.Of(number, "tag"));

    static async Task<string> FailureAsync(Func<StaitheConfig, StaitheConfig> change) =>
        (await Assert.ThrowsAsync<IOException>(() => Registry.StartAsync(Engine.Sqlite, change))).Message;
}
