using System.Net;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Commands;
using Staithe.Config;
using Staithe.Database;
using Staithe.Tests.Durability;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Access;

/// <summary>How the first account comes to be: by the link that the server prints, or at its shell.</summary>
public sealed class SetupTests
{
    const string Password = "correct horse";

    [Theory, OnBothEngines]
    public async Task The_page_makes_the_first_account_and_is_gone(Engine engine)
    {
        await using var site = await Site.StartAsync(engine);
        using (var form = await site.GetAsync(site.Path))
        {
            await form.ExpectAsync(HttpStatusCode.OK);
            Assert.Equal("no-store", form.Header("Cache-Control"));
            Assert.Equal("same-origin", form.Header("Referrer-Policy"));
            Assert.Contains("<form method=\"post\" class=\"fields\">", await TextAsync(form), StringComparison.Ordinal);
        }
        using (var made = await site.PostAsync(site.Path, "alice", Password))
        {
            await made.ExpectAsync(HttpStatusCode.SeeOther);
            Assert.Equal("/", made.Headers.Location!.OriginalString);
        }
        using (var home = await site.GetAsync("/"))
        {
            var text = await TextAsync(home);
            Assert.Contains("<a href=\"/settings\">alice</a>", text, StringComparison.Ordinal);
            Assert.Contains("<p class=\"done\" role=\"status\">Your administrator account is ready.", text, StringComparison.Ordinal);
        }
        using (var again = await site.PostAsync(site.Path, "mallory", Password))
            await again.ExpectAsync(HttpStatusCode.NotFound);
        using (var gone = await site.GetAsync(site.Path))
        {
            await gone.ExpectAsync(HttpStatusCode.NotFound);
            Assert.DoesNotContain("name=\"password\"", await TextAsync(gone), StringComparison.Ordinal);
        }
        var users = await site.Registry.App.Database.ReadAsync(session => UserTable.ListAsync(session, new ListRequest(Limit: 10)), TestContext.Current.CancellationToken);
        Assert.Equal([("alice", true)], users.Items.Select(user => (user.Name, user.IsAdmin)));
        using var signedIn = await site.Registry.As(ClosedRegistry.Basic("alice", Password)).GetAsync("/v2/");
        await signedIn.ExpectAsync(HttpStatusCode.OK);
    }

    [Theory, OnBothEngines]
    public async Task Of_many_who_come_at_once_one_gets_the_account(Engine engine)
    {
        await using var site = await Site.StartAsync(engine);
        (await site.GetAsync(site.Path)).Dispose(); // the browser gets its cookie
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => site.PostAsync(site.Path, $"user{i}", Password)));
        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.SeeOther);
        Assert.All(answers, answer => Assert.Contains(answer.StatusCode, (HttpStatusCode[])[HttpStatusCode.SeeOther, HttpStatusCode.Conflict, HttpStatusCode.NotFound]));
        Assert.Single((await site.Registry.App.Database.ReadAsync(session => UserTable.ListAsync(session, new ListRequest(Limit: 10)), TestContext.Current.CancellationToken)).Items);
    }

    [Fact]
    public async Task An_account_that_was_made_otherwise_ends_the_link_too()
    {
        await using var site = await Site.StartAsync(Engine.Sqlite);
        await site.Registry.App.Users.AddAsync(Actor.Shell, "bob", Password, isAdmin: false, TestContext.Current.CancellationToken);
        using var gone = await site.GetAsync(site.Path);
        await gone.ExpectAsync(HttpStatusCode.NotFound);
        using var posted = await site.PostAsync(site.Path, "mallory", Password);
        await posted.ExpectAsync(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Another_secret_opens_nothing()
    {
        await using var site = await Site.StartAsync(Engine.Sqlite);
        foreach (var path in (string[])["/setup/", "/setup/x", site.Path[..^1], site.Path + "a", site.Path + "/", site.Path.Replace("/sts_", "/STS_", StringComparison.Ordinal), $"/setup/{Secret.Create(Secret.Setup)}"])
        {
            using var asked = await site.GetAsync(path);
            await asked.ExpectAsync(HttpStatusCode.NotFound);
            using var posted = await site.PostAsync(path, "mallory", Password);
            await posted.ExpectAsync(HttpStatusCode.NotFound);
            Assert.DoesNotContain(site.Path, (await TextAsync(posted)).Replace(path, "", StringComparison.Ordinal), StringComparison.Ordinal);
        }
    }

    [Theory, OnBothEngines]
    public async Task Every_server_of_the_registry_takes_the_link_and_no_other_registry_does(Engine engine)
    {
        using var directory = new TempDirectory();
        var database = engine == Engine.Postgres ? await Postgres.CreateDatabaseAsync() : null;
        string path;
        await using (var before = await Registry.StartAsync(engine, config => config with { Data = directory["data"], Database = database, Open = false }))
            path = before.App.SetupPath;
        await using var after = await Registry.StartAsync(engine, config => config with { Data = directory["data"], Database = database, Open = false });
        await using var other = await Registry.StartAsync(engine, config => config with { Open = false });
        Assert.NotEqual(path, after.App.SetupPath);
        using (var elsewhere = await other.GetAsync(path))
            await elsewhere.ExpectAsync(HttpStatusCode.NotFound);
        using var browser = new Browser(after.Url);
        using (var form = await browser.GetAsync(path))
            await form.ExpectAsync(HttpStatusCode.OK);
        using (var made = await browser.PostAsync(path, ("name", "alice"), ("password", Password)))
            await made.ExpectAsync(HttpStatusCode.SeeOther);
        using var gone = await browser.GetAsync(after.App.SetupPath);
        await gone.ExpectAsync(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task The_link_is_shown_once_and_never_logged()
    {
        using var directory = new TempDirectory();
        await using var server = await ServerProcess.StartClosedAsync(new StaitheConfig { Data = directory["data"] });
        await server.WaitForLinesAsync(1, line => line.Contains("There are no accounts yet.", StringComparison.Ordinal));
        var link = new Uri(server.Output.Split(' ', '\n').Single(word => word.Contains("/setup/", StringComparison.Ordinal)));
        Assert.Equal(server.Url.Authority, link.Authority);
        using var browser = new Browser(server.Url);
        using (var form = await browser.GetAsync(link.AbsolutePath))
            await form.ExpectAsync(HttpStatusCode.OK);
        using (var wrong = await browser.GetAsync("/setup/wrong"))
            await wrong.ExpectAsync(HttpStatusCode.NotFound);
        using (var made = await browser.PostAsync(link.AbsolutePath, ("name", "alice"), ("password", Password)))
            await made.ExpectAsync(HttpStatusCode.SeeOther);
        await server.WaitForLinesAsync(3, line => line.Contains("\"message\":\"request\"", StringComparison.Ordinal));
        Assert.Single(server.Output.Split('\n'), line => line.Contains(link.AbsolutePath, StringComparison.Ordinal));
        Assert.DoesNotContain(Password, server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_a_name_comes_back_as_text_and_makes_nothing()
    {
        await using var site = await Site.StartAsync(Engine.Sqlite);
        foreach (var name in (string[])["\"><script>alert(1)</script>", "' onfocus='alert(1)", "<img src=x onerror=alert(1)>", "&lt;b&gt;", "Alice", "a/b", "", "v2", new string('a', 100), "a\u0000b", "ａlice"])
        {
            using var refused = await site.PostAsync(site.Path, name, Password);
            await refused.ExpectAsync(HttpStatusCode.BadRequest);
            var page = await TextAsync(refused);
            Assert.DoesNotContain("<script>", page, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("<img src=x", page, StringComparison.OrdinalIgnoreCase);
            Assert.DoesNotContain("' onfocus", page, StringComparison.Ordinal);
            Assert.Contains("role=\"alert\"", page, StringComparison.Ordinal);
            Assert.Contains("default-src 'none'", refused.Header("Content-Security-Policy")!, StringComparison.Ordinal);
        }
        foreach (var password in (string[])["", "short", new string('x', 1001), "with\ttab and more"])
        {
            using var refused = await site.PostAsync(site.Path, "alice", password);
            await refused.ExpectAsync(HttpStatusCode.BadRequest);
            if (password.Length > 0)
                Assert.DoesNotContain(password, await TextAsync(refused), StringComparison.Ordinal);
        }
        using (var noForm = await site.PostTextAsync(site.Path, "{}", "application/json"))
            await noForm.ExpectAsync(HttpStatusCode.BadRequest);
        using (var large = await site.PostAsync(site.Path, "alice", new string('x', 70_000)))
            await large.ExpectAsync(HttpStatusCode.BadRequest);
        Assert.False(await site.Registry.App.Database.ReadAsync(UserTable.AnyAsync, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task The_shell_makes_an_account_without_a_server()
    {
        using var directory = new TempDirectory();
        Assert.Equal(
            (0, $"alice may sign in and push to alice/… (in the registry of {directory["data"]})\n", ""),
            await RunAsync(directory["data"], Password + "\n", "add", "alice", "--admin", "--password-stdin"));
        var (exitCode, output, error) = await RunAsync(directory["data"], Password, "add", "alice", "--password-stdin");
        Assert.Equal((1, ""), (exitCode == 0 ? 0 : 1, output));
        Assert.Contains("the name alice is taken", error, StringComparison.Ordinal);
        Assert.Contains("looks too much like alice", (await RunAsync(directory["data"], Password, "add", "a1ice", "--password-stdin")).Error, StringComparison.Ordinal);
        Assert.Contains("cannot be a user's name", (await RunAsync(directory["data"], Password, "add", "A", "--password-stdin")).Error, StringComparison.Ordinal);
        Assert.Contains("standard input is empty", (await RunAsync(directory["data"], "", "add", "bob", "--password-stdin")).Error, StringComparison.Ordinal);
        Assert.Contains("a password has 8 to 1000 characters", (await RunAsync(directory["data"], "short", "add", "bob", "--password-stdin")).Error, StringComparison.Ordinal);
        Assert.Contains("there is no user carol", (await RunAsync(directory["data"], "", "disable", "carol")).Error, StringComparison.Ordinal);

        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => config with { Data = directory["data"], Open = false });
        using var signedIn = await registry.As(ClosedRegistry.Basic("alice", Password)).GetAsync("/v2/");
        await signedIn.ExpectAsync(HttpStatusCode.OK);
    }

    /// <summary>Whoever pastes it into another shell, in another directory, gets an account there and nowhere else.</summary>
    [Theory, OnBothEngines]
    public async Task The_command_that_is_printed_acts_on_the_registry_that_prints_it(Engine engine)
    {
        using var directory = new TempDirectory();
        var config = new StaitheConfig
        {
            Data = directory["its data"],
            Database = engine == Engine.Postgres ? await Postgres.CreateDatabaseAsync() : null,
        };
        await using var server = await ServerProcess.StartClosedAsync(config);
        await server.WaitForLinesAsync(1, line => line.Contains("There are no accounts yet.", StringComparison.Ordinal));
        var printed = server.Output.Split('\n').Single(line => line.Contains("no accounts yet", StringComparison.Ordinal)).Split(" or with: ")[1];
        Assert.Contains("user add NAME --admin", printed, StringComparison.Ordinal);
        var command = printed.Replace("staithe user add NAME", $"{ServerProcess.Executable} user add alice --password-stdin", StringComparison.Ordinal)
            .Replace("=…", $"='{config.Database}'", StringComparison.Ordinal);
        var shell = new System.Diagnostics.ProcessStartInfo("sh", ["-c", $"printf %s '{Password}' | {command}"])
        {
            WorkingDirectory = directory.Path, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        foreach (var name in shell.Environment.Keys.Where(name => name.StartsWith(Settings.VariablePrefix, StringComparison.Ordinal)).ToList())
            shell.Environment.Remove(name);
        shell.Environment["HOME"] = directory.Path;
        using (var run = System.Diagnostics.Process.Start(shell)!)
        {
            var output = await run.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken) + await run.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
            await run.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.True(run.ExitCode == 0, $"{command}\n{output}");
            Assert.Contains($"alice may sign in and push to alice/… (in the registry of {config.Data}", output, StringComparison.Ordinal);
        }
        using var http = new HttpClient { BaseAddress = server.Url };
        http.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", ClosedRegistry.Basic("alice", Password));
        using var signedIn = await http.GetAsync(new Uri("/v2/", UriKind.Relative), TestContext.Current.CancellationToken);
        await signedIn.ExpectAsync(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_shell_says_in_which_registry_there_is_nobody()
    {
        using var directory = new TempDirectory();
        Assert.Equal((0, $"no accounts (in the registry of {directory["data"]})\n", ""), await RunAsync(directory["data"], "", "list"));
        Assert.Contains($"there is no user carol (in the registry of {directory["data"]})", (await RunAsync(directory["data"], "", "promote", "carol")).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_shell_changes_accounts_beside_a_server()
    {
        await using var site = await Site.StartAsync(Engine.Sqlite);
        var data = site.Registry.Config.Data;
        var alice = site.Registry.As(ClosedRegistry.Basic("alice", Password));
        Assert.Equal(0, (await RunAsync(data, Password, "add", "alice", "--password-stdin")).ExitCode);
        using (var signedIn = await alice.GetAsync("/v2/"))
            await signedIn.ExpectAsync(HttpStatusCode.OK);
        Assert.Equal(0, (await RunAsync(data, "", "disable", "alice")).ExitCode);
        await Eventually.AnswersAsync(HttpStatusCode.Unauthorized, () => site.Registry.As(ClosedRegistry.Basic("alice", Password), $"127.0.2.{Random.Shared.Next(1, 250)}").GetAsync("/v2/"));
        Assert.Equal(0, (await RunAsync(data, "", "enable", "alice")).ExitCode);
        Assert.Equal(0, (await RunAsync(data, "another password", "password", "alice", "--password-stdin")).ExitCode);
        using var renewed = await site.Registry.As(ClosedRegistry.Basic("alice", "another password"), "127.0.3.1").GetAsync("/v2/");
        await renewed.ExpectAsync(HttpStatusCode.OK);
        Assert.Contains("alice", (await RunAsync(data, "", "list")).Output, StringComparison.Ordinal);
    }

    static async Task<(int ExitCode, string Output, string Error)> RunAsync(string data, string input, params string[] args)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        using var reader = new StringReader(input);
        var terminal = new Terminal(new Dictionary<string, string> { ["HOME"] = data }, output, error, reader);
        var exitCode = await StaitheCommand.RunAsync(["user", .. args, "--data", data], terminal, TestContext.Current.CancellationToken);
        return (exitCode, output.ToString(), error.ToString());
    }

    static Task<string> TextAsync(HttpResponseMessage response) => response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

    /// <summary>A registry without accounts, and a browser.</summary>
    internal sealed class Site(Registry registry) : IAsyncDisposable
    {
        readonly Browser browser = new(registry.Url);

        public Registry Registry => registry;

        public string Path => registry.App.SetupPath;

        public static async Task<Site> StartAsync(Engine engine) => new(await Registry.StartAsync(engine, config => config with { Open = false }));

        public Task<HttpResponseMessage> GetAsync(string path) => browser.GetAsync(path);

        public Task<HttpResponseMessage> PostAsync(string path, string name, string password) => browser.PostAsync(path, ("name", name), ("password", password));

        public Task<HttpResponseMessage> PostTextAsync(string path, string body, string contentType) => browser.PostTextAsync(path, body, contentType);

        public ValueTask DisposeAsync()
        {
            browser.Dispose();
            return registry.DisposeAsync();
        }
    }
}
