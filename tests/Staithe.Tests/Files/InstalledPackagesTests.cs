using Staithe.Files;
using Staithe.Tests.Clients;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Files;

/// <summary>Installed means present: not planned, and in every state in which files are there; from the layouts that each package system documents.</summary>
public sealed class InstalledPackagesTests
{
    internal static readonly (string Status, bool IsThere)[] States =
    [
        ("install ok installed", true), ("hold ok installed", true), ("deinstall ok installed", true), ("install reinstreq installed", true),
        ("install ok unpacked", true), ("install ok half-configured", true), ("install ok half-installed", true), ("install reinstreq half-installed", true),
        ("install ok triggers-pending", true), ("install ok triggers-awaited", true),
        ("deinstall ok config-files", false), ("purge ok not-installed", false), ("unknown ok not-installed", false),
    ];

    [Fact]
    public void A_package_of_dpkg_is_listed_in_every_state_in_which_its_files_are_there()
    {
        var expected = States.Select((state, index) => (state.IsThere, Line: $"deb p{index:00} 1")).Where(one => one.IsThere).Select(one => one.Line);
        Assert.Equal(expected, Find(new TarBytes().File("var/lib/dpkg/status", Status).End()));
        var parts = new TarBytes();
        for (var i = 0; i < States.Length; i++)
            parts.File($"var/lib/dpkg/status.d/p{i}", $"package: p{i:00}\nSTATUS:  {States[i].Status}\nversion:1\n");
        Assert.Equal(expected, Find(parts.End()));
        Assert.Equal(["deb odd 1"], Find(new TarBytes().File("var/lib/dpkg/status", "Package: odd\nStatus: nobody knows this\nVersion: 1\n").End()));
    }

    internal static string Status { get; } = string.Concat(States.Select((state, index) => $"Package: p{index:00}\nStatus: {state.Status}\nMaintainer: a <a@b>\nArchitecture: all\nVersion: 1\nDescription: d\n{(state.Status.EndsWith("pending", StringComparison.Ordinal) ? "Triggers-Pending: /x\n" : state.Status.EndsWith("awaited", StringComparison.Ordinal) ? "Triggers-Awaited: p00\n" : "")}\n"));

    [Fact]
    public void What_is_only_planned_is_not_listed() => Assert.Equal(
        ["npm real 2"],
        Find(new TarBytes()
            .File("a/package-lock.json", """{"lockfileVersion":3,"packages":{"node_modules/dev":{"version":"1","dev":true},"node_modules/opt":{"version":"1","optional":true},"node_modules/real":{"version":"1"} } }""")
            .File("b/package-lock.json", """{"dependencies":{"old":{"version":"1"} } }""")
            .File("a/node_modules/.package-lock.json", """{"packages":{"node_modules/gone":{"version":"1"} } }""")
            .File("a/node_modules/alias/package.json", """{"name":"real","version":"2"}""")
            .File("a/package.json", """{"name":"a","version":"1"}""")
            .File("a/yarn.lock", "left-pad@^1:\n  version \"1.3.0\"\n").File("a/pnpm-lock.yaml", "packages:\n  /a@1: {}\n")
            .File("b/Gemfile.lock", "GEM\n  specs:\n    rails (7.1.2)\n").File("b/Cargo.lock", "[[package]]\nname = \"serde\"\nversion = \"1.0.1\"\n")
            .File("b/go.sum", "example.org/x v1.0.0 h1:x\n").File("b/poetry.lock", "[[package]]\nname = \"x\"\nversion = \"1\"\n").File("b/requirements.txt", "x==1\n").File("b/Pipfile.lock", "{}")
            .File("b/composer.lock", """{"packages":[{"name":"a/b","version":"1"}]}""")
            .File("b/app.gemspec", "Gem::Specification.new do |s|\n  s.name = \"app\"\n  s.version = \"1\"\nend\n")
            .End()));

    [Fact]
    public void What_npm_and_pnpm_have_laid_out_is_listed_by_the_names_that_stand_in_it() => Assert.Equal(
        ["npm @s/b 2", "npm a 1", "npm c 3", "npm deep 4"],
        Find(new TarBytes()
            .File("x/node_modules/.pnpm/a@1/node_modules/a/package.json", """{"name":"a","version":"1"}""").Link("x/node_modules/a", ".pnpm/a@1/node_modules/a")
            .File("x/node_modules/@s/b/package.json", """{"name":"@s/b","version":"2"}""")
            .File("x/node_modules/other/package.json", """{"name":"c","version":"3"}""")
            .File("x/node_modules/@s/b/node_modules/deep/package.json", """{"name":"deep","version":"4"}""")
            .File("x/node_modules/@s/b/lib/package.json", """{"name":"no","version":"5"}""")
            .End()));

    [Fact]
    public void Python_is_read_in_each_of_its_layouts() => Assert.Equal(
        ["pypi a 1", "pypi b 2", "pypi c 3", "pypi d 4", "pypi e 5", "pypi folded 6"],
        Find(new TarBytes()
            .File("p/a-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: a\nVersion: 1\n\nName: no\n")
            .File("p/b.egg-info/METADATA", "name: b\nversion: 2\n")
            .File("p/c.egg-info/PKG-INFO", "NAME:c\r\nVERSION:3\r\n")
            .File("p/d-4-py3.9.egg/EGG-INFO/PKG-INFO", "Name: d\nVersion: 4\n")
            .File("p/e-5.egg-info", "Version: 5\nSummary: x\n  Name: no\nName: e\n")
            .File("p/f.dist-info/METADATA", "Name:\n folded\nVersion: 6\nName: second\n")
            .File("src/PKG-INFO", "Name: sdist\nVersion: 9\n")
            .End()));

    [Fact]
    public void Gems_are_read_from_their_specifications() => Assert.Equal(
        ["gem default 1.2", "gem nokogiri 1.15.4", "gem plain 3", "gem rails 7.1.2"],
        Find(new TarBytes()
            .File("usr/lib/ruby/gems/3.1.0/specifications/rails-7.1.2.gemspec", "# -*- encoding: utf-8 -*-\n# stub: rails 7.1.2 ruby lib\n\nGem::Specification.new do |s|\n  s.name = \"rails\".freeze\n  s.version = \"7.1.2\"\n")
            .File("usr/lib/ruby/gems/3.1.0/specifications/default/default-1.2.gemspec", "Gem::Specification.new do |s|\n  s.name = \"default\".freeze\n  s.version = Gem::Version.new(\"1.2\")\n")
            .File("usr/share/rubygems-integration/all/specifications/plain.gemspec", "Gem::Specification.new do |spec|\n  spec.name    = 'plain'\n  spec.version = '3'\n  spec.required_ruby_version = '2'\n")
            .File("usr/lib/ruby/gems/3.1.0/specifications/nokogiri.gemspec", "# -*- encoding: utf-8 -*-\n# stub: nokogiri 1.15.4 x86_64-linux lib\n")
            .End()));

    [Fact]
    public void What_other_systems_record_is_listed_when_its_files_are_there() => Assert.Equal(
        ["cargo ripgrep 13.0.0", "composer psr/log 3.0.0", "composer symfony/console v6.4.1", "conda numpy 1.26.0", "cran ggplot2 3.4.4", "nuget Meta 1.0.0", "nuget There 2.0.0", "nuget Translated 3.0.0"],
        Find(new TarBytes()
            .File("root/.cargo/.crates2.json", """{"installs":{"ripgrep 13.0.0 (registry+https://x)":{"bins":["rg"]},"gone 1.0.0 (registry+https://x)":{"bins":["gone"]} } }""").File("root/.cargo/bin/rg", "")
            .File("one/vendor/composer/installed.json", """{"packages":[{"name":"symfony/console","version":"v6.4.1","install-path":"../symfony/console"},{"name":"not/there","version":"1","install-path":"../not/there"},{"name":"a/meta","version":"1","type":"metapackage","install-path":null}]}""")
            .Directory("one/vendor/symfony/console")
            .File("two/vendor/composer/installed.json", """[{"name":"psr/log","version":"3.0.0"}]""").Directory("two/vendor/psr/log")
            .File("opt/conda/conda-meta/numpy-1.26.0-py311.json", """{"name":"numpy","version":"1.26.0","build":"py311","subdir":"linux-64"}""")
            .File("usr/lib/R/library/ggplot2/DESCRIPTION", "Package: ggplot2\nVersion: 3.4.4\nBuilt: R 4.2.2; ; 2023; unix\n").File("usr/lib/R/library/src/DESCRIPTION", "Package: src\nVersion: 1\n")
            .File("app/app.deps.json", """
                {"targets":{".NETCoreApp,Version=v8.0":{"There/2.0.0":{"runtime":{"lib/net8.0/There.dll":{} } },"Gone/1.0.0":{"runtime":{"lib/net8.0/Gone.dll":{} } },"Meta/1.0.0":{"dependencies":{"There":"2.0.0"},"runtime":{"lib/net8.0/_._":{} } },
                 "Translated/3.0.0":{"resources":{"lib/net8.0/de/Translated.resources.dll":{"locale":"de"} } } } },
                 "libraries":{"There/2.0.0":{"type":"package"},"Gone/1.0.0":{"type":"package"},"Meta/1.0.0":{"type":"package"},"Translated/3.0.0":{"type":"package"},"app/1.0.0":{"type":"project"} } }
                """)
            .File("app/There.dll", "").File("app/de/Translated.resources.dll", "")
            .End()));

    static List<string> Find(params byte[][] layers)
    {
        using var bench = new LayerBench();
        using var image = bench.Image(layers);
        return [.. new PackageScan(image, bench.Storage).Run(TestContext.Current.CancellationToken).Select(package => $"{package.Ecosystem} {package.Name} {package.Version}").Order(StringComparer.Ordinal)];
    }
}

/// <summary>The same, as dpkg itself sees it.</summary>
[Trait("Kind", "client")]
public sealed class DpkgStateClientTests
{
    [Fact]
    public async Task The_packages_are_those_that_dpkg_does_not_call_uninstalled()
    {
        await using var world = new ClientWorld();
        world.Write("db/status", InstalledPackagesTests.Status);
        await world.RunAsync("mkdir -p db/info db/updates && dpkg-query --admindir=$PWD/db -W -f '${db:Status-Status} ${Package}\\n' | grep -v -e '^not-installed' -e '^config-files' | cut -d' ' -f2 | LC_ALL=C sort > told");
        var found = SystemPackages.ReadDpkg(System.Text.Encoding.UTF8.GetBytes(InstalledPackagesTests.Status), null)!.Select(package => package.Name).Order(StringComparer.Ordinal);
        Assert.Equal(await File.ReadAllLinesAsync(world["told"], TestContext.Current.CancellationToken), found);
    }
}
