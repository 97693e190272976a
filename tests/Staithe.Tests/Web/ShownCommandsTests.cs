using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Staithe.Commands;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;
using Staithe.Tests.Sharing;

namespace Staithe.Tests.Web;

/// <summary>
/// Every command that is shown works as pasted: on a registry without TLS it has the option that its client needs for that, and with TLS, also where a
/// trusted proxy ends it, it has none.
/// </summary>
public sealed partial class ShownCommandsTests
{
    const string Config = """{"os":"linux","architecture":"amd64","config":{"ExposedPorts":{"8080/tcp":{} },"Env":["GREETING=hello"],"Volumes":{"/data":{} } } }""";

    static readonly string[] Files = ["run.sh", "run.sh?as=docker", "compose.yaml", "kube.yaml", "kube.yaml?flavour=kubernetes", "app.container", "recipe.json"];

    [Fact]
    public async Task Every_page_and_file_shows_commands_that_fit_the_way_to_the_registry()
    {
        await using var server = await StartAsync();
        var root = server.As("root");
        var share = $"/s/{(await Shared.MakeAsync(root, "team/app", null)).Secret}";
        var invite = new Uri((await root.PostAsync("/spaces/team/invitations", new { target = "team/app", rights = "read", newAccounts = true })).GetProperty("url").GetString()!).AbsolutePath;
        string[] paths =
        [
            "/", "/search", "/spaces/team", "/r/team/app", "/r/team/app?view=tags", "/r/team/app:1", "/r/team/app:1?view=run", "/r/team/app:1?view=build", "/r/team/app:1?view=attached",
            "/r/team/chart", "/r/team/chart:1.2.0", share, invite, "/login", "/v2/", "/v2/team/none/tags/list", "/nothing", .. Files.Select(file => $"/run/team/app:1/{file}"),
        ];
        var shown = 0;
        foreach (var path in paths)
        {
            var plain = await ReadAsync(server.Registry, path);
            Check(plain, path, isPlain: true);
            shown += CommandsIn(plain).Count;
            Check(await ReadAsync(server.Registry.As(null), path, ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "registry.example")), path, isPlain: false);
            // Whoever is no trusted proxy cannot say so.
            var strange = await ReadAsync(server.Registry.As(null, "127.0.77.1"), path, ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "evil.example"));
            Check(strange, path, isPlain: true);
            Assert.DoesNotContain("evil.example", strange, StringComparison.Ordinal);
        }
        Assert.True(shown > 30, $"only {shown} commands were found");
    }

    [Fact]
    public async Task So_do_the_pages_of_somebody_who_is_signed_in()
    {
        await using var server = await StartAsync();
        using var browser = new Browser(server.Registry.Url);
        await browser.SignInAsync("alice", ApiServer.Password("alice"));
        foreach (var path in (string[])["/", "/spaces/alice", "/settings", "/yours"])
            Check(await browser.ReadAsync(path), path, isPlain: true);
        await browser.SignInAsync("root", ApiServer.Password("root"));
        foreach (var (path, fields) in new (string, (string, string)[])[]
        {
            ("/settings", [("do", "token.add"), ("name", "laptop"), ("role", "read"), ("days", "7")]),
            ("/settings/team/app?view=links", [("do", "link.add"), ("days", "7")]),
            ("/settings/team/chart?view=links", [("do", "link.add"), ("days", "7")]),
            ("/settings/team?view=robots", [("do", "robot.add"), ("name", "ci"), ("target", "team/"), ("role", "read"), ("days", "7")]),
        })
        {
            using var made = await browser.PostAsync(path, fields);
            await made.ExpectAsync(HttpStatusCode.OK);
            var text = await made.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Check(text, path, isPlain: true);
            Assert.NotEmpty(CommandsIn(text));
            // What is shown can be copied as it is: there is nothing to fill in.
            Assert.DoesNotContain(CommandsIn(text), command => command.Contains("TAG", StringComparison.Ordinal) || command.Contains("IMAGE", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_share_link_is_run_as_its_recipe_says()
    {
        await using var server = await StartAsync();
        var link = await Shared.MakeAsync(server.As("root"), "team/app", null);
        var name = $"{server.Registry.Authority}/{link.Name}:1";
        Assert.Equal(
            [
                $"podman run -d --tls-verify=false --name app -p 8080:8080 -v app-data:/data {name}",
                $"docker run -d --name app -p 8080:8080 -v app-data:/data {name}",
                $"podman pull --tls-verify=false {name}",
                $"docker pull {name}",
            ],
            Shown().Matches(await ReadAsync(server.Registry, $"/s/{link.Secret}")).Select(code => WebUtility.HtmlDecode(code.Groups[1].Value)));
        var chart = await Shared.MakeAsync(server.As("root"), "team/chart", null);
        var page = await ReadAsync(server.Registry, $"/s/{chart.Secret}");
        Assert.Contains($"oras pull --plain-http {server.Registry.Authority}/{chart.Name}:1.2.0", page, StringComparison.Ordinal);
        Assert.DoesNotContain("podman run", page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--help")]
    [InlineData("run", "--help")]
    [InlineData("find", "--help")]
    public async Task So_does_the_help_of_the_program(params string[] arguments)
    {
        using var output = new StringWriter();
        await StaitheCommand.RunAsync(arguments, new Terminal(new Dictionary<string, string>(), output, output, TextReader.Null), TestContext.Current.CancellationToken);
        Assert.NotEmpty(CommandsIn(output.ToString()));
        Check(output.ToString(), string.Join(' ', arguments), isPlain: true);
    }

    static async Task<ApiServer> StartAsync()
    {
        var server = await ApiServer.StartAsync(Engine.Sqlite, config => config with { Proxies = [IPNetwork.Parse("127.0.0.1/32")] }, "root", "alice");
        var root = server.As("root");
        await root.PostAsync("/organizations", new { name = "team" });
        var registry = server.Registry.As(ClosedRegistry.Basic("root", ApiServer.Password("root")));
        await PushAsync(registry, "team/app", "1", "application/vnd.oci.image.config.v1+json", Config);
        await PushAsync(registry, "team/chart", "1.2.0", "application/vnd.cncf.helm.config.v1+json", """{"name":"web","version":"1.2.0"}""");
        foreach (var name in (string[])["team/app", "team/chart"])
            await root.PatchAsync($"/repository?name={name}", new { visibility = "public" });
        await server.Registry.App.DrainAsync(CancellationToken.None);
        return server;
    }

    static async Task PushAsync(Registry registry, string name, string tag, string configType, string config)
    {
        var bytes = Encoding.UTF8.GetBytes(config);
        var manifest = JsonSerializer.SerializeToUtf8Bytes(new
        {
            schemaVersion = 2,
            mediaType = RegistryClient.OciManifest,
            config = new { mediaType = configType, digest = await registry.PushBlobAsync(name, bytes), size = bytes.Length },
            layers = Array.Empty<object>(),
        });
        using var pushed = await registry.PutManifestAsync(name, tag, manifest);
        await pushed.ExpectAsync(HttpStatusCode.Created);
    }

    static async Task<string> ReadAsync(Registry registry, string path, params (string, string)[] headers)
    {
        using var answer = await registry.GetAsync(path, [("Accept", path.StartsWith("/v2/", StringComparison.Ordinal) || path == "/nothing" ? "*/*" : "text/html"), .. headers]);
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    static void Check(string text, string where, bool isPlain)
    {
        foreach (var command in CommandsIn(text))
        {
            var words = command.Split(' ');
            var expected = words[0] switch
            {
                _ when command.Contains(" docker.io/", StringComparison.Ordinal) && !command.Contains(" push", StringComparison.Ordinal) => "",
                "podman" or "buildah" => "--tls-verify=false",
                "podman-compose" => "--podman-run-args=--tls-verify=false",
                "skopeo" => "--src-tls-verify=false",
                "oras" or "helm" or "ctr" => "--plain-http",
                "crane" => "--insecure",
                _ => "--insecure-registry",
            };
            if (isPlain && expected.Length > 0)
                Assert.True(words.Contains(expected), $"{where}: {command}");
            else
                Assert.False(Options().IsMatch(command), $"{where}: {command}");
        }
    }

    static List<string> CommandsIn(string text) =>
        [.. Command().Matches(WebUtility.HtmlDecode(Tag().Replace(text, "\n")).Replace("\\n", "\n", StringComparison.Ordinal)).Select(match => match.Groups[1].Value)];

    [GeneratedRegex(@"(?<![\w/.-])((?:podman-compose|podman|skopeo|buildah|oras|helm|crane|ctr|nerdctl)(?: --[\w=.-]+)* (?:login|pull|push|run|search|kube play|copy|images pull|install|show values|up) [^\n""]*)")]
    private static partial Regex Command();

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tag();

    [GeneratedRegex("<pre[^>]*><code>([^<]*)</code>")]
    private static partial Regex Shown();

    [GeneratedRegex("--(src-|dest-)?tls-verify|--plain-http|--insecure")]
    private static partial Regex Options();
}
