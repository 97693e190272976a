using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Staithe.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Files;

/// <summary>What is in a layer is what was packed into it, however it is compressed, and can be read from any place.</summary>
public sealed class LayerTests
{
    [Theory]
    [InlineData("tar")]
    [InlineData("gzip")]
    [InlineData("gzip of members")]
    [InlineData("zstd")]
    [InlineData("zstd of frames")]
    public void Every_file_comes_back_from_any_place_in_it(string format)
    {
        using var bench = new LayerBench();
        var random = Seed.Random();
        var files = Enumerable.Range(0, 60).ToDictionary(i => $"dir{i % 7}/file{i}", i => Content(random, i == 30 ? 12_000_000 : random.Next(600_000)));
        var archive = Archive(files);
        var layer = bench.Index(Compress(format, archive));
        using var image = new ImageFiles([layer]);
        Assert.Equal(files.Keys.Concat(Enumerable.Range(0, 7).Select(i => $"dir{i}")).Select(name => $"/{name}").Order(StringComparer.Ordinal), LayerBench.Paths(image));

        using var reader = new LayerReader(image, bench.Storage);
        foreach (var (name, content) in files.OrderBy(_ => random.Next()))
        {
            var entry = image.Find(name)!;
            Assert.Equal($"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}", entry.Digest);
            var offset = random.Next(content.Length + 1);
            var part = new byte[random.Next(content.Length - offset + 1)];
            reader.Read(entry, offset, part);
            Assert.True(part.AsSpan().SequenceEqual(content.AsSpan(offset, part.Length)), $"{name} from {offset}");
        }
        // The checkpoints are what makes that fast; without them it would work too.
        var places = Enumerable.Range(0, archive.Length / (1 << 20)).Select(i => layer.Listing.FindCheckpoint((long)i << 20).Out).Distinct().Count();
        Assert.True(format is "tar" or "zstd" ? places == 1 : places > 3, $"{places} places to read on from");
    }

    [Fact]
    public void An_entry_has_all_that_its_header_says()
    {
        using var bench = new LayerBench();
        using var stream = new MemoryStream();
        using (var writer = new TarWriter(stream, TarEntryFormat.Pax, leaveOpen: true))
        {
            var time = DateTimeOffset.FromUnixTimeSeconds(1_600_000_000);
            writer.WriteEntry(new PaxTarEntry(System.Formats.Tar.TarEntryType.RegularFile, $"{new string('d', 120)}/{new string('f', 200)}") { DataStream = new MemoryStream("x"u8.ToArray()), Mode = (UnixFileMode)0x9ED, Uid = 3_000_000, Gid = 7, ModificationTime = time });
            writer.WriteEntry(new PaxTarEntry(System.Formats.Tar.TarEntryType.SymbolicLink, "link") { LinkName = $"/{new string('l', 150)}" });
            writer.WriteEntry(new PaxTarEntry(System.Formats.Tar.TarEntryType.Fifo, "fifo"));
            writer.WriteEntry(new PaxTarEntry(System.Formats.Tar.TarEntryType.CharacterDevice, "null"));
            writer.WriteEntry(new PaxTarEntry(System.Formats.Tar.TarEntryType.RegularFile, "grüße/日本") { DataStream = new MemoryStream("y"u8.ToArray()) });
        }
        using var image = bench.Image(stream.ToArray());
        var file = image.Find($"{new string('d', 120)}/{new string('f', 200)}")!;
        Assert.Equal((0x9ED, 3_000_000L, 7L, 1_600_000_000L, 1L), (file.Node.Mode, file.Node.UserId, file.Node.GroupId, file.Node.Modified, file.Node.Size));
        Assert.Equal($"/{new string('l', 150)}", image.Find("link", follow: false)!.Link);
        Assert.Equal(EntryType.Fifo, image.Find("fifo")!.Node.Type);
        Assert.Equal(EntryType.CharacterDevice, image.Find("null")!.Node.Type);
        Assert.Equal("y", bench.Text(image, "grüße/日本"));
    }

    [Fact]
    public void Names_of_GNU_and_large_numbers_are_read()
    {
        using var bench = new LayerBench();
        var name = $"{new string('a', 150)}/{new string('b', 150)}";
        var archive = new TarBytes()
            .Add("././@LongLink", 'L', Encoding.UTF8.GetBytes(name + "\0"), magic: "ustar ")
            .Add("cut", content: "long"u8.ToArray(), magic: "ustar ")
            .Add("././@LongLink", 'K', Encoding.UTF8.GetBytes(name + "\0"), magic: "ustar ")
            .Add("other", '1', link: "cut", magic: "ustar ")
            .Add("unknown", 'V')
            .End();
        using var image = bench.Image(archive);
        Assert.Equal("long", bench.Text(image, name));
        Assert.Equal("long", bench.Text(image, "other"));
        Assert.Null(image.Find("unknown"));
    }

    [Fact]
    public void Another_name_of_a_file_is_that_file_as_it_was_then()
    {
        using var bench = new LayerBench();
        using var image = bench.Image(new TarBytes().File("a", "first").Add("b", '1', link: "a").File("a", "second").Add("c", '1', link: "./a").End());
        Assert.Equal("second", bench.Text(image, "a"));
        Assert.Equal("first", bench.Text(image, "b"));
        Assert.Equal("second", bench.Text(image, "c"));
    }

    [Fact]
    public void What_comes_later_stands()
    {
        using var bench = new LayerBench();
        using var image = bench.Image(new TarBytes()
            .File("a", "1").Directory("a").File("a/b", "2")
            .Directory("c").File("c/d", "3").Add("c", content: "4"u8.ToArray())
            .Directory("e/f").File("e/f/g", "5").Directory("e", mode: 0x1C0)
            .End());
        Assert.Equal(["/a", "/a/b", "/c", "/e", "/e/f", "/e/f/g"], LayerBench.Paths(image));
        Assert.Equal("4", bench.Text(image, "c"));
        Assert.Equal(0x1C0, image.Find("e")!.Node.Mode);
    }

    // As those see it who unpack: below the root, a link on the way is a way.
    [Fact]
    public void An_entry_behind_a_link_lands_where_the_link_leads_inside()
    {
        using var bench = new LayerBench();
        using var image = bench.Image(new TarBytes()
            .Directory("usr/lib").Link("lib", "usr/lib").File("lib/a", "1")
            .Link("out", "../../../../etc").File("out/passwd", "2")
            .Link("abs", "/srv/x").File("abs/y", "3")
            .End());
        Assert.Equal("1", bench.Text(image, "usr/lib/a"));
        Assert.Equal("2", bench.Text(image, "etc/passwd"));
        Assert.Equal("3", bench.Text(image, "srv/x/y"));
    }

    [Fact]
    public void A_sparse_file_has_its_size_and_no_content()
    {
        using var bench = new LayerBench();
        var archive = new TarBytes()
            .Pax(("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "big"), ("GNU.sparse.realsize", "1099511627776"))
            .Add("GNUSparseFile.0/big", content: new byte[512])
            .File("after", "x")
            .End();
        using var image = bench.Image(archive);
        var big = image.Find("big")!;
        Assert.Equal((1L << 40, NodeFlags.Sparse), (big.Node.Size, big.Node.Flags));
        using var reader = new LayerReader(image, bench.Storage);
        Assert.Null(reader.ReadAll(big, int.MaxValue));
        Assert.Equal("x", bench.Text(image, "after"));
    }

    [Fact]
    public void A_listing_that_is_not_whole_is_none()
    {
        using var bench = new LayerBench();
        var layer = bench.Index(new TarBytes().File("a", "1").End());
        layer.Listing.Dispose();
        var path = bench.Files.PathOf(layer.Digest);
        var bytes = File.ReadAllBytes(path);
        foreach (var length in (int[])[0, 10, 64, bytes.Length / 2, bytes.Length - 1])
        {
            File.WriteAllBytes(path, bytes[..length]);
            Assert.False(bench.Files.Has(layer.Digest));
        }
        File.WriteAllBytes(path, bytes);
        Assert.True(bench.Files.Has(layer.Digest));
    }

    static byte[] Content(Random random, int length)
    {
        // Something that compresses about as well as programs do.
        var content = random.Bytes(length);
        for (var i = 0; i < length; i += 3)
            content[i] = 0;
        return content;
    }

    static byte[] Archive(Dictionary<string, byte[]> files)
    {
        using var stream = new MemoryStream();
        using (var writer = new TarWriter(stream, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var (name, content) in files)
                writer.WriteEntry(new UstarTarEntry(System.Formats.Tar.TarEntryType.RegularFile, name) { DataStream = new MemoryStream(content) });
        }
        return stream.ToArray();
    }

    static byte[] Compress(string format, byte[] archive) => format switch
    {
        "tar" => archive,
        "gzip" => LayerBytes.Gzip(archive),
        "gzip of members" => [.. archive.Chunk(700_001).SelectMany(part => LayerBytes.Gzip(part, CompressionLevel.Fastest))],
        "zstd" => LayerBytes.Zstd(archive),
        _ => LayerBytes.Zstd([.. archive.Chunk(700_001)]),
    };
}
