using System.Net;
using System.Text;
using Staithe.Accounts;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Recipes;

/// <summary>The addresses under /run, over real HTTP, with accounts.</summary>
public sealed class RecipeFilesTests(Registries open, ClosedRegistries closed)
{
    const string Config = """{"os":"linux","architecture":"amd64","config":{"ExposedPorts":{"3306/tcp":{} },"Volumes":{"/data":{} },"Env":["GREETING=hello"],"Cmd":["/bin/x"],"Labels":{"run":"podman run --privileged IMAGE"} } }""";

    [Theory, OnBothEngines]
    public async Task Each_file_has_its_type_and_names_the_registry_as_it_was_asked(Engine engine)
    {
        var registry = await open.GetAsync(engine);
        var name = Registry.NewRepository("run");
        var digest = await PushAsync(registry, name, "1", Config);
        foreach (var reference in (string[])[":1", "%3A1", $"@{digest}", $"%40{digest.Replace(":", "%3a", StringComparison.Ordinal)}"])
        {
            foreach (var (file, type) in ((string, string)[])[("run.sh", "text/x-shellscript; charset=utf-8"), ("compose.yaml", "application/yaml"), ("kube.yaml", "application/yaml"), ("db.container", "text/plain; charset=utf-8"), ("recipe.json", "application/json")])
            {
                using var response = await registry.GetAsync($"/run/{name}{reference}/{file}");
                await response.ExpectAsync(HttpStatusCode.OK);
                Assert.Equal(type, response.Header("Content-Type"));
                Assert.Null(response.Header("Content-Disposition"));
                Assert.Equal("nosniff", response.Header("X-Content-Type-Options"));
                var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
                Assert.Contains(reference.Length < 5 ? $"{registry.Authority}/{name}:1" : $"{registry.Authority}/{name}@{digest}", text, StringComparison.Ordinal);
                Assert.Contains("3306", text, StringComparison.Ordinal);
                if (file != "recipe.json")
                    Assert.DoesNotContain("privileged", text, StringComparison.Ordinal); // the publisher's word is not ours

                using var head = await registry.HeadAsync($"/run/{name}{reference}/{file}");
                Assert.Equal((response.Header("ETag"), response.Header("Content-Length"), 0), (head.Header("ETag"), head.Header("Content-Length"), (await head.BytesAsync()).Length));
                using var same = await registry.GetAsync($"/run/{name}{reference}/{file}", ("If-None-Match", response.Header("ETag")!));
                await same.ExpectAsync(HttpStatusCode.NotModified);
                using var other = await registry.GetAsync($"/run/{name}{reference}/{file}", ("If-None-Match", "\"other\""));
                await other.ExpectAsync(HttpStatusCode.OK);
            }
        }
        Assert.Contains($"podman run -d --tls-verify=false --name {name.Split('/')[1]} -p 3306:3306 -v {name.Split('/')[1]}-data:/data {registry.Authority}/{name}:1\n", await TextAsync(registry, $"/run/{name}:1/run.sh"), StringComparison.Ordinal);
        Assert.Contains("ContainerName=db\n", await TextAsync(registry, $"/run/{name}:1/db.container"), StringComparison.Ordinal);
        var latest = Registry.NewRepository("run");
        await PushAsync(registry, latest, "latest", Config);
        Assert.Contains($"{registry.Authority}/{latest}:latest\n", await TextAsync(registry, $"/run/{latest}/run.sh"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Options_change_what_is_written()
    {
        var registry = await open.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("run");
        var digest = await PushAsync(registry, name, "1", Config);
        var text = await TextAsync(registry, $"/run/{name}:1/run.sh?as=docker&pin=digest&port=127.0.0.1:13306:3306&name=my-db&env=A=b%20c%27&env=D=");
        Assert.Contains($"docker run -d --name my-db -p 127.0.0.1:13306:3306 -v my-db-data:/data -e 'A=b c'\\''' -e D= {registry.Authority}/{name}@{digest}\n", text, StringComparison.Ordinal);
        Assert.Contains("kind: Deployment\n", await TextAsync(registry, $"/run/{name}:1/kube.yaml?flavour=kubernetes"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("run.sh?as=lxc", 400)]
    [InlineData("kube.yaml?as=docker", 400)]
    [InlineData("run.sh?flavour=kubernetes", 400)]
    [InlineData("run.sh?pin=yes", 400)]
    [InlineData("run.sh?pin=digest&pin=digest", 400)]
    [InlineData("run.sh?port=x", 400)]
    [InlineData("run.sh?name=a%20b", 400)]
    [InlineData("run.sh?env=A", 400)]
    [InlineData("run.sh?platform=linux", 400)]
    [InlineData("run.sh?pinned=1", 400)]
    [InlineData("run.sh?env=A=%00", 400)]
    [InlineData("run.sh?platform=linux/arm64", 404)]
    [InlineData("evil.sh", 404)]
    [InlineData(".container", 404)]
    [InlineData("a%20b.container", 404)]
    public async Task What_is_no_option_or_file_is_told(string file, int status)
    {
        var registry = await open.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("run");
        await PushAsync(registry, name, "1", Config);
        using var response = await registry.GetAsync($"/run/{name}:1/{file}");
        await response.ExpectErrorAsync((HttpStatusCode)status, status == 400 || !file.StartsWith("run.sh", StringComparison.Ordinal) ? "UNSUPPORTED" : "MANIFEST_UNKNOWN");
    }

    [Theory]
    [InlineData("/run/", 404)]
    [InlineData("/run/run.sh", 400)]
    [InlineData("/run/Bad:1/run.sh", 400)]
    [InlineData("/run/a%2f..%2fb:1/run.sh", 400)]
    [InlineData("/run/nobody/nothing:1/run.sh", 404)]
    [InlineData("/run/nobody/nothing:-/run.sh", 404)]
    [InlineData("/run/nobody/nothing@sha256:0/run.sh", 400)]
    public async Task What_is_no_image_is_told(string path, int status)
    {
        var registry = await open.GetAsync(Engine.Sqlite);
        using var response = await registry.GetAsync(path);
        await response.ExpectAsync((HttpStatusCode)status);
    }

    [Fact]
    public async Task A_recipe_can_only_be_read()
    {
        var registry = await open.GetAsync(Engine.Sqlite);
        using var response = await registry.SendAsync(HttpMethod.Post, "/run/team/app:1/run.sh", []);
        await response.ExpectErrorAsync(HttpStatusCode.MethodNotAllowed, "UNSUPPORTED");
        Assert.Equal("GET, HEAD", response.Header("Allow"));
    }

    [Theory]
    [InlineData("registry.example")]
    [InlineData("registry.example:8443")]
    [InlineData("[::1]:5000")]
    public async Task The_host_is_the_one_that_was_asked(string host)
    {
        var registry = await open.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("run");
        await PushAsync(registry, name, "1", Config);
        using var response = await registry.GetAsync($"/run/{name}:1/compose.yaml", ("Host", host));
        Assert.Contains($"image: \"{host}/{name}:1\"", await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_an_index_the_platform_is_chosen()
    {
        var registry = await open.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("run");
        var children = new List<string>();
        foreach (var (architecture, port) in ((string, int)[])[("arm64", 1111), ("amd64", 2222)])
        {
            var digest = await PushAsync(registry, name, architecture, $$"""{"os":"linux","architecture":"{{architecture}}","config":{"ExposedPorts":{"{{port}}/tcp":{} } } }""");
            children.Add($$"""{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{digest}}","size":{{await SizeAsync(registry, name, digest)}},"platform":{"os":"linux","architecture":"{{architecture}}"} }""");
        }
        var attestation = await PushAsync(registry, name, "attestation", "{}");
        children.Insert(0, $$"""{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{attestation}}","size":{{await SizeAsync(registry, name, attestation)}},"platform":{"os":"unknown","architecture":"unknown"} }""");
        var index = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{RegistryClient.OciIndex}}","manifests":[{{string.Join(',', children)}}]}""");
        using (var put = await registry.PutManifestAsync(name, "1", index, RegistryClient.OciIndex))
            await put.ExpectAsync(HttpStatusCode.Created);

        Assert.Contains("-p 2222:2222", await TextAsync(registry, $"/run/{name}:1/run.sh"), StringComparison.Ordinal);
        var arm = await TextAsync(registry, $"/run/{name}:1/run.sh?platform=linux/arm64&pin=digest");
        Assert.Contains($"--platform linux/arm64 --name {name.Split('/')[1]} -p 1111:1111 {registry.Authority}/{name}@{Registry.Digest(index)}\n", arm, StringComparison.Ordinal);
        using var none = await registry.GetAsync($"/run/{name}:1/run.sh?platform=linux/s390x");
        var refused = await none.ExpectErrorAsync(HttpStatusCode.NotFound, "MANIFEST_UNKNOWN");
        Assert.Contains("linux/arm64, linux/amd64", refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_image_has_no_recipe()
    {
        var registry = await open.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("run");
        var empty = await registry.PushBlobAsync(name, "{}"u8.ToArray());
        var manifest = Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{RegistryClient.OciManifest}}","artifactType":"application/x","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{{empty}}","size":2},"layers":[]}""");
        using (var put = await registry.PutManifestAsync(name, "1", manifest))
            await put.ExpectAsync(HttpStatusCode.Created);
        using var response = await registry.GetAsync($"/run/{name}:1/run.sh");
        Assert.Contains("application/x", (await response.ExpectErrorAsync(HttpStatusCode.NotFound, "MANIFEST_UNKNOWN")).ToString(), StringComparison.Ordinal);
        await PushAsync(registry, name, "2", "[not a config]");
        using var broken = await registry.GetAsync($"/run/{name}:2/run.sh");
        await broken.ExpectErrorAsync(HttpStatusCode.NotFound, "MANIFEST_UNKNOWN");
    }

    [Fact]
    public async Task A_recipe_that_was_attached_is_told_beside_the_derived_one()
    {
        var registry = await open.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("run");
        var digest = await PushAsync(registry, name, "1", Config);
        const string Type = "application/vnd.staithe.recipe.v1+json";
        var recipe = """{"commands":[{"title":"With the socket","command":["podman","run","-v","/run/podman.sock:/s","IMAGE"]}],"variables":[{"name":"PASSWORD","required":true}]}"""u8.ToArray();
        var empty = await registry.PushBlobAsync(name, "{}"u8.ToArray());
        var layer = await registry.PushBlobAsync(name, recipe);
        var manifest = Encoding.UTF8.GetBytes($$"""
            {"schemaVersion":2,"mediaType":"{{RegistryClient.OciManifest}}","artifactType":"{{Type}}","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{{empty}}","size":2},
             "layers":[{"mediaType":"{{Type}}","digest":"{{layer}}","size":{{recipe.Length}} }],"subject":{"mediaType":"{{RegistryClient.OciManifest}}","digest":"{{digest}}","size":{{await SizeAsync(registry, name, digest)}} } }
            """);
        using (var put = await registry.PutManifestAsync(name, Registry.Digest(manifest), manifest))
            await put.ExpectAsync(HttpStatusCode.Created);
        using var response = await registry.GetAsync($"/run/{name}:1/recipe.json");
        var publisher = (await response.JsonAsync()).GetProperty("publisher");
        Assert.Equal(["label:run", Registry.Digest(manifest)], publisher.GetProperty("commands").EnumerateArray().Select(command => command.GetProperty("source").GetString()!));
        Assert.All(publisher.GetProperty("commands").EnumerateArray(), command => Assert.NotEqual(0, command.GetProperty("flags").GetArrayLength()));
        Assert.True(publisher.GetProperty("variables")[0].GetProperty("required").GetBoolean());
    }

    [Theory, OnBothEngines]
    public async Task Who_may_pull_may_read_and_nobody_else_learns_that_it_is_there(Engine engine)
    {
        var world = await closed.GetAsync(engine);
        var (owner, stranger) = (await world.AddUserAsync("owner"), await world.AddUserAsync("stranger"));
        var name = $"{owner.Name}/app";
        await PushAsync(world.As(await world.AddTokenAsync(owner)), name, "1", Config);
        var (there, missing) = ($"/run/{name}:1/kube.yaml", $"/run/{owner.Name}/none:1/kube.yaml");

        using (var basic = await world.As(owner).GetAsync(there))
            await basic.ExpectAsync(HttpStatusCode.OK);
        using (var bearer = await (await world.WithTokenAsync(owner, $"repository:{name}:pull")).GetAsync(there))
            await bearer.ExpectAsync(HttpStatusCode.OK);
        using (var narrow = await (await world.WithTokenAsync(owner)).GetAsync(there))
            await narrow.ExpectAsync(HttpStatusCode.Unauthorized);
        foreach (var path in (string[])[there, missing])
        {
            using var anonymous = await world.Registry.As(null).GetAsync(path);
            await anonymous.ExpectErrorAsync(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
            Assert.Equal($"Bearer realm=\"http://{world.Registry.Authority}/v2/auth\",service=\"{world.Registry.Authority}\",scope=\"repository:{path.Split([':'])[0]["/run/".Length..]}:pull\"", anonymous.Header("WWW-Authenticate"));
            using var other = await world.As(stranger).GetAsync(path);
            Assert.Contains("there is no repository", (await other.ExpectErrorAsync(HttpStatusCode.NotFound, "NAME_UNKNOWN")).ToString(), StringComparison.Ordinal);
            using var pull = await world.As(stranger).GetAsync($"/v2/{path.Split([':'])[0]["/run/".Length..]}/manifests/1");
            await pull.ExpectErrorAsync(HttpStatusCode.NotFound, "NAME_UNKNOWN"); // the same as a pull
        }
        await world.SetVisibilityAsync(name, Visibility.Public);
        await Eventually.AnswersAsync(HttpStatusCode.OK, () => world.Registry.As(null).GetAsync(there));
    }

    static async Task<string> PushAsync(Registry registry, string name, string tag, string configText)
    {
        var config = Encoding.UTF8.GetBytes(configText);
        var layer = Encoding.UTF8.GetBytes($"layer {Guid.NewGuid()}");
        var manifest = RegistryClient.ImageManifest(await registry.PushBlobAsync(name, config), config.Length, [(await registry.PushBlobAsync(name, layer), layer.Length)]);
        using var response = await registry.PutManifestAsync(name, tag, manifest);
        await response.ExpectAsync(HttpStatusCode.Created);
        return Registry.Digest(manifest);
    }

    static async Task<int> SizeAsync(Registry registry, string name, string digest)
    {
        using var response = await registry.GetAsync($"/v2/{name}/manifests/{digest}");
        return (await response.BytesAsync()).Length;
    }

    static async Task<string> TextAsync(Registry registry, string path)
    {
        using var response = await registry.GetAsync(path);
        await response.ExpectAsync(HttpStatusCode.OK);
        return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }
}
