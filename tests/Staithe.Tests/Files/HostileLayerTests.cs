using System.IO.Compression;
using System.Text;
using Staithe.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Files;

/// <summary>What somebody makes to hurt whoever looks is refused, with a reason, from where it hurts; and nothing else is thrown, whatever the bytes.</summary>
public sealed class HostileLayerTests
{
    static readonly LayerLimits Small = new() { MaxEntries = 1000, MaxNameBytes = 100_000, MaxBytes = 64 * 1024 * 1024, FreeBytes = 1024 * 1024, MaxExtensionBytes = 4 * 1024 * 1024 };

    public static TheoryData<string, string> Hostile { get; } = new()
    {
        { "no archive", "no archive of files" },
        { "nothing but noise", "no archive of files" },
        { "another compression", "compressed with xz" },
        { "a bomb of zeros", "times its size" },
        { "too much", "unpacks to more than 67108864 bytes" },
        { "cut in a header", "ends in the middle" },
        { "cut in a file", "ends in the middle" },
        { "cut gzip", "ends in the middle" },
        { "damaged gzip", "damaged" },
        { "cut zstd", "ends in the middle" },
        { "damaged zstd", "damaged" },
        { "a size beyond all", "ends in the middle" },
        { "headers without end", "more than 16 headers" },
        { "headers that are too long", "headers are too long" },
        { "a header about nothing", "about another one" },
    };

    /// <summary>What comes before the damage, or fits below the limit, is kept.</summary>
    public static TheoryData<string, string> Stopped { get; } = new()
    {
        { "too many names", "more than 1000 names" },
        { "too many implied names", "more than 1000 names" },
        { "long names", "names have more than" },
        { "a broken sum", "damaged" },
        { "a flood of headers", "headers are too long" },
    };

    [Theory, MemberData(nameof(Hostile))]
    public void It_is_refused_with_a_reason(string what, string reason)
    {
        using var bench = new LayerBench();
        var refused = Assert.Throws<LayerRefusedException>(() => bench.Index(Make(what), Small));
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.Empty(bench.Listings);
    }

    [Theory, MemberData(nameof(Stopped))]
    public void What_came_before_is_kept_and_said_not_to_be_all(string what, string reason)
    {
        using var bench = new LayerBench();
        using var image = new ImageFiles([bench.Index(Make(what), Small)]);
        Assert.Contains(reason, bench.Facts.Incomplete, StringComparison.Ordinal);
        Assert.Null(bench.Facts.DiffId);
        Assert.InRange(LayerBench.Paths(image).Count, 1, 1000);
    }

    [Fact]
    public void It_is_refused_when_it_takes_too_long()
    {
        using var bench = new LayerBench();
        var refused = Assert.Throws<LayerRefusedException>(() => bench.Index(new TarBytes().File("a", "1").File("b", "2").End(), new LayerLimits { MaxTime = TimeSpan.Zero }));
        Assert.Contains("could not be read in", refused.Message, StringComparison.Ordinal);
    }

    // It is the limits that refuse these, and nothing else: under higher ones they are layers like any other.
    [Theory]
    [InlineData("a bomb of zeros")]
    [InlineData("too much")]
    [InlineData("too many names")]
    [InlineData("too many implied names")]
    [InlineData("long names")]
    [InlineData("a flood of headers")]
    public void Under_higher_limits_it_is_taken(string what)
    {
        using var bench = new LayerBench();
        using var image = new ImageFiles([bench.Index(Make(what))]);
        Assert.NotEmpty(LayerBench.Paths(image));
    }

    // The limits must not be such that everything is refused.
    [Fact]
    public void What_is_odd_and_harmless_is_taken()
    {
        using var bench = new LayerBench();
        var archive = new TarBytes()
            .Directory("./").Directory("/").File("/absolute", "1").File("./dot/./file", "2").File("a//b", "3")
            .Link("up", "../../../../../../etc/shadow").Link("self", "self").Link("host", "/proc/self/environ")
            .File("-rf", "4").File("new\nline", "5").File("\u202Eexe.txt", "6").File("<script>", "7")
            .Add(".wh..wh.plnk", '5').File("x\\y", "8")
            .Add("zero", content: new byte[900_000]).Add("self2", '1', link: "self2").File("again", "9").Add("again", '1', link: "again")
            .End();
        var layer = bench.Index(LayerBytes.Gzip(archive), Small);
        using var image = new ImageFiles([layer]);
        Assert.Equal(["/-rf", "/<script>", "/a", "/a/b", "/absolute", "/again", "/dot", "/dot/file", "/host", "/new\nline", "/self", "/self2", "/up", "/x\\y", "/zero", "/\u202Eexe.txt"], LayerBench.Paths(image));
        Assert.Null(image.Find("up")); // there is none inside
        Assert.Null(image.Find("self"));
        Assert.Null(image.Find("self2"));
        Assert.Equal("9", bench.Text(image, "again"));
        Assert.Null(image.Find("host"));
        Assert.Null(image.Find("../../etc/passwd"));
        Assert.Equal("1", bench.Text(image, "../../absolute"));
    }

    [Fact]
    public void Whatever_the_bytes_nothing_else_is_thrown_and_what_is_listed_can_be_read()
    {
        using var bench = new LayerBench();
        var random = Seed.Random();
        var (taken, refused) = (0, 0);
        for (var i = 0; i < 1500; i++)
        {
            var blob = Random(random);
            try
            {
                var layer = bench.Index(blob, Small);
                using var image = new ImageFiles([layer, layer]);
                foreach (var path in LayerBench.Paths(image))
                {
                    Assert.DoesNotContain("/../", path + "/", StringComparison.Ordinal);
                    if (image.Find(path) is { Node.Type: EntryType.File } file && !file.Node.Flags.HasFlag(NodeFlags.Sparse))
                        Assert.Equal(file.Node.Size, bench.Bytes(image, path).Length);
                }
                taken++;
            }
            catch (LayerRefusedException)
            {
                refused++;
            }
        }
        Assert.True(taken > 150 && refused > 150, $"{taken} taken, {refused} refused: the input is too tame or too wild");
    }

    // An archive of odd entries, and then some of its bytes are others.
    static byte[] Random(Random random)
    {
        var archive = new TarBytes();
        for (var entries = random.Next(7); entries > 0; entries--)
        {
            var name = random.Text(4, "a", "b", "/", ".", "..", "../", ".wh.", ".wh..wh..opq", "dir/", "\0", "é", new string('x', 90));
            if (random.Next(4) == 0)
                archive.Pax(("path", random.Text(3, "p", "/", "q/", "..")), (random.Pick("size", "uid", "mtime", "GNU.sparse.realsize", "linkpath"), random.Pick("0", "3", "-1", "99999999999999999999", "x", "../a")));
            archive.Add(name, random.Pick('0', '0', '0', '5', '5', '1', '2', '3', '6', 'S', 'L', 'K', 'g', 'V'), random.Bytes(random.Next(3) * 300), link: random.Text(3, "a", "b", "/", "../", "dir/"));
        }
        var bytes = random.Next(4) == 0 ? archive.Cut() : archive.End();
        Flip(random, bytes, random.Next(3) == 0 ? random.Next(4) : 0);
        var blob = random.Next(3) == 0 ? LayerBytes.Gzip(bytes) : bytes;
        Flip(random, blob, random.Next(6) == 0 ? 1 : 0);
        return random.Next(8) == 0 ? blob[..random.Next(blob.Length + 1)] : blob;
    }

    static void Flip(Random random, byte[] bytes, int times)
    {
        for (; times > 0 && bytes.Length > 0; times--)
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
    }

    static byte[] Make(string what)
    {
        var tar = new TarBytes();
        var ok = new TarBytes().Add("a", content: new Random(1).Bytes(100_000)).End();
        switch (what)
        {
            case "another compression":
                return [0xFD, .. "7zXZ"u8, .. new byte[600]];
            case "no archive":
                return Encoding.ASCII.GetBytes(new string('x', 2000));
            case "nothing but noise":
                return [0, .. new Random(1).Bytes(3000)];
            case "a bomb of zeros":
                return LayerBytes.Gzip(tar.Add("a", content: new byte[30_000_000]).End(), CompressionLevel.SmallestSize);
            case "too much":
                return tar.Add("a", content: new byte[68_000_000]).End();
            case "too many names":
                for (var i = 0; i < 1001; i++)
                    tar.File($"f{i}", "");
                return tar.End();
            case "too many implied names":
                return tar.Pax(("path", string.Join('/', Enumerable.Repeat("a", 1100)))).File("a", "x").End();
            case "long names":
                for (var i = 0; i < 500; i++)
                    tar.Pax(("path", $"{i}{new string('a', 240)}")).File("a", "");
                return tar.End();
            case "cut in a header":
                return ok[..300];
            case "cut in a file":
                return ok[..5000];
            case "cut gzip":
                return LayerBytes.Gzip(ok)[..5000];
            case "damaged gzip":
                return Damage(LayerBytes.Gzip(Numbers()));
            case "cut zstd":
                return LayerBytes.Zstd(ok)[..5000];
            case "damaged zstd":
                return [.. LayerBytes.Zstd(Numbers())[..6], .. Enumerable.Repeat((byte)0xFF, 100)];
            case "a broken sum":
                return tar.File("a", "1").Add("b", breakSum: true).End();
            case "a size beyond all":
                return tar.Add("a", size: "77777777777").End();
            case "headers without end":
                for (var i = 0; i < 20; i++)
                    tar.Pax(("path", "a"));
                return tar.File("a", "x").End();
            case "headers that are too long":
                return tar.Pax(("comment", new string('a', 1_100_000))).File("a", "x").End();
            case "a flood of headers":
                for (var i = 0; i < 8; i++)
                    tar.Pax(("comment", new string('a', 900_000))).File($"a{i}", "x");
                return tar.End();
            case "a header about nothing":
                return tar.Pax(("path", "a")).End();
            default:
                throw new InvalidOperationException(what);
        }
    }

    static byte[] Numbers() => new TarBytes().File("a", string.Concat(Enumerable.Range(0, 20_000).Select(i => $"{i} "))).End();

    static byte[] Damage(byte[] compressed)
    {
        for (var i = 1000; i < 1100; i++)
            compressed[i] ^= 0xA5;
        return compressed;
    }
}
