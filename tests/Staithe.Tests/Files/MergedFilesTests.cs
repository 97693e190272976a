using Staithe.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Files;

/// <summary>Layers one over the other give the files that whoever unpacks them gets.</summary>
public sealed class MergedFilesTests
{
    [Fact]
    public void What_a_layer_hides_is_gone_and_what_it_brings_stays()
    {
        using var bench = new LayerBench();
        using var image = bench.Image(
            new TarBytes().Directory("etc", mode: 0x1C0).File("etc/a", "1").File("etc/b", "1").Directory("opt").File("opt/x", "1").File("opt/y", "1").File("file", "1").Directory("dir").File("dir/z", "1").End(),
            new TarBytes().File("etc/.wh.a", "").File("etc/c", "2").File("opt/.wh..wh..opq", "").File("opt/new", "2").File(".wh.file", "").File(".wh.dir", "").End(),
            new TarBytes().File("file/now", "3").Directory("dir").File("dir/again", "3").End());
        Assert.Equal(["/dir", "/dir/again", "/etc", "/etc/b", "/etc/c", "/file", "/file/now", "/opt", "/opt/new"], LayerBench.Paths(image));
        Assert.Equal(0x1C0, image.Find("etc")!.Node.Mode); // the layers above have things in it and say nothing of it
        Assert.Equal((0, 1, 2), (image.Find("etc/b")!.Layer, image.Find("etc/c")!.Layer, image.Find("file/now")!.Layer));
        Assert.Null(image.Find("opt/x"));

        using var second = image.Only(1);
        Assert.Equal(["/dir", "/etc", "/etc/a", "/etc/c", "/file", "/opt", "/opt/new"], LayerBench.Paths(second));
        Assert.Equal(EntryType.Whiteout, second.Find("etc/a")!.Node.Type);
    }

    [Fact]
    public void A_layer_that_hides_a_directory_and_brings_it_again_starts_it_anew()
    {
        using var bench = new LayerBench();
        foreach (var first in (bool[])[true, false])
        {
            var above = new TarBytes();
            if (first)
                above.File(".wh.d", "");
            above.Directory("d").File("d/new", "2");
            if (!first)
                above.File(".wh.d", "");
            using var image = bench.Image(new TarBytes().Directory("d").File("d/old", "1").End(), above.End());
            Assert.Equal(["/d", "/d/new"], LayerBench.Paths(image));
        }
    }

    [Fact]
    public void A_file_over_a_directory_and_a_directory_over_a_file()
    {
        using var bench = new LayerBench();
        using var image = bench.Image(
            new TarBytes().Directory("a").File("a/b", "1").File("c", "1").End(),
            new TarBytes().File("a", "2").Directory("c").File("c/d", "2").End(),
            new TarBytes().Directory("a").File("a/e", "3").End());
        Assert.Equal(["/a", "/a/e", "/c", "/c/d"], LayerBench.Paths(image));
    }

    [Fact]
    public void Links_lead_to_places_inside()
    {
        using var bench = new LayerBench();
        using var image = bench.Image(
            new TarBytes().Directory("usr/bin").File("usr/bin/sh", "shell").Link("bin", "usr/bin").Link("usr/abs", "/etc").Link("up", "../../../usr").End(),
            new TarBytes().File("etc/name", "name").Link("loop", "/loop2").Link("loop2", "loop").Add("other", '1', link: "usr/bin/sh").End());
        Assert.Equal("shell", bench.Text(image, "/bin/sh"));
        Assert.Equal("name", bench.Text(image, "bin/../abs/name"));
        Assert.Equal("shell", bench.Text(image, "up/bin/sh"));
        Assert.Equal("shell", bench.Text(image, "other")); // the file is in another layer than its other name
        Assert.Null(image.Find("loop"));
        Assert.Null(image.Find("usr/bin/sh/x"));
        Assert.Equal(EntryType.SymbolicLink, image.Find("bin", follow: false)!.Node.Type);
        Assert.Equal("/", image.Find("")!.Path);
    }

    [Fact]
    public void An_image_without_layers_has_no_files()
    {
        using var image = new ImageFiles([]);
        Assert.Empty(LayerBench.Paths(image));
        Assert.Null(image.Find("etc"));
    }

    // A model that does with directories of this machine what those do who unpack layers.
    [Fact]
    public void Seeded_layers_give_what_a_model_gives()
    {
        var random = Seed.Random();
        for (var round = 0; round < 60; round++)
        {
            using var bench = new LayerBench();
            var model = new SortedDictionary<string, string?>(StringComparer.Ordinal);
            var layers = new List<byte[]>();
            for (var i = random.Next(1, 5); i > 0; i--)
                layers.Add(Layer(random, model));
            using var image = bench.Image([.. layers]);
            Assert.Equal(model.Keys, LayerBench.Paths(image));
            foreach (var (path, content) in model)
            {
                if (content is not null)
                    Assert.Equal(content, bench.Text(image, path));
            }
        }
    }

    // Null is a directory.
    static byte[] Layer(Random random, SortedDictionary<string, string?> model)
    {
        var tar = new TarBytes();
        var lower = model.Keys.ToList();
        var added = new HashSet<string>();
        foreach (var path in lower.Where(_ => random.Next(4) == 0))
        {
            tar.File($"{path[..path.LastIndexOf('/')]}/.wh.{path[(path.LastIndexOf('/') + 1)..]}"[1..], "");
            foreach (var gone in model.Keys.Where(other => (other + "/").StartsWith(path + "/", StringComparison.Ordinal)).ToList())
                model.Remove(gone);
            Implied(model, path[..path.LastIndexOf('/')]);
        }
        for (var i = random.Next(8); i > 0; i--)
        {
            var path = string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(_ => $"/{random.Pick("a", "b", "c")}"));
            if (!added.Add(path) || added.Any(other => other != path && ((other + "/").StartsWith(path + "/", StringComparison.Ordinal) || (path + "/").StartsWith(other + "/", StringComparison.Ordinal))))
                continue;
            foreach (var gone in model.Keys.Where(other => other.StartsWith(path + "/", StringComparison.Ordinal)).ToList())
                model.Remove(gone);
            Implied(model, path[..path.LastIndexOf('/')]);
            var content = $"{random.Next()}";
            tar.File(path[1..], content);
            model[path] = content;
        }
        return tar.End();
    }

    static void Implied(SortedDictionary<string, string?> model, string directory)
    {
        for (; directory.Length > 0; directory = directory[..directory.LastIndexOf('/')])
            model[directory] = null;
    }
}
