using System.Text.RegularExpressions;
using Staithe.Commands;
using Staithe.Config;

namespace Staithe.Tests.Config;

/// <summary>The command line as a user meets it: what it prints where, and what it exits with.</summary>
public class CommandLineTests : ConfigFixture
{
    async Task<(int ExitCode, string Output, string Error)> RunAsync(params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var exitCode = await StaitheCommand.RunAsync(args, new Terminal(Variables, output, error, TextReader.Null), TestContext.Current.CancellationToken);
        return (exitCode, output.ToString(), error.ToString());
    }

    [Fact]
    public async Task Version_prints_two_lines()
    {
        var (exitCode, output, error) = await RunAsync("version");
        Assert.Equal((0, ""), (exitCode, error));
        Assert.Matches(@"\Astaithe \d+\.\d+\.\d+\n\.NET 10\..+\n\z", output);
        Assert.Equal((0, output, ""), await RunAsync("--version"));
    }

    [Fact]
    public async Task Config_reference_prints_the_table() => Assert.Equal((0, ConfigReference.Markdown(), ""), await RunAsync("config", "reference"));

    [Fact]
    public async Task Config_check_prints_the_settings_and_their_sources()
    {
        Variables["STAITHE_DATABASE"] = "postgres://u:hunter2@h/d";
        Variables["STAITHE_LDAP_URL"] = "ldap://directory.example";
        Variables["STAITHE_LDAP_BASE"] = "dc=example";
        Variables["STAITHE_LDAP_BIND_DN"] = "cn=staithe";
        Variables["STAITHE_LDAP_BIND_PASSWORD_FILE"] = Write("password", "hunter2\n");
        var file = Write("staithe.json", "{\n  \"sparse\": \"all\"\n}");
        var (exitCode, output, error) = await RunAsync("config", "check", "--config", file, "--listen", "127.0.0.1:1", "--listen", "[::1]:1");
        Assert.Equal((0, ""), (exitCode, error));
        var data = $"{Home}/.local/share/staithe";
        Assert.Equal(
            [
                ("listen", "127.0.0.1:1, [::1]:1", "flag --listen"),
                ("tlsCertificate", "none", "default"),
                ("tlsKey", "none", "default"),
                ("proxies", "none", "default"),
                ("hosts", "none", "default"),
                ("data", data, "default"),
                ("database", "postgres://u:***@h/d", "environment STAITHE_DATABASE"),
                ("open", "false", "default"),
                ("oidc", "none", "default"),
                ("trustedIssuers", "none", "default"),
                ("spacesInviteNewUsers", "false", "default"),
                ("officialSpaces", "none", "default"),
                ("sparse", "all", $"{file}:2"),
                ("log", "auto", "default"),
                ("uploadHours", "24", "default"),
                ("openUploadsPerAccount", "256", "default"),
                ("openUploadsPerSpace", "512", "default"),
                ("openUploads", "4096", "default"),
                ("leaseHours", "24", "default"),
                ("trashMinutes", "60", "default"),
                ("reserveMegabytes", "16", "default"),
                ("auditDays", "365", "default"),
                ("stallSeconds", "600", "default"),
                ("stopSeconds", "30", "default"),
                ("connections", "10000", "default"),
                ("connectionsPerAddress", "0", "default"),
                ("sendfile", "true", "default"),
                ("metricsFrom", "none", "default"),
                ("metricsToken", "none", "default"),
                ("requestsPerMinute", "0", "default"),
                ("anonymousRequestsPerMinute", "0", "default"),
                ("ldapUrl", "ldap://directory.example", "environment STAITHE_LDAP_URL"),
                ("ldapStartTls", "true", "default"),
                ("ldapCertificates", "none", "default"),
                ("ldapBindDn", "cn=staithe", "environment STAITHE_LDAP_BIND_DN"),
                ("ldapBindPassword", "set, and not shown", "environment STAITHE_LDAP_BIND_PASSWORD_FILE"),
                ("ldapBase", "dc=example", "environment STAITHE_LDAP_BASE"),
                ("ldapUserFilter", "(uid={name})", "default"),
                ("ldapNameAttribute", "uid", "default"),
                ("ldapGroupBase", "none", "default"),
                ("ldapGroupFilter", "(member={dn})", "default"),
                ("ldapGroupAttribute", "cn", "default"),
                ("ldapTeams", "none", "default"),
                ("ldapNewAccounts", "false", "default"),
                ("ldapSeconds", "5", "default"),
            ],
            output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => Regex.Match(line, "^(\\S+)  +(.+?)  +(\\S.*)$")).Select(row => (row.Groups[1].Value, row.Groups[2].Value, row.Groups[3].Value)));
        Assert.Matches("^ok\nlisten +127\\.0\\.0\\.1:1, \\[::1\\]:1  ", output);
        Assert.DoesNotContain("hunter2", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_can_be_said() => Assert.Matches("(?m)^open +true +flag --open$", (await RunAsync("config", "check", "--listen", ":5000", "--open")).Output);

    [Theory]
    [InlineData("serve", "staithe config check")]
    [InlineData("fsck", "staithe config check")]
    [InlineData("config check", "staithe config reference")]
    public async Task Problems_go_to_standard_error_with_where_to_read_on(string command, string hint)
    {
        Variables["STAITHE_LOG"] = "xml";
        Variables["STAITHE_OPN"] = "true";
        var (exitCode, output, error) = await RunAsync([.. command.Split(' '), "--data", "~/x"]);
        Assert.Equal((2, ""), (exitCode, output));
        var lines = error.TrimEnd('\n').Split('\n');
        Assert.Equal(["STAITHE_LOG", "STAITHE_OPN", "--data"], lines.SkipLast(1).Select(line => line.Split(": ")[0]));
        Assert.Contains(hint, lines[^1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("serv", "staithe: no such command: \"serv\"; did you mean serve?", "staithe")]
    [InlineData("config chek", "staithe config: no such command: \"chek\"; did you mean check?", "staithe config")]
    [InlineData("serve --dat x", "--dat: no such option of staithe serve; did you mean --data?", "staithe serve")]
    [InlineData("serve --dat=x", "--dat: no such option of staithe serve; did you mean --data?", "staithe serve")]
    [InlineData("serve --databse postgres://u:hunter2@h/d", "--databse: no such option of staithe serve; did you mean --database?", "staithe serve")]
    [InlineData("serve --databse=postgres://u:hunter2@h/d", "--databse: no such option of staithe serve; did you mean --database?", "staithe serve")]
    [InlineData("serve postgres://u:hunter2@h/d", "staithe serve: takes no argument, found something that may hold a password and is not repeated here", "staithe serve")]
    [InlineData("serve --port 1", "--port: no such option of staithe serve; did you mean --listen HOST:PORT?", "staithe serve")]
    [InlineData("serve -p 1", "-p: no such option of staithe serve; did you mean --listen HOST:PORT?", "staithe serve")]
    [InlineData("serve --bind=:1", "--bind: no such option of staithe serve; did you mean --listen HOST:PORT?", "staithe serve")]
    [InlineData("serve --addr :1", "--addr: no such option of staithe serve; did you mean --listen HOST:PORT?", "staithe serve")]
    [InlineData("serve --host 0.0.0.0", "--host: no such option of staithe serve; did you mean --listen HOST:PORT?", "staithe serve")]
    [InlineData("serve --data-dir /x", "--data-dir: no such option of staithe serve; did you mean --data DIR?", "staithe serve")]
    [InlineData("fsck -d /x", "-d: no such option of staithe fsck; did you mean --data DIR?", "staithe fsck")]
    [InlineData("serve --config-file x", "--config-file: no such option of staithe serve; did you mean --config FILE?", "staithe serve")]
    [InlineData("serve -c x", "-c: no such option of staithe serve; did you mean --config FILE?", "staithe serve")]
    [InlineData("serve --db-url postgres://u:hunter2@h/d", "--db-url: no such option of staithe serve; did you mean --database URL?", "staithe serve")]
    [InlineData("serve --no-auth", "--no-auth: no such option of staithe serve; did you mean --open?", "staithe serve")]
    [InlineData("serve --cert x", "--cert: no such option of staithe serve; that is the setting tlsCertificate, which stands in the file or in STAITHE_TLS_CERTIFICATE", "staithe serve")]
    [InlineData("serve now", "staithe serve: takes no argument, found \"now\"", "staithe serve")]
    [InlineData("serve @now", "staithe serve: takes no argument, found \"@now\"", "staithe serve")]
    [InlineData("serve --data", "--data: the value is missing: --data DIR", "staithe serve")]
    [InlineData("serve --data --open", "--data: the value is missing: --data DIR", "staithe serve")]
    [InlineData("serve --data a --data b", "--data: given more than once", "staithe serve")]
    [InlineData("serve --config a --config b", "--config: given more than once", "staithe serve")]
    [InlineData("serve --open=yes", "--open: takes no value", "staithe serve")]
    [InlineData("serve --open false", "--open: takes no value", "staithe serve")]
    [InlineData("fsck --listen :5000", "--listen: no such option of staithe fsck", "staithe fsck")]
    [InlineData("config check --rehash", "--rehash: no such option of staithe config check", "staithe config check")]
    [InlineData("version --data x", "--data: no such option of staithe version", "staithe version")]
    [InlineData("user add x --password foo", "--password: no such option of staithe user add; did you mean --password-stdin?", "staithe user add")]
    [InlineData("user add x --password=foo", "--password: no such option of staithe user add; did you mean --password-stdin?", "staithe user add")]
    [InlineData("user password x --password foo", "--password: no such option of staithe user password; did you mean --password-stdin?", "staithe user password")]
    [InlineData("[diagram] serve --database postgres://u:hunter2@h/d", "staithe serve: takes no argument, found \"[diagram]\"", "staithe serve")]
    public async Task A_usage_error_names_what_is_wrong(string args, string problem, string command) =>
        Assert.Equal((2, "", $"{problem}\nRun \"{command} --help\" for what it takes.\n"), await RunAsync(args.Split(' ')));

    /// <summary>What serve prints for another shell leads to its own registry, and gives no password away.</summary>
    [Theory]
    [InlineData("", "", "", "staithe user add NAME --data {home}/.local/share/staithe")]
    [InlineData("--data /srv/a", "", "", "staithe user add NAME --data /srv/a")]
    [InlineData("", "STAITHE_DATA=/srv/a b", "", "staithe user add NAME --data '/srv/a b'")]
    [InlineData("", "", "\"data\": \"x\"", "staithe user add NAME --data {home}/x")]
    [InlineData("--database postgres://u@h:1/d", "", "", "staithe user add NAME --data {home}/.local/share/staithe --database postgres://u@h:1/d")]
    [InlineData("--database postgres://u:hunter2@h/d", "", "", "staithe user add NAME --data {home}/.local/share/staithe --database 'postgres://u:***@h/d'")]
    [InlineData("", "STAITHE_DATABASE=postgres://u:hunter2@h/d", "", "STAITHE_DATABASE=… staithe user add NAME --data {home}/.local/share/staithe")]
    [InlineData("", "STAITHE_DATABASE_FILE={home}/url", "", "STAITHE_DATABASE_FILE=… staithe user add NAME --data {home}/.local/share/staithe")]
    [InlineData("", "", "\"databaseFile\": \"url\"", "staithe user add NAME --data {home}/.local/share/staithe --config {home}/staithe.json")]
    public void A_command_leads_to_the_same_registry(string flags, string variable, string file, string command)
    {
        Write("url", "postgres://u:hunter2@h/d\n");
        if (variable.Split('=', 2) is [var name, var value])
            Variables[name] = value.Replace("{home}", Home, StringComparison.Ordinal);
        var given = flags.Split(' ') is ["--data", var data] ? Flags((Settings.Data, data)) : flags.Split(' ') is ["--database", var url] ? Flags((Settings.Database, url)) : ConfigFlags.None;
        var loaded = ConfigLoader.Load(file.Length > 0 ? InFile($"{{ {file} }}") : given, Variables);
        Assert.Equal(command.Replace("{home}", Home, StringComparison.Ordinal), SameRegistry.Command(loaded, "staithe user add NAME"));
    }

    [Fact]
    public async Task Usage_errors_come_all_at_once() => Assert.Equal(
        "--lisen: no such option of staithe serve; did you mean --listen?\n--opne: no such option of staithe serve; did you mean --open?\n--open: takes no value\n--data: the value is missing: --data DIR\nRun \"staithe serve --help\" for what it takes.\n",
        (await RunAsync("serve", "--lisen", ":5000", "--opne", "--open=1", "--data")).Error);

    [Theory]
    [InlineData("")]
    [InlineData("config")]
    public async Task A_command_that_is_missing_gets_the_help_as_its_error(string args)
    {
        var (exitCode, output, error) = await RunAsync(args.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal((2, ""), (exitCode, output));
        Assert.Matches($@"Usage:\n  \S+ ?{args} \[command\] \[options\]", error); // the library calls the root after the program that runs: here, the tests
    }

    [Theory]
    [InlineData("", "staithe serve", "podman push", "staithe fsck")]
    [InlineData("serve", "--listen <HOST:PORT>", "--data <DIR>", "--config <FILE>", "--database <URL>", "--open")]
    [InlineData("config", "check", "reference", "STAITHE_CONFIG")]
    [InlineData("config check", "--listen <HOST:PORT>", "--open")]
    [InlineData("config reference", "docs/configuration.md")]
    [InlineData("audit", "export")]
    [InlineData("audit export", "--data <DIR>", "--config <FILE>", "--database <URL>", "--space <NAME>", "--after <ID>")]
    [InlineData("fsck", "--data <DIR>", "--config <FILE>", "--database <URL>", "--rehash")]
    [InlineData("version", "fault")]
    public async Task Help_teaches(string command, params string[] words)
    {
        var (exitCode, output, error) = await RunAsync([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
        Assert.Equal((0, ""), (exitCode, error));
        Assert.All(words, word => Assert.Contains(word, output, StringComparison.Ordinal));
        Assert.All(output.Split('\n'), line => Assert.InRange(line.TrimEnd().Length, 0, 100));
    }
}
