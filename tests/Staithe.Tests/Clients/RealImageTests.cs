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
        await AskInsideAsync(image, "etc usr/bin", """
            dpkg-query --admindir=$m/var/lib/dpkg -W -f '${db:Status-Status} ${Package} ${Version} ${Architecture}\n' | sed -n 's/^installed //p' | LC_ALL=C sort > told.dpkg
            """);
        await world.RunAsync($"buildah push {image}");
        var path = image[(registry.Authority.Length + 1)..];
        await ExpectFilesAsync(registry, path, 5000, "etc/", "usr/bin/");
        await ExpectPackagesAsync(registry, path);
        var zstd = await PushAgainAsync(registry, path, layer => LayerBytes.Zstd(layer));
        await ExpectFilesAsync(registry, zstd, 5000, "etc/", "usr/bin/");
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

    // Busybox with the database of apk, as Alpine lays it out: a layer with all of it, and one above that removes and upgrades.
    [Fact]
    public async Task A_busybox_has_the_files_that_find_says_and_the_packages_of_its_database()
    {
        var registry = await world.ConnectAsync(registries);
        var image = $"{registry.Authority}/{Registry.NewRepository("busybox")}:1";
        await world.RunAsync($$"""
            mkdir -p apk/root/bin apk/root/etc apk/root/lib/apk/db apk/root/tmp && chmod 1777 apk/root/tmp
            cp /bin/busybox apk/root/bin/
            for applet in $(busybox --list); do [ $applet = busybox ] || ln -s busybox apk/root/bin/$applet; done
            printf 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.1\n' > apk/root/etc/os-release
            while read -r name version origin; do
              printf 'C:Q1%s\nP:%s\nV:%s\nA:x86_64\nS:1\nI:2\nT:P: no package, V: no version\nL:MIT\no:%s\nm:alice\nt:1718000000\nD:so:libc.musl-x86_64.so.1\np:cmd:x=1\nF:usr\nF:usr/lib\nR:%s.so\na:0:0:755\nZ:Q1x=\n\n' "$(printf %s $name | base64)" $name $version $origin $name
            done > apk/root/lib/apk/db/installed <<END
            alpine-baselayout 3.6.5-r0 alpine-baselayout
            busybox 1.36.1-r29 busybox
            busybox-binsh 1.36.1-r29 busybox
            libcrypto3 3.3.1-r0 openssl
            libstdc++ 13.2.1_git20240309-r0 gcc
            musl 1.2.5-r0 musl
            zlib 1.3.1-r1 zlib
            END
            cat > apk/Containerfile <<'END'
            FROM scratch
            COPY root /
            RUN ["/bin/sh", "-c", "sed -i -e '/^P:zlib$/,/^$/s/^V:.*/V:1.3.1-r2/' -e '/^P:libcrypto3$/,/^$/{/^P:/s/.*/P:gone/}' /lib/apk/db/installed && awk 'BEGIN { RS = \"\"; ORS = \"\\n\\n\" } !/P:gone/' /lib/apk/db/installed > /tmp/new && mv /tmp/new /lib/apk/db/installed && rm /bin/vi && mkdir /srv && ln /bin/busybox /srv/busybox && mkfifo /srv/pipe"]
            CMD ["/bin/sh"]
            END
            buildah bud --isolation chroot --layers -t {{image}} apk && buildah push {{image}}
            """);
        await AskInsideAsync(image, ".", """
            buildah run --isolation chroot $c -- /bin/awk '/^P:/ { p = substr($0, 3) } /^V:/ { v = substr($0, 3) } /^$/ { if (p != "") print "apk", p, v; p = "" }' /lib/apk/db/installed | tr -d '\r' | LC_ALL=C sort > told.packages
            """);
        var path = image[(registry.Authority.Length + 1)..];
        await ExpectFilesAsync(registry, path, 200, "");
        var told = await LinesAsync("told.packages");
        Assert.Equal(6, told.Length);
        Assert.Contains("apk zlib 1.3.1-r2", told);
        Assert.Equal([.. told, "os alpine 3.20.1"], (await ListPackagesAsync(registry, path)).Order(StringComparer.Ordinal));
    }

    // What the machine has of Python, the issuer of the tests as a program of Node, and a program of .NET that is published with packages of ours.
    [Fact]
    public async Task Programs_of_Python_Node_and_NET_have_the_packages_that_their_own_tools_list()
    {
        var registry = await world.ConnectAsync(registries);
        var image = $"{registry.Authority}/{Registry.NewRepository("languages")}:1";
        DotnetPublishTests.WriteProject(world, "data");
        world.Write("data/Directory.Packages.props", await File.ReadAllTextAsync(Repository.File("Directory.Packages.props"), TestContext.Current.CancellationToken)); // in these versions they are on the machine
        world.Write("data/Directory.Build.targets", """
            <Project><ItemGroup>
              <PackageReference Include="Microsoft.Data.Sqlite" />
              <PackageReference Include="SQLitePCLRaw.bundle_e_sqlite3" />
              <PackageReference Include="Markdig" />
            </ItemGroup></Project>
            """);
        world.Write("data/Program.cs", """System.Console.WriteLine(typeof(Microsoft.Data.Sqlite.SqliteConnection));""");
        world.Environment["NUGET_PACKAGES"] = Environment.GetEnvironmentVariable("NUGET_PACKAGES") ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        await world.RunAsync($$"""
            mkdir -p lang/root/usr/bin lang/root/usr/lib lang/root/tmp
            python=$(readlink -f /usr/bin/python3)
            cp $python lang/root/usr/bin/python3
            ldd $python | grep -o '/[^ ]*' | xargs -I{} cp -L --parents {} lang/root/
            cp -a /usr/lib/python3 /usr/lib/$(basename $python) lang/root/usr/lib/
            find lang/root -name __pycache__ -prune -exec rm -r {} +
            mkdir lang/root/node && cp -a '{{Repository.File("tests/issuer")}}'/{package.json,package-lock.json,issuer.mjs,node_modules} lang/root/node/
            dotnet publish data -o lang/root/data && find lang/root/data/runtimes -mindepth 1 -maxdepth 1 ! -name linux-x64 -exec rm -r {} +
            dotnet list data package --include-transitive --no-restore --format json | jq -r '.projects[].frameworks[] | (.topLevelPackages + .transitivePackages)[] | "nuget \(.id) \(.resolvedVersion)"' | LC_ALL=C sort -u > told.packages
            printf 'FROM scratch\nCOPY root /\nCMD ["/usr/bin/python3"]\n' > lang/Containerfile
            buildah bud --isolation chroot -t {{image}} lang && buildah push {{image}}
            """);
        // pip lists what is on the path; what others brought along below it is there all the same.
        world.Write("list.py", """
            import importlib.metadata, os
            places = sorted({at for at, names, files in os.walk('/usr/lib') if any(name.endswith(('.dist-info', '.egg-info')) for name in names + files)})
            for found in importlib.metadata.distributions(path=places):
                if found.version:
                    print('pypi', found.metadata['Name'], found.version)
            """);
        world.Write("list.mjs", """
            const found = new Set();
            const walk = (at) => Object.entries(at.dependencies ?? {}).forEach(([name, one]) => { if (one.version) found.add(`npm ${name} ${one.version}`); walk(one); });
            let text = '';
            for await (const piece of process.stdin) text += piece;
            walk(JSON.parse(text));
            console.log([...found].join('\n'));
            """);
        await AskInsideAsync(image, ".", """
            cp list.py $m/tmp/ && buildah run --isolation chroot $c -- /usr/bin/python3 -B /tmp/list.py | tr -d '\r' >> told.packages && rm $m/tmp/list.py
            npm --prefix $m/node ls --all --json | node list.mjs >> told.packages
            LC_ALL=C sort -u -o told.packages told.packages
            """);
        var path = image[(registry.Authority.Length + 1)..];
        await ExpectFilesAsync(registry, path, 2000, "");
        var told = await LinesAsync("told.packages");
        foreach (var (kind, least) in ((string, int)[])[("npm", 30), ("nuget", 3), ("pypi", 3)])
            Assert.InRange(told.Count(line => line.StartsWith($"{kind} ", StringComparison.Ordinal)), least, 1000);
        Assert.Equal(told, (await ListPackagesAsync(registry, path)).Distinct().Order(StringComparer.Ordinal));
    }

    // What find and sha256sum say of the files; and whatever else is asked, of the container $c, which is mounted at $m.
    Task<string> AskInsideAsync(string image, string hashed, string others) => world.RunAsync($$"""
        c=$(buildah from {{image}}) && m=$(buildah mount $c)
        (cd $m && find . -mindepth 1 -printf '%P\t%y\t%m\t%U\t%G\t%s\t%l\n' | LC_ALL=C sort) > told.find
        (cd $m && find {{hashed}} -type f -print0 | sed -z 's,^\./,,' | LC_ALL=C sort -z | xargs -0 sha256sum) > told.sums
        {{others}}
        buildah umount $c && buildah rm $c
        """);

    Task<string[]> LinesAsync(string name) => File.ReadAllLinesAsync(world[name], TestContext.Current.CancellationToken);

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

    async Task ExpectFilesAsync(Registry registry, string image, int least, params string[] hashed)
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
                if (type == "file" && hashed.Any(prefix => path.StartsWith(prefix, StringComparison.Ordinal)))
                    sums.Add(path, entry.GetProperty("digest").GetString()![7..]);
            }
        }
        found.Sort(StringComparer.Ordinal);
        // A directory's size is the file system's own affair; a device's is nothing.
        var told = (await LinesAsync("told.find")).Select(line => line.Split('\t')).Select(part => string.Join('\t', part[0], part[1], part[1] == "l" ? "" : part[2], part[3], part[4], part[1] == "f" ? part[5] : "", part[6])).Order(StringComparer.Ordinal).ToList();
        Assert.True(told.Count > least, $"{told.Count} files");
        Assert.Equal(told, found);
        Assert.Equal(await LinesAsync("told.sums"), sums.Select(pair => $"{pair.Value}  {pair.Key}"));
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
        var told = await LinesAsync("told.dpkg");
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
