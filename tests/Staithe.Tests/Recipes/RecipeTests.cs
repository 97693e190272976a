using Staithe.Clients;
using Staithe.Oci;
using Staithe.Recipes;

namespace Staithe.Tests.Recipes;

/// <summary>What is derived from a config.</summary>
public sealed class RecipeTests
{
    const string Tinyweb = """
        {"os":"linux","architecture":"amd64","config":{"ExposedPorts":{"8080/tcp":{} },"Volumes":{"/data":{} },"User":"1001","StopSignal":"SIGQUIT","Cmd":["/bin/httpd"],
         "Env":["PATH=/bin","GREETING=hello","APP_VERSION=1.2.3","PASSWORD="],"Labels":{"org.opencontainers.image.title":"Tiny web"},
         "Healthcheck":{"Test":["CMD-SHELL","wget -q -O- http://127.0.0.1:8080/ || exit 1"],"Interval":10000000000} } }
        """;

    [Fact]
    public void A_service_is_published_kept_and_named()
    {
        var recipe = Derive(Tinyweb);
        Assert.Equal("podman run -d --name tinyweb -p 8080:8080 -v tinyweb-data:/data localhost:5000/team/tinyweb:1.2.3", ShellText.Join(Recipe.From(HostileImage.Image(HostileImage.Config(Tinyweb), isPlainHttp: false), RecipeOptions.None).Arguments(RecipeKind.Podman)));
        Assert.Equal("docker run -d --name tinyweb -p 8080:8080 -v tinyweb-data:/data localhost:5000/team/tinyweb:1.2.3", ShellText.Join(recipe.Arguments(RecipeKind.Docker)));
        Assert.Equal([new EnvironmentVariable("GREETING", "hello")], recipe.Settings);
        Assert.Equal(["PASSWORD"], recipe.Wanted);
        Assert.Equal(("curl http://localhost:8080/", "Tiny web", "SIGQUIT"), (recipe.Check, recipe.Title, recipe.StopSignal));
        Assert.Contains(recipe.NotesFor(null), note => note.Contains("PASSWORD", StringComparison.Ordinal));
        Assert.Contains(recipe.NotesFor(null), note => note.Contains("--cap-drop=all", StringComparison.Ordinal));
    }

    [Fact]
    public void Every_format_looks_like_this()
    {
        var recipe = Derive(Tinyweb);
        Assert.EndsWith(
            """
            services:
              tinyweb:
                image: "localhost:5000/team/tinyweb:1.2.3"
                container_name: tinyweb
                ports:
                  - "8080:8080"
                volumes:
                  - "tinyweb-data:/data"
                # environment:
                #   GREETING: "hello"
                stop_signal: "SIGQUIT"
                restart: unless-stopped
            volumes:
              tinyweb-data:
                name: tinyweb-data

            """,
            recipe.Write(RecipeKind.Compose),
            StringComparison.Ordinal);
        Assert.EndsWith(
            """
            apiVersion: v1
            kind: Pod
            metadata: {name: tinyweb, labels: {app: tinyweb}}
            spec:
              containers:
              - name: tinyweb
                image: "localhost:5000/team/tinyweb:1.2.3"
                ports:
                - {containerPort: 8080, hostPort: 8080, protocol: TCP}
                # env:
                # - {name: GREETING, value: hello}
                volumeMounts:
                - {name: data, mountPath: "/data"}
                securityContext: {runAsUser: 1001, allowPrivilegeEscalation: false}
                livenessProbe:
                  exec: {command: ["/bin/sh", "-c", ":; /bin/sh -c 'wget -q -O- http://127.0.0.1:8080/ || exit 1' || exit 1"]}
                  initialDelaySeconds: 0
                  periodSeconds: 10
                  timeoutSeconds: 30
                  failureThreshold: 3
              volumes:
              - {name: data, persistentVolumeClaim: {claimName: tinyweb-data}}

            """,
            recipe.Write(RecipeKind.Kube),
            StringComparison.Ordinal);
        Assert.EndsWith(
            """
            [Unit]
            Description=Tiny web

            [Container]
            Image=localhost:5000/team/tinyweb:1.2.3
            ContainerName=tinyweb
            PublishPort=8080:8080
            Volume=tinyweb-data:/data
            # Environment="GREETING=hello"
            HealthCmd=wget -q -O- http://127.0.0.1:8080/ || exit 1
            HealthInterval=10000ms
            PodmanArgs=--tls-verify=false --stop-signal=SIGQUIT
            AutoUpdate=registry

            [Service]
            Restart=on-failure

            [Install]
            WantedBy=default.target

            """,
            recipe.Write(RecipeKind.Quadlet),
            StringComparison.Ordinal);
        var cluster = recipe.Write(RecipeKind.Kubernetes);
        Assert.Contains("kind: Deployment\n", cluster, StringComparison.Ordinal);
        Assert.Contains("securityContext: {fsGroup: 1001}", cluster, StringComparison.Ordinal);
        Assert.Contains("runAsNonRoot: true", cluster, StringComparison.Ordinal);
        Assert.DoesNotContain("hostPort", cluster, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("3306/tcp", "3306:3306")]
    [InlineData("80/tcp", "8080:80")]
    [InlineData("80/tcp,8080/tcp", "8081:80 8080:8080")]
    [InlineData("53/tcp,53/udp", "8053:53 8053:53/udp")]
    [InlineData("5000/tcp", "5001:5000")]
    [InlineData("65535/tcp", "65535:65535")]
    public void Ports_make_way_for_one_another_and_for_the_registry(string exposed, string published)
    {
        var recipe = Derive($$"""{"config":{"ExposedPorts":{ {{string.Join(',', exposed.Split(',').Select(port => $"\"{port}\":{{}}"))}} } } }""");
        Assert.Equal(published, string.Join(' ', recipe.Ports));
    }

    [Fact]
    public void A_range_is_not_published_whole() => Assert.Equal(16, Derive("""{"config":{"ExposedPorts":{"8000-9000/tcp":{} } } }""").Ports.Count);

    [Theory]
    [InlineData("/var/lib/mysql,/etc/mysql,/", "app-mysql:/etc/mysql app-mysql-2:/var/lib/mysql")]
    [InlineData("/data:/etc,/a/../b,/./x,relative,/ok", "app-ok:/ok")]
    [InlineData("/Über Daten", "app-ber-daten:/Über Daten")]
    [InlineData("/\\u202edata,/x\\ny,/漢", "app-data:/漢")]
    public void Volumes_have_names(string paths, string volumes)
    {
        var recipe = Derive($$"""{"config":{"Volumes":{ {{string.Join(',', paths.Split(',').Select(path => $"\"{path}\":{{}}"))}} } } }""", "team/app");
        Assert.Equal(volumes, string.Join(' ', recipe.Volumes));
        Assert.Equal(paths.Split(',').Length > recipe.Volumes.Count, recipe.NotesFor(null).Any(note => note.Contains("left out", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("PATH", false)]
    [InlineData("LC_ALL", false)]
    [InlineData("NGINX_VERSION", false)]
    [InlineData("PYTHON_SHA256", false)]
    [InlineData("GPG_KEY", false)]
    [InlineData("POSTGRES_DB", true)]
    [InlineData("discovery.type", true)]
    [InlineData("BAD NAME", false)]
    [InlineData("X$(id)", false)]
    public void What_looks_like_a_setting_is_shown(string name, bool isSetting) =>
        Assert.Equal(isSetting, Derive($$"""{"config":{"Env":["{{name}}=x"]} }""").Settings.Count == 1);

    [Theory]
    [InlineData("""{"config":{"Cmd":["/bin/sh"]} }""", "podman run --rm -it --tls-verify=false --name tinyweb localhost:5000/team/tinyweb:1.2.3")]
    [InlineData("""{"config":{"Cmd":["python3"]} }""", "podman run --rm -it --tls-verify=false --name tinyweb localhost:5000/team/tinyweb:1.2.3")]
    [InlineData("""{"config":{"Entrypoint":["/bin/tool"],"Cmd":["--help"]} }""", "podman run --rm --tls-verify=false --name tinyweb localhost:5000/team/tinyweb:1.2.3")]
    [InlineData("""{"config":{"Cmd":["/bin/sh"],"ExposedPorts":{"80":{} } } }""", "podman run -d --tls-verify=false --name tinyweb -p 8080:80 localhost:5000/team/tinyweb:1.2.3")]
    public void What_is_no_service_is_not_left_running(string config, string command) => Assert.Equal(command, ShellText.Join(Derive(config).Arguments(RecipeKind.Podman)));

    [Theory]
    [InlineData("a", "a-app", "a-app")]
    [InlineData("team/my_app.x", "my_app.x", "my-app-x")]
    [InlineData("team/7up", "7up", "n7up")]
    public void A_name_fits_the_engines(string repository, string name, string resource)
    {
        var recipe = Derive("{}", repository);
        Assert.Equal((name, resource), (recipe.Name, recipe.ResourceName));
    }

    [Fact]
    public void A_pinned_image_is_named_by_what_the_tag_is_now()
    {
        var recipe = Recipe.From(HostileImage.Image(HostileImage.Config("{}")), RecipeOptions.Read("digest", null, [], []));
        Assert.Equal($"localhost:5000/team/tinyweb@{HostileImage.SomeDigest}", recipe.Reference);
        Assert.DoesNotContain("AutoUpdate=", recipe.Write(RecipeKind.Quadlet), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("8080:80", "8080:80")]
    [InlineData("80", "8080:80")]
    [InlineData("53:53/udp", "53:53/udp")]
    [InlineData("127.0.0.1:8080:80", "127.0.0.1:8080:80")]
    [InlineData("[::1]:8080:80", "[::1]:8080:80")]
    public void Ports_that_are_wanted_are_the_only_ones(string wanted, string published) =>
        Assert.Equal(published, Assert.Single(Recipe.From(HostileImage.Image(HostileImage.Config(Tinyweb)), RecipeOptions.Read(null, null, [wanted], [])).Ports).ToString());

    [Theory]
    [InlineData("yes", null, null, null)]
    [InlineData(null, "a", null, null)]
    [InlineData(null, "-x", null, null)]
    [InlineData(null, "a b", null, null)]
    [InlineData(null, "a\n", null, null)]
    [InlineData(null, null, "0", null)]
    [InlineData(null, null, "65536", null)]
    [InlineData(null, null, "80/icmp", null)]
    [InlineData(null, null, "evil:80:80", null)]
    [InlineData(null, null, "80:80 --privileged", null)]
    [InlineData(null, null, "", null)]
    [InlineData(null, null, null, "NAME")]
    [InlineData(null, null, null, "=x")]
    [InlineData(null, null, null, "A B=x")]
    [InlineData(null, null, null, "-A=x")]
    [InlineData(null, null, null, "A*=x")]
    [InlineData(null, null, null, "A=\0")]
    public void Options_that_no_engine_takes_are_refused(string? pin, string? name, string? port, string? variable) =>
        Assert.Equal(OciError.ParameterInvalid, Assert.Throws<OciException>(() => RecipeOptions.Read(pin, name, port is null ? [] : [port], variable is null ? [] : [variable])).Error);

    [Fact]
    public void Pulls_are_for_each_client() => Assert.Equal(
        [
            "podman pull --tls-verify=false localhost:5000/team/app:1", "docker pull localhost:5000/team/app:1", "skopeo copy --src-tls-verify=false docker://localhost:5000/team/app:1 oci:app",
            "ctr images pull --plain-http localhost:5000/team/app:1", "nerdctl --insecure-registry pull localhost:5000/team/app:1", "crane pull --insecure localhost:5000/team/app:1 app.tar",
        ],
        new ClientCommands("localhost:5000", IsPlainHttp: true).Pulls("localhost:5000/team/app:1", "app").Select(pull => pull.Command));

    static Recipe Derive(string config, string repository = "team/tinyweb") => Recipe.From(HostileImage.Image(HostileImage.Config(config), RepositoryName.Parse(repository)), RecipeOptions.None);
}
