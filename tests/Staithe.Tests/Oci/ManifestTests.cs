using System.Text;
using Staithe.Oci;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Oci;

public sealed class ManifestTests
{
    const string Hex = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const string Config = $$"""{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:{{Hex}}","size":2}""";
    const string Layer = $$"""{"mediaType":"application/vnd.oci.image.layer.v1.tar+gzip","digest":"sha512:{{Hex}}{{Hex}}","size":3}""";
    const string Child = $$"""{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:{{Hex}}","size":4,"platform":{"os":"linux","architecture":"arm64"} }""";
    const string Image = $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}","config":{{Config}},"layers":[{{Layer}},{{Layer}}]}""";
    const string Index = $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciIndex}}","manifests":[{{Child}}]}""";

    [Fact]
    public void An_image_names_config_and_layers()
    {
        var manifest = Parse(Image, MediaTypes.OciManifest);
        Assert.Equal(MediaTypes.OciManifest, manifest.MediaType);
        Assert.Equal([("application/vnd.oci.image.config.v1+json", 2L), ("application/vnd.oci.image.layer.v1.tar+gzip", 3L), ("application/vnd.oci.image.layer.v1.tar+gzip", 3L)], manifest.Blobs.Select(blob => (blob.MediaType, blob.Size)));
        Assert.Equal(Digest.Parse($"sha512:{Hex}{Hex}"), manifest.Blobs[1].Digest);
        Assert.Empty(manifest.Children);
        Assert.Equal((null, "application/vnd.oci.image.config.v1+json", null), (manifest.Subject, manifest.ArtifactType, manifest.AnnotationsJson));
    }

    [Fact]
    public void An_index_names_manifests()
    {
        var manifest = Parse(Index, MediaTypes.OciIndex);
        Assert.Equal((MediaTypes.OciManifest, Digest.Parse($"sha256:{Hex}"), 4L), (manifest.Children.Single().MediaType, manifest.Children[0].Digest, manifest.Children[0].Size));
        Assert.Empty(manifest.Blobs);
        Assert.Null(manifest.ArtifactType);
    }

    [Fact]
    public void A_referrer_has_a_subject_a_type_and_annotations()
    {
        var manifest = Parse($$"""{"schemaVersion":2,"config":{{Config}},"layers":[],"subject":{{Child}},"artifactType":"application/x","annotations":{"a":"1","b":""} }""", MediaTypes.OciManifest);
        Assert.Equal(Digest.Parse($"sha256:{Hex}"), manifest.Subject!.Digest);
        Assert.Equal("application/x", manifest.ArtifactType);
        Assert.Equal("""{"a":"1","b":""}""", manifest.AnnotationsJson);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("\"\"")]
    public void An_empty_artifact_type_is_none(string artifactType)
    {
        Assert.Equal("application/vnd.oci.image.config.v1+json", Parse($$"""{"schemaVersion":2,"config":{{Config}},"layers":[],"artifactType":{{artifactType}} }""", MediaTypes.OciManifest).ArtifactType);
        Assert.Null(Parse($$"""{"schemaVersion":2,"manifests":[],"artifactType":{{artifactType}} }""", MediaTypes.OciIndex).ArtifactType);
    }

    [Theory]
    [InlineData(MediaTypes.OciManifest, MediaTypes.OciManifest)]
    [InlineData(MediaTypes.OciManifest + "; charset=utf-8", MediaTypes.OciManifest)]
    [InlineData("Application/Vnd.Oci.Image.Manifest.V1+Json", MediaTypes.OciManifest)]
    [InlineData(MediaTypes.DockerManifest, MediaTypes.DockerManifest)]
    [InlineData(null, MediaTypes.OciManifest)]
    [InlineData("", MediaTypes.OciManifest)]
    [InlineData("application/json", MediaTypes.OciManifest)]
    [InlineData("text/plain; charset=utf-8", MediaTypes.OciManifest)]
    [InlineData("no type", MediaTypes.OciManifest)]
    public void The_content_type_says_what_it_is_where_the_manifest_does_not(string? contentType, string expected) =>
        Assert.Equal(expected, Parse($$"""{"schemaVersion":2,"config":{{Config}},"layers":[{{Layer}}]}""", contentType).MediaType);

    [Theory]
    [InlineData(Image, null, MediaTypes.OciManifest)]
    [InlineData(Index, null, MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"manifests":[]}""", null, MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"manifests":null}""", null, MediaTypes.OciIndex)]
    [InlineData($$"""{"schemaVersion":2,"manifests":null,"config":{{Config}},"layers":null}""", null, MediaTypes.OciManifest)]
    [InlineData(Image, "application/json", MediaTypes.OciManifest)]
    [InlineData(Index, "text/html", MediaTypes.OciIndex)]
    public void The_manifest_says_what_it_is_where_the_content_type_does_not(string json, string? contentType, string expected) =>
        Assert.Equal(expected, Parse(json, contentType).MediaType);

    [Fact]
    public void Of_an_unknown_type_the_same_members_are_read_where_they_look_the_same()
    {
        var manifest = Parse($$"""{"mediaType":"application/x","config":{{Config}},"layers":[{{Layer}},7],"blobs":[{{Layer}}],"manifests":{"no":1},"subject":"no","annotations":[1],"artifactType":3}""", "application/x");
        Assert.Equal(3, manifest.Blobs.Count);
        Assert.Empty(manifest.Children);
        Assert.Equal((null, null), (manifest.Subject, manifest.AnnotationsJson));
    }

    [Theory]
    [InlineData("""{"schemaVersion":2,"manifests":[],"unknown":{"deep":[1,2,{"x":null}]}}""")]
    [InlineData("""{"schemaVersion":2,"manifests":[],"annotations":{}}""")]
    [InlineData("""{"schemaVersion":2,"manifests":[],"annotations":null,"subject":null}""")]
    public void What_it_does_not_know_it_lets_be(string json) => Assert.Equal(MediaTypes.OciIndex, Parse(json, MediaTypes.OciIndex).MediaType);

    [Theory]
    [InlineData("", null)]
    [InlineData("[]", null)]
    [InlineData("7", MediaTypes.OciManifest)]
    [InlineData("null", MediaTypes.OciManifest)]
    [InlineData("{", MediaTypes.OciManifest)]
    [InlineData("{} {}", MediaTypes.OciManifest)]
    [InlineData("{}", null)]
    [InlineData("""{"a":1}""", MediaTypes.OciManifest)]
    [InlineData("""{"schemaVersion":1,"fsLayers":[]}""", null)]
    [InlineData("""{"schemaVersion":2,"manifests":[]}""", "application/vnd.docker.distribution.manifest.v1+prettyjws")]
    [InlineData("""{"schemaVersion":2,"mediaType":"application/vnd.docker.distribution.manifest.v1+json"}""", null)]
    [InlineData("""{"schemaVersion":2,"mediaType":7,"manifests":[]}""", null)]
    [InlineData("""{"schemaVersion":2,"mediaType":"","manifests":[]}""", null)]
    [InlineData("""{"schemaVersion":2,"mediaType":"no type","manifests":[]}""", null)]
    [InlineData("""{"schemaVersion":2,"mediaType":"a/b\r\nX-Evil: 1","manifests":[]}""", null)]
    [InlineData("""{"schemaVersion":2,"mediaType":"a/\u00e9","manifests":[]}""", null)]
    [InlineData("""{"schemaVersion":2,"mediaType":"a/\u0000","manifests":[]}""", null)]
    [InlineData("""{"schemaVersion":2,"mediaType":"a/\ud800","manifests":[]}""", null)]
    [InlineData("""{"schemaVersion":2,"x":[]}""", "a b/c")]
    [InlineData("""{"schemaVersion":2,"x":[]}""", ";")]
    [InlineData("""{"schemaVersion":2,"manifests":[]}""", "a/b")]
    [InlineData("""{"schemaVersion":2,"manifests":[]}""", "image/svg+xml")]
    [InlineData("""{"schemaVersion":2,"mediaType":"text/html","manifests":[]}""", null)]
    [InlineData("""{"schemaVersion":2,"mediaType":"application/vnd.oci.image.Index.v1+json","manifests":[]}""", null)]
    [InlineData("""{"schemaVersion":2,"MediaType":"application/x","manifests":[]}""", MediaTypes.OciIndex)]
    [InlineData("""{"MediaType":"application/x"}""", "application/vnd.foo+json")]
    [InlineData("""{"schemaVersion":2,"manifests":[],"Manifests":[]}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"manifests":[],"\u006c\u0061yer\u017f":[]}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"manifests":[],"LAYERS":[]}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"manifests":[],"layers":[]}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"manifests":[],"config":{}}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"manifests":[],"fsLayers":[]}""", MediaTypes.OciIndex)]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"layers":[],"manifests":[]}""", MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"layers":[],"history":[]}""", MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"layers":[],"manifests":[]}""", null)]
    [InlineData($$"""{"config":{{Config}},"manifests":[{{Child}}]}""", "application/vnd.foo+json")]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}},"layers":[{{Child}}]}""", MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"config":{{Child}},"layers":[]}""", MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"layers":[],"config":{"mediaType":"a/b","Digest":"sha256:0","digest":"sha256:{{Hex}}","size":2} }""", MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"layers":[],"config":{"mediaType":"a/b","digest":"sha256:{{Hex}}","size":2,"\u017fize":3} }""", MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"manifests":[{"mediaType":"a/b","digest":"sha256:{{Hex}}","size":2,"platform":{"os":"linux","OS":"windows","architecture":"arm64"} }]}""", MediaTypes.OciIndex)]
    [InlineData($$"""{"schemaVersion":2,"layers":[],"config":{"mediaType":"a/b","digest":"sha256:{{Hex}}","size":2,"size":3} }""", MediaTypes.OciManifest)]
    [InlineData("""{"schemaVersion":2,"manifests":[],"artifactType":"no type"}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":3,"manifests":[]}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":"2","manifests":[]}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2.5,"manifests":[]}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":99999999999999999999,"manifests":[]}""", MediaTypes.OciIndex)]
    [InlineData("""{"manifests":[]}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"manifests":{}}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"manifests":[7]}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"manifests":[{}]}""", MediaTypes.OciIndex)]
    [InlineData(Image, MediaTypes.OciIndex)]
    [InlineData(Image, "application/vnd.other+json")]
    [InlineData("""{"schemaVersion":2,"layers":[]}""", MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"config":{{Config}} }""", MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"layers":[],"config":{"digest":"sha256:{{Hex}}","size":2} }""", MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"layers":[],"config":{"mediaType":"","digest":"sha256:{{Hex}}","size":2} }""", MediaTypes.OciManifest)]
    [InlineData("""{"schemaVersion":2,"layers":[],"config":{"mediaType":"a/b","digest":"sha256:x","size":2}}""", MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"layers":[],"config":{"mediaType":"a/b","digest":"sha256:{{Hex}}","size":-1} }""", MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"layers":[],"config":{"mediaType":"a/b","digest":"sha256:{{Hex}}","size":1.5} }""", MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"layers":[],"config":{"mediaType":"a/b","digest":"sha256:{{Hex}}","size":99999999999999999999} }""", MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"layers":[],"config":{"mediaType":"a/b","digest":"sha256:{{Hex}}"} }""", MediaTypes.OciManifest)]
    [InlineData($$"""{"schemaVersion":2,"layers":[],"config":{"mediaType":"a/b\u0000","digest":"sha256:{{Hex}}","size":2} }""", MediaTypes.OciManifest)]
    [InlineData("""{"schemaVersion":2,"manifests":[],"subject":{}}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"manifests":[],"artifactType":7}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"manifests":[],"artifactType":"a/\u0000"}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"manifests":[],"artifactType":"a/\ud800"}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"manifests":[],"annotations":[]}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"manifests":[],"annotations":{"a":1}}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"schemaVersion":2,"manifests":[]}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"manifests":[],"x":{"y":1,"y":2}}""", MediaTypes.OciIndex)]
    [InlineData("""{"schemaVersion":2,"manifests":[],"\u006danifests":[]}""", MediaTypes.OciIndex)]
    public void What_is_no_manifest_is_refused(string json, string? contentType)
    {
        var refusal = Assert.Throws<OciException>(() => Parse(json, contentType));
        Assert.Equal(OciError.ManifestInvalid, refusal.Error);
        Assert.DoesNotContain(refusal.Message, char.IsControl);
    }

    [Theory]
    [InlineData("eA==", "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881", 1, true)]
    [InlineData("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0, true)]
    [InlineData("eQ==", "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881", 1, false)]
    [InlineData("eA==", "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881", 2, false)]
    [InlineData("not base64", "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881", 1, false)]
    public void Embedded_data_must_be_what_the_descriptor_says(string data, string hex, int size, bool valid)
    {
        var json = $$"""{"schemaVersion":2,"layers":[],"config":{"mediaType":"application/x","digest":"sha256:{{hex}}","size":{{size}},"data":"{{data}}"} }""";
        if (valid)
            Assert.Single(Parse(json, MediaTypes.OciManifest).Blobs);
        else
            Assert.Throws<OciException>(() => Parse(json, MediaTypes.OciManifest));
    }

    [Theory]
    [InlineData(60, true)]
    [InlineData(65, false)]
    [InlineData(1_000_000, false)]
    public void Depth_has_a_limit(int depth, bool valid)
    {
        var json = $$"""{"schemaVersion":2,"manifests":[],"x":{{new string('[', depth)}}{{new string(']', depth)}} }""";
        if (valid)
            Parse(json, MediaTypes.OciIndex);
        else
            Assert.Throws<OciException>(() => Parse(json, MediaTypes.OciIndex));
    }

    [Fact]
    public void A_manifest_may_be_as_large_as_the_limit()
    {
        var children = string.Join(',', Enumerable.Repeat(Child, 20_000));
        Assert.Equal(20_000, Parse($$"""{"schemaVersion":2,"manifests":[{{children}}]}""", MediaTypes.OciIndex).Children.Count);
        var keys = string.Join(',', Enumerable.Range(0, 200_000).Select(i => $"\"k{i}\":\"\""));
        Assert.NotNull(Parse($$"""{"schemaVersion":2,"manifests":[],"annotations":{ {{keys}} } }""", MediaTypes.OciIndex).AnnotationsJson);
    }

    // Bytes changed, cut out, doubled, and text that means trouble put in: whatever comes of it is read or refused.
    [Fact]
    public void Mutations_are_read_or_refused()
    {
        var random = Seed.Random();
        string[] seeds =
        [
            Image, Index,
            $$"""{"schemaVersion":2,"mediaType":"{{MediaTypes.OciManifest}}","artifactType":"application/x","config":{{Config}},"layers":[],"subject":{{Child}},"annotations":{"a":"b"} }""",
            $$"""{"mediaType":"application/x","blobs":[{{Layer}}],"subject":{{Child}},"annotations":{"a":"b"} }""",
        ];
        byte[][] trouble = [.. new[] { "\\ud800", "\\u0000", "\\u", "\"", "{", "}", "[", "]", ",", ":", "null", "-1", "1e999", "9999999999999999999999", "\\r\\n", "//", "\u00e9" }.Select(Encoding.UTF8.GetBytes), [0xff], [0xc3], [0xed, 0xa0, 0x80], [0]];
        for (var i = 0; i < 30_000; i++)
        {
            var content = Encoding.UTF8.GetBytes(random.Pick<string>(seeds)).ToList();
            for (var changes = random.Next(1, 4); changes > 0; changes--)
                Change(random, content, trouble);
            var contentType = random.Pick(null, MediaTypes.OciManifest, MediaTypes.OciIndex, "application/x");
            try
            {
                Manifest.ParsePushed(content.ToArray(), contentType);
            }
            catch (OciException e)
            {
                Assert.Equal(OciError.ManifestInvalid, e.Error);
            }
            catch (Exception e)
            {
                Assert.Fail($"{e.GetType().Name} ({e.Message}) for {contentType}: {Encoding.Latin1.GetString([.. content])}");
            }
        }
    }

    static void Change(Random random, List<byte> content, byte[][] trouble)
    {
        var at = random.Next(content.Count);
        var length = random.Next(Math.Min(20, content.Count - at));
        switch (random.Next(4))
        {
            case 0:
                content[at] = (byte)random.Next(256);
                break;
            case 1:
                content.RemoveRange(at, length);
                break;
            case 2:
                content.InsertRange(at, content.GetRange(at, length));
                break;
            default:
                content.InsertRange(at, random.Pick<byte[]>(trouble));
                break;
        }
    }

    static Manifest Parse(string json, string? contentType) => Manifest.ParsePushed(Encoding.UTF8.GetBytes(json), contentType);
}
