using Staithe.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Files;

/// <summary>The packages of images, from each kind of place where they are written down.</summary>
public sealed class PackageTests
{
    [Fact]
    public void Packages_are_found_wherever_they_are_written_down()
    {
        Assert.Equal(
            [
                "deb base-files 12.4+deb12u5 pkg:deb/debian/base-files@12.4%2Bdeb12u5?arch=amd64&distro=debian-12 ",
                "deb libssl3 3.0.11-1~deb12u2 pkg:deb/debian/libssl3@3.0.11-1~deb12u2?arch=amd64&distro=debian-12 openssl 3.0.11-1~deb12u2",
                "deb libstdc++6 12.2.0-14 pkg:deb/debian/libstdc%2B%2B6@12.2.0-14?arch=amd64&distro=debian-12 gcc-12 12.2.0-14x",
                "gem rails 7.1.2 pkg:gem/rails@7.1.2 ",
                "os debian 12 pkg:generic/debian@12?os=1 ",
                "npm @scope/thing 1.0.0 pkg:npm/%40scope/thing@1.0.0 ",
                "npm express 4.18.2 pkg:npm/express@4.18.2 ",
                "nuget Newtonsoft.Json 13.0.3 pkg:nuget/Newtonsoft.Json@13.0.3 ",
                "pypi Flask_Thing 2.0.1 pkg:pypi/flask-thing@2.0.1 ",
            ],
            Find(
                new TarBytes()
                    .File("usr/lib/os-release", "PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\nVERSION_ID=\"12\"\n")
                    .Link("etc/os-release", "../usr/lib/os-release")
                    .File("var/lib/dpkg/status", """
                        Package: libssl3
                        Status: install ok installed
                        Architecture: amd64
                        Source: openssl
                        Version: 3.0.11-1~deb12u2
                        Description: Secure Sockets Layer
                         Version: 9 is no field here

                        Package: gone
                        Status: deinstall ok config-files
                        Version: 1

                        Package: libstdc++6
                        Status: hold ok installed
                        Architecture: amd64
                        Source: gcc-12 (12.2.0-14x)
                        Version: 12.2.0-14

                        """)
                    .File("var/lib/dpkg/status.d/base", "Package: base-files\nVersion: 12.4+deb12u5\nArchitecture: amd64\n")
                    .File("var/lib/dpkg/status.d/base.md5sums", "d41d8cd98f00b204e9800998ecf8427e  etc/x\n")
                    .File("app/node_modules/express/package.json", """{"name":"express","version":"4.18.2"}""")
                    .File("app/node_modules/express/test/package.json", """{"name":"no-package","version":"0"}""")
                    .File("app/node_modules/@scope/thing/package.json", """{"name":"@scope/thing","version":"1.0.0"}""")
                    .File("app/node_modules/broken/package.json", "{")
                    .End(),
                new TarBytes()
                    .File("web/package-lock.json", """{"lockfileVersion":3,"packages":{"":{"name":"web","version":"1"},"node_modules/left-pad":{"version":"1.3.0"},"node_modules/express":{"version":"4.18.2"}}}""")
                    .File("usr/lib/python3/dist-packages/flask.dist-info/METADATA", "Metadata-Version: 2.1\nName: Flask_Thing\nVersion: 2.0.1\n\nName: other\n")
                    .File("app/app.deps.json", """{"libraries":{"app/1.0.0":{"type":"project"},"Newtonsoft.Json/13.0.3":{"type":"package"}}}""")
                    .File("usr/lib/ruby/gems/3.1.0/specifications/rails-7.1.2.gemspec", "# -*- encoding: utf-8 -*-\n# stub: rails 7.1.2 ruby lib\n")
                    .End()));
    }

    [Fact]
    public void A_package_that_a_layer_above_removes_is_gone()
    {
        var below = new TarBytes().File("var/lib/dpkg/status", "Package: a\nStatus: install ok installed\nVersion: 1\n").File("x/node_modules/y/package.json", """{"name":"y","version":"1"}""").End();
        Assert.Equal(2, Find(below).Count);
        Assert.Equal(["deb b 2 pkg:deb/debian/b@2 "], Find(below, new TarBytes().File("var/lib/dpkg/status", "Package: b\nStatus: install ok installed\nVersion: 2\n").File(".wh.x", "").End()));
    }

    [Fact]
    public void Alpine_has_its_own_letters() => Assert.Equal(
        ["apk libcrypto3 3.1.4-r1 pkg:apk/alpine/libcrypto3@3.1.4-r1?arch=x86_64&distro=alpine-3.19.0 openssl 3.1.4-r1", "apk musl 1.2.4-r2 pkg:apk/alpine/musl@1.2.4-r2?arch=x86_64&distro=alpine-3.19.0 ", "os alpine 3.19.0 pkg:generic/alpine@3.19.0?os=1 "],
        Find(new TarBytes()
            .File("etc/os-release", "ID=alpine\nVERSION_ID=3.19.0\n")
            .File("lib/apk/db/installed", "C:Q1x\nP:musl\nV:1.2.4-r2\nA:x86_64\no:musl\nF:lib\nR:ld-musl\n\nC:Q1y\nP:libcrypto3\nV:3.1.4-r1\nA:x86_64\no:openssl\n\n")
            .End()));

    // The database is one that rpm itself made.
    [Fact, Trait("Kind", "client")]
    public async Task Rpm_packages_are_what_rpm_says()
    {
        await using var world = new Clients.ClientWorld();
        await world.RunAsync("""
            export HOME=$PWD
            for i in $(seq 1 40); do
              printf 'Name: thing%s\nVersion: 1.%s\nRelease: 2.test\nEpoch: %s\nSummary: s\nLicense: MIT\nBuildArch: noarch\n%%description\n%s\n%%files\n' $i $i $((i % 3)) "$(head -c 3000 /dev/urandom | base64)" > t.spec
              rpmbuild --quiet --define "_topdir $PWD/b" -bb t.spec
            done
            rpm --dbpath $PWD/db --define '_db_backend sqlite' --initdb
            rpm --dbpath $PWD/db --define '_db_backend sqlite' -i --justdb --nodeps b/RPMS/noarch/*.rpm
            rpm --dbpath $PWD/db --define '_db_backend sqlite' -qa --qf '%{NAME} %{EPOCH}:%{VERSION}-%{RELEASE}\n' | sort > told
            python3 -c "import sqlite3; sqlite3.connect('db/rpmdb.sqlite').execute('pragma wal_checkpoint(truncate)')"
            """);
        var found = RpmPackages.Read(await File.ReadAllBytesAsync(world["db/rpmdb.sqlite"], TestContext.Current.CancellationToken), null).Select(package => $"{package.Name} {package.Version}").Order(StringComparer.Ordinal).ToList();
        Assert.Equal(40, found.Count);
        Assert.Equal((await File.ReadAllLinesAsync(world["told"], TestContext.Current.CancellationToken)).Order(StringComparer.Ordinal), found);
    }

    [Fact]
    public void A_table_of_SQLite_is_read_without_SQLite()
    {
        using var directory = new TempDirectory();
        var file = directory["a.db"];
        var random = Seed.Random();
        var blobs = Enumerable.Range(0, 300).Select(i => random.Bytes(i % 50 == 0 ? 200_000 : random.Next(3000))).ToList();
        using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={file};Pooling=false"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "create table other (a); create table Packages (hnum integer primary key autoincrement, blob blob not null)";
            command.ExecuteNonQuery();
            command.CommandText = "insert into Packages (blob) values ($blob)";
            var parameter = command.Parameters.Add("$blob", Microsoft.Data.Sqlite.SqliteType.Blob);
            foreach (var blob in blobs)
            {
                parameter.Value = blob;
                command.ExecuteNonQuery();
            }
        }
        var bytes = File.ReadAllBytes(file);
        var read = SqliteTable.ReadBlobs(bytes, "Packages", 1);
        Assert.Equal(blobs.Count, read.Count);
        Assert.All(blobs.Zip(read), pair => Assert.Equal(pair.First, pair.Second));
        Assert.Empty(SqliteTable.ReadBlobs(bytes, "none", 1));

        // A damaged one is told so, or gives something; nothing else happens.
        var told = 0;
        for (var i = 0; i < 2000; i++)
        {
            var damaged = bytes[..(random.Next(4) == 0 ? random.Next(bytes.Length) : 65536)];
            for (var flips = 0; flips < 20 && damaged.Length > 0; flips++)
                damaged[random.Next(Math.Min(damaged.Length, 8192))] = (byte)random.Next(256);
            try
            {
                SqliteTable.ReadBlobs(damaged, "Packages", 1);
            }
            catch (InvalidDataException)
            {
                told++;
            }
        }
        Assert.InRange(told, 200, 2000);
    }

    static List<string> Find(params byte[][] layers)
    {
        using var bench = new LayerBench();
        using var image = bench.Image(layers);
        return [.. new PackageScan(image, bench.Storage).Run(TestContext.Current.CancellationToken).Select(package => $"{package.Ecosystem} {package.Name} {package.Version} {package.Purl} {package.Source}")];
    }
}
