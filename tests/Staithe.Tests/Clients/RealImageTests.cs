using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Staithe.Tests.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

/// <summary>Images of real systems: what is told of them is what their own programs say inside.</summary>
[Trait("Kind", "client"), Collection(ClientCollections.Podman)]
public sealed class RealImageTests(Registries registries, ClientWorld world) : IClassFixture<ClientWorld>
{
    // A Debian takes minutes to make, and is kept for the next run.
    const string Debian = "/var/tmp/staithe-tests/bookworm.tar";

    [Fact]
    public async Task A_Debian_has_the_files_that_find_says_and_the_packages_that_dpkg_says()
    {
        var registry = await world.ConnectAsync(registries);
        await MakeDebianAsync();
        var image = $"{registry.Authority}/{Registry.NewRepository("debian")}:1";
        world.Write("deb/Containerfile", """
            FROM scratch
            ADD bookworm.tar /
            RUN rm -rf /usr/share/doc/bash /etc/apt/apt.conf.d && dpkg --remove --force-all gzip 2>/dev/null && ln /etc/debian_version /hard && mkdir -m 1777 /with\ space && echo hello > '/with space/ü'
            """);
        await world.RunAsync($"ln {Debian} deb/bookworm.tar 2>/dev/null || cp {Debian} deb/bookworm.tar; buildah bud --isolation chroot --layers -t {image} deb");
        // What they say inside: the same for each way in which layers are compressed.
        await world.RunAsync($$"""
            c=$(buildah from {{image}}) && m=$(buildah mount $c)
            (cd $m && find . -mindepth 1 -printf '%P\t%y\t%m\t%U\t%G\t%s\t%l\n' | LC_ALL=C sort) > told.find
            dpkg-query --admindir=$m/var/lib/dpkg -W -f '${db:Status-Status} ${Package} ${Version} ${Architecture}\n' | sed -n 's/^installed //p' | LC_ALL=C sort > told.dpkg
            (cd $m && find etc usr/bin -type f -print0 | xargs -0 sha256sum | LC_ALL=C sort -k2) > told.sums
            buildah umount $c && buildah rm $c
            """);
        await world.RunAsync($"buildah push {image}");
        var path = image[(registry.Authority.Length + 1)..];
        await ExpectFilesAsync(registry, path);
        await ExpectPackagesAsync(registry, path);
        var zstd = await PushAgainAsync(registry, path, layer => LayerBytes.Zstd(layer));
        await ExpectFilesAsync(registry, zstd);
        await ExpectPackagesAsync(registry, zstd);
        using var same = await registry.GetAsync($"/api/v1/diff?from={path}&to={zstd}");
        var diff = await same.JsonAsync();
        Assert.Equal((0, 0, 0), (diff.GetProperty("files").GetArrayLength(), diff.GetProperty("packages").GetArrayLength(), diff.GetProperty("settings").GetArrayLength()));
    }

    [Fact]
    public async Task Curl_reads_files_with_ranges_and_entity_tags()
    {
        var registry = await world.ConnectAsync(registries);
        var image = $"{registry.Authority}/{Registry.NewRepository("curl")}:1";
        await world.BuildAsync(image, "hello");
        await world.RunAsync($"buildah push {image}");
        var url = $"http://{registry.Authority}/f{image[registry.Authority.Length..]}";
        await world.RunAsync($"curl -fsS -o got {url}/bin/busybox && cmp got /bin/busybox");
        await world.RunAsync($"head -c 100000 /bin/busybox > part && curl -fsS -C - -o part {url}/bin/busybox && cmp part /bin/busybox");
        await world.RunAsync($"curl -fsS -r 1000-1999 -o range {url}/bin/busybox && cmp range <(tail -c +1001 /bin/busybox | head -c 1000)");
        Assert.Equal("304", await world.RunAsync($"curl -fsS --etag-save tag -o got {url}/bin/busybox && curl -sS --etag-compare tag -o none -w '%{{http_code}}' {url}/bin/busybox"));
        Assert.Equal("hello", await world.RunAsync($"curl -fsSL {url}/text"));
        Assert.Equal("busybox", await world.RunAsync($"curl -fsSL -H 'Accept: application/json' {url}/bin | jq -r '.entries[].name'"));
    }

    // What this machine happens to have of Python, Node and .NET, in an image.
    [Fact]
    public async Task Packages_of_languages_are_those_that_their_programs_list()
    {
        var registry = await world.ConnectAsync(registries);
        var image = $"{registry.Authority}/{Registry.NewRepository("languages")}:1";
        await world.RunAsync($$"""
            mkdir -p lang/python lang/node lang/dotnet
            : > told.python
            ! command -v python3 > where || python3 -c "import importlib.metadata as m, shutil, pathlib
            for d in m.distributions():
                p = pathlib.Path(str(d._path))
                if p.name.endswith('.dist-info') and d.version:
                    shutil.copytree(p, 'lang/python/' + p.name, dirs_exist_ok=True)
                    print('pypi', d.metadata['Name'], d.version)" | LC_ALL=C sort -u > told.python
            ! npm=$(command -v npm) || (cd "$(dirname "$(readlink -f "$npm")")/.." && find . -name package.json -path '*node_modules*' | tar -c -T - ) | tar -x -C lang/node
            cp "$(ls "$(dirname "$(readlink -f "$(command -v dotnet)")")"/shared/Microsoft.NETCore.App/*/Microsoft.NETCore.App.deps.json | tail -1)" lang/dotnet/
            printf 'FROM scratch\nCOPY python /usr/lib/python3/dist-packages\nCOPY node /app\nCOPY dotnet /dotnet\n' > lang/Containerfile
            buildah bud --isolation chroot -t {{image}} lang && buildah push {{image}}
            """);
        var found = await ListPackagesAsync(registry, image[(registry.Authority.Length + 1)..]);
        Assert.Equal(await File.ReadAllLinesAsync(world["told.python"], TestContext.Current.CancellationToken), found.Where(line => line.StartsWith("pypi ", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        if (Directory.Exists(world["lang/node/node_modules"]))
            Assert.Contains(found, line => line.StartsWith("npm ", StringComparison.Ordinal));
        Assert.Contains(found, line => line.StartsWith("nuget Microsoft.NETCore.App.Runtime.", StringComparison.Ordinal));
    }

    async Task MakeDebianAsync()
    {
        if (File.Exists(Debian))
            return;
        await world.RunAsync($"mkdir -p {Path.GetDirectoryName(Debian)} && debootstrap --variant=minbase bookworm bookworm && tar -C bookworm --exclude=./dev/* -cf {Debian}.new . && mv {Debian}.new {Debian} && rm -rf bookworm");
    }

    // The same image with its layers compressed in another way; its name.
    static async Task<string> PushAgainAsync(Registry registry, string image, Func<byte[], byte[]> compress)
    {
        var (source, target) = (image.Split(':')[0], Registry.NewRepository("again"));
        using var response = await registry.GetAsync($"/v2/{source}/manifests/1");
        var manifest = await response.JsonAsync();
        var layers = new List<byte[]>();
        foreach (var layer in manifest.GetProperty("layers").EnumerateArray())
        {
            using var blob = await registry.GetAsync($"/v2/{source}/blobs/{layer.GetProperty("digest")}");
            using var unpacked = new MemoryStream();
            await using var gzip = new GZipStream(await blob.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken), CompressionMode.Decompress);
            await gzip.CopyToAsync(unpacked, TestContext.Current.CancellationToken);
            layers.Add(compress(unpacked.ToArray()));
        }
        using var config = await registry.GetAsync($"/v2/{source}/blobs/{manifest.GetProperty("config").GetProperty("digest")}");
        await registry.PushLayersAsync(target, "1", Encoding.UTF8.GetString(await config.BytesAsync()), [.. layers]);
        return $"{target}:1";
    }

    async Task ExpectFilesAsync(Registry registry, string image)
    {
        var (found, sums) = (new List<string>(), new SortedDictionary<string, string>(StringComparer.Ordinal));
        var left = new Stack<string>([""]);
        while (left.TryPop(out var directory))
        {
            using var response = await registry.GetAsync($"/f/{image}/{string.Concat(directory.Split('/').Where(part => part.Length > 0).Select(part => Uri.EscapeDataString(part) + "/"))}", ("Accept", "application/json"));
            await response.ExpectAsync(System.Net.HttpStatusCode.OK);
            foreach (var entry in (await response.JsonAsync()).GetProperty("entries").EnumerateArray())
            {
                var path = directory + entry.GetProperty("name").GetString();
                var type = entry.GetProperty("type").GetString();
                found.Add(Line(path, type!, entry));
                if (type == "directory")
                    left.Push(path + "/");
                if (type == "file" && (path.StartsWith("etc/", StringComparison.Ordinal) || path.StartsWith("usr/bin/", StringComparison.Ordinal)))
                    sums.Add(path, entry.GetProperty("digest").GetString()![7..]);
            }
        }
        found.Sort(StringComparer.Ordinal);
        // A directory's size is the file system's own affair; a device's is nothing.
        var told = (await File.ReadAllLinesAsync(world["told.find"], TestContext.Current.CancellationToken)).Select(line => line.Split('\t')).Select(part => string.Join('\t', part[0], part[1], part[1] == "l" ? "" : part[2], part[3], part[4], part[1] == "f" ? part[5] : "", part[6])).Order(StringComparer.Ordinal).ToList();
        Assert.True(told.Count > 5000, $"{told.Count} files");
        Assert.Equal(told, found);
        Assert.Equal(await File.ReadAllLinesAsync(world["told.sums"], TestContext.Current.CancellationToken), sums.Select(pair => $"{pair.Value}  {pair.Key}"));
    }

    static string Line(string path, string type, JsonElement entry)
    {
        var kind = type switch { "directory" => "d", "file" => "f", "link" => "l", "fifo" => "p", _ => "c" };
        return string.Join(
            '\t',
            path,
            kind,
            kind == "l" ? "" : entry.GetProperty("mode").GetString()!.TrimStart('0') is { Length: > 0 } mode ? mode : "0",
            entry.GetProperty("uid").ToString(),
            entry.GetProperty("gid").ToString(),
            kind == "f" ? entry.GetProperty("size").GetInt64().ToString(CultureInfo.InvariantCulture) : "",
            kind == "l" ? entry.GetProperty("link").GetString() : "");
    }

    async Task ExpectPackagesAsync(Registry registry, string image)
    {
        var found = (await ListPackagesAsync(registry, image)).Where(line => line.StartsWith("deb ", StringComparison.Ordinal)).Select(line => line[4..]);
        var told = await File.ReadAllLinesAsync(world["told.dpkg"], TestContext.Current.CancellationToken);
        Assert.True(told.Length > 50, $"{told.Length} packages");
        Assert.Equal(told.Select(line => line[..line.LastIndexOf(' ')]).Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
        Assert.DoesNotContain(told, line => line.StartsWith("gzip ", StringComparison.Ordinal)); // the layer above removed it
    }

    static async Task<List<string>> ListPackagesAsync(Registry registry, string image)
    {
        var found = new List<string>();
        for (string? next = ""; next is not null;)
        {
            using var response = await registry.GetAsync($"/api/v1/packages?image={image}&limit=1000&after={Uri.EscapeDataString(next)}");
            await response.ExpectAsync(System.Net.HttpStatusCode.OK);
            var page = await response.JsonAsync();
            found.AddRange(page.GetProperty("items").EnumerateArray().Select(item => $"{item.GetProperty("ecosystem")} {item.GetProperty("name")} {item.GetProperty("version")}"));
            next = page.GetProperty("next").GetString();
        }
        return found;
    }
}
