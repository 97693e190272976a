using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

/// <summary>Runs what the registry says how to run, as it says it, and asks what answers.</summary>
[Trait("Kind", "client"), Collection(ClientCollections.Podman)]
public sealed class RecipeStoryTests(Registries registries, ClientWorld world) : IClassFixture<ClientWorld>
{
    // For a shell, for YAML, for compose and for units each something else.
    const string Greeting = "it's \"$HOME\" %h ${PATH} $(id) `x` $$ \\n # é";

    static readonly string Environment = $"env={Uri.EscapeDataString($"GREETING={Greeting}")}";

    [Fact]
    public async Task Podman_runs_the_line()
    {
        var (url, name, port) = await BuildAsync("podman", "--format docker");
        var script = await world.RunAsync($"curl -fsS {url}/run.sh");
        Assert.Contains($" --name {name} -p {port}:{port} -v {name}-data:/data ", script, StringComparison.Ordinal);
        await world.RunAsync($"curl -fsS '{url}/run.sh' | sh");
        Assert.Equal("hello kept 1001", await AskAsync(port));
        await world.RunAsync($"podman healthcheck run {name}");
        await world.RunAsync($"podman rm -f -t 0 {name}");

        await world.RunAsync($"curl -fsS '{url}/run.sh?pin=digest&name=another&{Environment}' | sh");
        Assert.Equal($"{Greeting} kept 1001", await AskAsync(port));
        await world.RunAsync("podman rm -f -t 0 another");
    }

    [Fact]
    public async Task Docker_runs_the_line()
    {
        await DockerWorld.StartAsync(world);
        var (url, name, port) = await BuildAsync("docker", "--format docker");
        // the engine of the test has no bridge, so that it leaves the machine's networks alone
        await world.RunAsync($"curl -fsS '{url}/run.sh?as=docker&{Environment}' | sed 's/^docker run -d /&--network host /' | sh");
        Assert.Equal($"{Greeting} kept 1001", await AskAsync(port));
        await world.RunAsync($"docker rm -f {name}");
    }

    [Fact]
    public async Task Compose_starts_the_file()
    {
        var (url, name, port) = await BuildAsync("compose", "");
        await world.RunAsync($"mkdir project && cd project && curl -fsS '{url}/compose.yaml?{Environment}' -o compose.yaml && podman-compose -f compose.yaml up -d");
        Assert.Equal($"{Greeting} kept 1001", await AskAsync(port));
        Assert.Contains($"{name}-data", await world.RunAsync("podman volume ls --format '{{.Name}}'"), StringComparison.Ordinal);
        await world.RunAsync("cd project && podman-compose -f compose.yaml down -t 0");
    }

    [Theory]
    [InlineData("")]
    [InlineData("--format docker")]
    public async Task Podman_plays_the_address(string format)
    {
        var (url, name, port) = await BuildAsync($"kube{format.Length}", format);
        await world.RunAsync($"podman kube play --tls-verify=false '{url}/kube.yaml?{Environment}'");
        Assert.Equal($"{Greeting} kept 1001", await AskAsync(port));
        if (format.Length > 0)
            await world.RunAsync($"podman healthcheck run {name}-{name}");
        await world.RunAsync($"podman pod rm -f -t 0 {name}");
    }

    // As somebody does who knows nothing of the image but a word.
    [Fact]
    public async Task An_image_is_found_read_run_and_answers()
    {
        var (url, name, port) = await BuildAsync($"found{Guid.NewGuid():N}", "");
        var registry = await world.ConnectAsync(registries);
        await registry.App.DrainAsync(TestContext.Current.CancellationToken);

        var found = await world.RunAsync($"podman search --format '{{{{.Name}}}}' {registry.Authority}/{name}");
        Assert.Equal($"{registry.Authority}/recipe-story/{name}", found);
        Assert.Equal("1", await world.RunAsync($"podman search --list-tags {found} | awk 'NR > 1 {{ print $2 }}'"));
        Assert.Equal($"recipe-story/{name}", await world.RunAsync($"curl -fsS '{registry.Url}api/v1/search?q={name}+port:{port}' | jq -r '.items[].name'"));
        var page = await world.RunAsync($"curl -fsS '{registry.Url}r/recipe-story/{name}:1?view=build'");
        foreach (var line in (string[])[$"EXPOSE {port}", "USER 1001", "GREETING=hello"])
            Assert.Contains(line, page, StringComparison.Ordinal);

        await world.RunAsync($"podman pull {found}:1 && curl -fsS '{url}/run.sh' | sh");
        Assert.Equal("hello kept 1001", await AskAsync(port));
        await world.RunAsync($"podman rm -f -t 0 {name}");
    }

    [Fact]
    public async Task The_command_prints_what_the_registry_serves()
    {
        var (url, name, port) = await BuildAsync("command", "");
        var image = $"{url.Split("/run/")[0]["http://".Length..]}/recipe-story/{name}:1";
        var staithe = Path.Combine(AppContext.BaseDirectory, "staithe");
        foreach (var (kind, file) in ((string, string)[])[("podman", "run.sh"), ("docker", "run.sh?as=docker"), ("compose", "compose.yaml"), ("kube", "kube.yaml"), ("kubernetes", "kube.yaml?flavour=kubernetes"), ("quadlet", $"{name}.container")])
            Assert.Equal(await world.RunAsync($"curl -fsS '{url}/{file}'"), await world.RunAsync($"{staithe} run {image} --as {kind}"));
        await world.RunAsync($"{staithe} run {image} --name by-command --env 'GREETING=from the command' | sh");
        Assert.Equal("from the command kept 1001", await AskAsync(port));
        await world.RunAsync("podman rm -f -t 0 by-command");
    }

    // A small web server that tells its variable, whether it may write to its volume, and who it is; on a port that is free.
    async Task<(string Url, string Name, int Port)> BuildAsync(string name, string format)
    {
        var registry = await world.ConnectAsync(registries);
        var port = FreePort();
        var image = $"{registry.Authority}/recipe-story/{name}:1";
        world.Write($"{name}/hello", "#!/bin/sh\necho\necho \"$GREETING $(/bin/busybox touch /data/x && echo kept) $(/bin/busybox id -u)\"\n");
        world.Write($"{name}/Containerfile", $$"""
            FROM scratch
            COPY busybox /bin/busybox
            COPY busybox /bin/sh
            COPY hello /www/cgi-bin/hello
            COPY --chown=1001:1001 data /data
            EXPOSE {{port}}
            VOLUME /data
            ENV GREETING=hello
            USER 1001
            {{(format.Length > 0 ? $"HEALTHCHECK --interval=5s CMD /bin/busybox wget -q -O- http://127.0.0.1:{port}/cgi-bin/hello || exit 1" : "")}}
            CMD ["/bin/busybox", "httpd", "-f", "-p", "{{port}}", "-h", "/www"]
            """);
        await world.RunAsync($"cd {name} && cp /bin/busybox . && chmod +x hello && mkdir data && touch data/y && buildah bud --isolation chroot {format} -t {image} . && podman push {image} && podman rmi {image}");
        return ($"{registry.Url.GetLeftPart(UriPartial.Authority)}/run/recipe-story/{name}:1", name, port);
    }

    Task<string> AskAsync(int port) => world.RunAsync(string.Create(CultureInfo.InvariantCulture, $"curl -fsS --retry 20 --retry-connrefused --retry-all-errors --retry-delay 1 http://127.0.0.1:{port}/cgi-bin/hello"));

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
