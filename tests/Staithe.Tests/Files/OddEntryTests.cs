using System.Net;
using System.Text;
using Staithe.Files;
using Staithe.Tests.Clients;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Files;

/// <summary>One odd entry of a layer costs that entry, and it is said how many there were; all else is there.</summary>
public sealed class OddEntryTests(Registries registries)
{
    /// <summary>What comes between two good files, what of it is there, and why it is not.</summary>
    public static TheoryData<string, string, string?> Odd { get; } = new()
    {
        { "a name that goes up and down", "/esc", null },
        { "a name that goes above the root", "", "leads out of the root" },
        { "a name that goes above by a detour", "", "leads out of the root" },
        { "an absolute name that goes above", "/up", null },
        { "no name", "", "that of the root" },
        { "a dot", "", "that of the root" },
        { "links in a circle", "/a /b", "round in circles" },
        { "a name that is too long", "", "more than 4096 bytes" },
        { "a part that is too long", "", "more than 255 bytes" },
        { "a long part that a name leaves again", "/short", null },
        { "a NUL in a name", "", "NUL" },
        { "names that are no text", "/n\\xfe /n\\xff", null },
        { "a negative size", "", "below zero" },
        { "a size that is no number", "", "no number" },
        { "an owner that is no number", "", "a number that is none" },
        { "an extended header that is none", "", "cannot be read" },
        { "an extended size that is none", "", "a number that is none" },
        { "an extended owner that is none", "", "a number that is none" },
        { "a type that nobody knows", "", "unknown" },
        { "a hard link to a directory", "/d", "hard link to a directory" },
        { "a hard link out of the root", "", "leads out of the root" },
        { "a hard link by a detour", "/linked", null },
        { "a hard link through a link", "/linked /real /real/x /way", null },
        { "a whiteout of nothing", "/d", "hides a name that is none" },
        { "a whiteout of a dot", "/d", "hides a name that is none" },
        { "a whiteout of two dots", "/d", "hides a name that is none" },
        { "twice the same", "/same", null },
        { "names that differ in case", "/SAME /same", null },
        { "devices", "/block /char /fifo", null },
    };

    [Theory, MemberData(nameof(Odd))]
    public void It_costs_that_entry(string what, string there, string? reason)
    {
        using var bench = new LayerBench();
        var archive = Make(new TarBytes().File("first", "1"), what).File("last", "2").End();
        using var image = new ImageFiles([bench.Index(archive)]);
        Assert.Equal(((string[])["/first", "/last", .. there.Split(' ', StringSplitOptions.RemoveEmptyEntries)]).Order(StringComparer.Ordinal), LayerBench.Paths(image));
        Assert.Equal("2", bench.Text(image, "last"));
        Assert.Null(bench.Facts.Incomplete);
        Assert.Equal(Registry.Digest(archive), bench.Facts.DiffId);
        Assert.Equal(reason is null ? 0 : 1, bench.Facts.Skipped);
        if (reason is not null)
            Assert.Contains(reason, bench.Facts.SkippedExample, StringComparison.Ordinal);
    }

    /// <summary>An old way to write a directory; the data behind it is not taken for the next entry.</summary>
    [Theory]
    [InlineData('0')]
    [InlineData('\0')]
    [InlineData('7')]
    public void A_file_whose_name_ends_with_a_slash_costs_nothing_behind_it(char type)
    {
        using var bench = new LayerBench();
        using var image = new ImageFiles([bench.Index(new TarBytes().File("first", "1").Add("file/", type, content: new byte[700]).File("last", "2").End())]);
        Assert.Equal(["/file", "/first", "/last"], LayerBench.Paths(image));
        Assert.Equal("2", bench.Text(image, "last"));
        Assert.Null(bench.Facts.Incomplete);
    }

    [Theory, OnBothEngines]
    public async Task It_is_said_how_many_there_were_and_the_rest_is_served(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var name = Registry.NewRepository("odd");
        var layer = new TarBytes().File("a/../esc", "1").File("../../out<b>", "2").File("x/../../out", "3").File("var/lib/dpkg/status", "Package: p\nStatus: install ok installed\nVersion: 1\n").End();
        await registry.PushLayersAsync(name, "1", layer);
        await registry.LookAsync();
        using (var file = await registry.GetAsync($"/f/{name}:1/esc"))
            Assert.Equal("1", Encoding.UTF8.GetString(await file.BytesAsync()));
        using var packages = await registry.GetAsync($"/api/v1/packages?image={name}:1");
        await packages.ExpectAsync(HttpStatusCode.OK);
        var answer = await packages.JsonAsync();
        var note = Assert.Single(answer.GetProperty("notes").EnumerateArray());
        Assert.Equal(("skipped", "layer 1 of 1"), (note.GetProperty("kind").GetString(), note.GetProperty("what").GetString()));
        Assert.StartsWith("2 entries were left out: ", note.GetProperty("why").GetString(), StringComparison.Ordinal);
        Assert.False(answer.GetProperty("complete").GetBoolean());
        Assert.Equal("p", Assert.Single(answer.GetProperty("items").EnumerateArray()).GetProperty("name").GetString());
        using var browser = new Browser(registry.Url);
        foreach (var path in (string[])[$"/r/{name}:1", $"/r/{name}:1?view=packages", $"/r/{name}:1?view=files", $"/f/{name}:1/"])
        {
            var page = await browser.ReadAsync(path);
            Assert.Contains("2 entries were left out", page, StringComparison.Ordinal);
            Assert.DoesNotContain("<b>", page, StringComparison.Ordinal);
        }
    }

    // What comes before the damage is served, and said not to be all.
    [Fact]
    public async Task A_layer_that_is_broken_in_the_middle_is_what_comes_before()
    {
        var registry = await registries.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("broken");
        var broken = new TarBytes().File("good", "1").Add("bad", breakSum: true).File("behind", "2").End();
        await registry.PushLayersAsync(name, "1", new TarBytes().File("below", "0").End(), broken);
        await registry.PushLayersAsync(name, "cut", LayerBytes.Gzip(new TarBytes().File("good", "1").Add("large", content: new Random(1).Bytes(200_000)).End())[..100_000]);
        await registry.LookAsync();
        foreach (var (image, files) in ((string, string[])[])[($"{name}:1", ["below", "good"]), ($"{name}:cut", ["good"])])
        {
            using var listed = await registry.GetAsync($"/f/{image}/", ("Accept", "application/json"));
            var list = await listed.JsonAsync();
            Assert.Equal(files, list.GetProperty("entries").EnumerateArray().Select(entry => entry.GetProperty("name").GetString()));
            Assert.False(list.GetProperty("complete").GetBoolean());
            Assert.Contains("only its beginning was read", list.GetProperty("notes")[0].GetProperty("why").GetString(), StringComparison.Ordinal);
            using var good = await registry.GetAsync($"/f/{image}/good");
            Assert.Equal("1", Encoding.UTF8.GetString(await good.BytesAsync()));
        }
    }

    static TarBytes Make(TarBytes tar, string what) => what switch
    {
        "a name that goes up and down" => tar.File("a/../esc", "x"),
        "a name that goes above the root" => tar.File("../../etc/passwd", "x"),
        "a name that goes above by a detour" => tar.File("a/../../etc/passwd", "x"),
        "an absolute name that goes above" => tar.File("/../up", "x"),
        "no name" => tar.File("", "x"),
        "a dot" => tar.File("./.", "x"),
        "links in a circle" => tar.Link("a", "b").Link("b", "a").File("a/c", "x"),
        "a name that is too long" => tar.Pax(("path", string.Join('/', Enumerable.Repeat("abcdefghi", 500)))).File("a", "x"),
        "a part that is too long" => tar.Pax(("path", new string('a', 256))).File("a", "x"),
        "a long part that a name leaves again" => tar.Pax(("path", $"{new string('a', 256)}/../short")).File("a", "x"),
        "a NUL in a name" => tar.Pax(("path", "a\0b")).File("a", "x"),
        "names that are no text" => Bytes(Bytes(tar, 0xFF), 0xFE),
        "a negative size" => tar.Raw(Header(header => header.AsSpan(124, 12).Fill(0xFF))),
        "a size that is no number" => tar.Add("b", size: "hello"),
        "an owner that is no number" => tar.Raw(Header(header => "hello"u8.CopyTo(header.AsSpan(108)))),
        "an extended header that is none" => tar.Add("pax", 'x', "999 path=a\n"u8.ToArray()).File("a", "x"),
        "an extended size that is none" => tar.Pax(("size", "-1")).File("a", "x"),
        "an extended owner that is none" => tar.Pax(("uid", "0x10")).File("a", "x"),
        "a type that nobody knows" => tar.Add("v", 'V'),
        "a hard link to a directory" => tar.Directory("d").Add("e", '1', link: "d"),
        "a hard link out of the root" => tar.Add("e", '1', link: "../first"),
        "a hard link by a detour" => tar.Add("linked", '1', link: "a/../first"),
        "a hard link through a link" => tar.File("real/x", "x").Link("way", "real").Add("linked", '1', link: "way/x"),
        "a whiteout of nothing" => tar.Directory("d").File("d/.wh.", ""),
        "a whiteout of a dot" => tar.Directory("d").File("d/.wh..", ""),
        "a whiteout of two dots" => tar.Directory("d").File("d/.wh...", ""),
        "twice the same" => tar.File("same", "1").File("same", "2"),
        "names that differ in case" => tar.File("same", "1").File("SAME", "2"),
        "devices" => tar.Add("char", '3').Add("block", '4').Add("fifo", '6'),
        _ => throw new InvalidOperationException(what),
    };

    static TarBytes Bytes(TarBytes tar, byte last) => tar.Raw(Header(header => header[1] = last, "n"));

    // A header of an empty file whose sum is right whatever was done to it.
    static byte[] Header(Action<byte[]> change, string name = "odd")
    {
        var header = new TarBytes().Add(name).Cut();
        change(header);
        header.AsSpan(148, 8).Fill((byte)' ');
        var sum = header.Sum(value => (long)value);
        Encoding.ASCII.GetBytes($"{Convert.ToString(sum, 8).PadLeft(6, '0')}\0").CopyTo(header, 148);
        return header;
    }
}

/// <summary>The same, as containers/storage unpacks it. It takes no name twice, so that is not among these.</summary>
[Trait("Kind", "client"), Collection(ClientCollections.Podman)]
public sealed class OddEntryClientTests(Registries registries, ClientWorld world) : IClassFixture<ClientWorld>
{
    [Fact]
    public async Task A_layer_of_odd_entries_has_the_files_that_containers_storage_has()
    {
        var registry = await world.ConnectAsync(registries);
        var name = Registry.NewRepository("odd");
        byte[][] layers =
        [
            new TarBytes()
                .File("a/../esc", "1").File("/abs", "2").File("./dot/./x", "3").File("//two//parts", "4").File("/../up", "5").File("deep/er/../side", "6")
                .Directory("usr/lib").Link("lib", "usr/lib").File("lib/by-link", "7").File("lib/../not-by-link", "8")
                .File("same", "9").File("Same", "10").Add("linked", '1', link: "a/../same").Add("through", '1', link: "lib/by-link")
                .File("gone/a", "12").File("gone/b/c", "13").File("kept/a", "14")
                .End(),
            new TarBytes().File("gone/b/.wh.c", "").File(".wh.kept", "").File("x/../y/.wh..wh..opq", "").File("y/z", "15").File(".wh.same", "").End(),
        ];
        await registry.PushLayersAsync(name, "1", $$"""{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[{{string.Join(',', layers.Select(layer => $"\"{Registry.Digest(layer)}\""))}}]} }""", layers);
        await world.RunAsync($$"""
            c=$(buildah from {{registry.Authority}}/{{name}}:1) && m=$(buildah mount $c)
            (cd $m && find . -mindepth 1 -printf '/%P\n' | LC_ALL=C sort) > told
            buildah umount $c && buildah rm $c
            """);
        using var bench = new LayerBench();
        using var image = bench.Image(layers);
        Assert.Equal(await File.ReadAllLinesAsync(world["told"], TestContext.Current.CancellationToken), LayerBench.Paths(image));
        Assert.Equal(0, bench.Facts.Skipped);
    }
}
