using System.Text;
using Staithe.Oci;

namespace Staithe.Tests.Oci;

/// <summary>What the histories of the builders that there are say of how an image was built.</summary>
public sealed class BuildFileTests
{
    const string Sum = "4f1d8a1b2c3d4e5f60718293a4b5c6d7e8f90123456789abcdef0123456789ab";

    [Theory]
    // the classic builder of Docker: what makes no layer stands behind #(nop)
    [InlineData(
        """{"created_by":"/bin/sh -c #(nop) ADD file:SUM in / "},{"created_by":"/bin/sh -c #(nop)  CMD [\"bash\"]","empty_layer":true},{"created_by":"/bin/sh -c apt-get update"},{"created_by":"|1 V=2 /bin/sh -c echo $V"}""",
        "# FROM: the image does not say what it is built on|ADD # from a file that the image does not name, to / {1}|CMD [\"serve\", \"--all\"]|RUN apt-get update {2}|RUN echo $V {3}")]
    // BuildKit
    [InlineData(
        """{"created_by":"COPY a /b # buildkit","comment":"buildkit.dockerfile.v0"},{"created_by":"ENV A=1","empty_layer":true},{"created_by":"RUN /bin/sh -c make # buildkit"},{"created_by":"CMD [\"serve\" \"--all\"]","empty_layer":true}""",
        "# FROM: the image does not say what it is built on|COPY a /b {1}|ENV A=1|RUN make {2}|CMD [\"serve\", \"--all\"]")]
    // Buildah in one layer: it hangs all that was made on the last row
    [InlineData(
        """{"created_by":"/bin/sh -c #(nop) COPY file:SUM in /etc/ ","empty_layer":true},{"created_by":"/bin/sh -c make","empty_layer":true},{"created_by":"/bin/sh -c #(nop) LABEL a=b"}""",
        "# FROM: the image does not say what it is built on|COPY # from a file that the image does not name, to /etc/|RUN make|LABEL a=b {1 with 2}")]
    [InlineData("""{"comment":"imported\nFROM evil"},{"created_by":"RUN x\nFROM evil"}""", "# FROM: the image does not say what it is built on|# imported FROM evil {1}|RUN x FROM evil {2}")]
    public void A_history_becomes_a_build_file(string history, string expected)
    {
        var config = Config($"{{\"config\":{{\"Cmd\":[\"serve\",\"--all\"]}},\"history\":[{history.Replace("SUM", Sum, StringComparison.Ordinal)}]}}");
        var layers = Enumerable.Range(1, 3).Select(size => new Descriptor("x", Digest.Parse($"sha256:{Sum}"), size)).ToList();
        var made = BuildFile.Reconstruct(config, layers);
        Assert.Equal(expected, string.Join('|', made.Lines.Select(line => line.Layer is null ? line.Text : $"{line.Text} {{{line.Layer.Size}{(line.Covers > 0 ? $" with {line.Covers}" : "")}}}")));
        Assert.DoesNotContain("\nFROM", made.Text, StringComparison.Ordinal); // nothing in a history begins a line of its own
        Assert.Equal(made.Lines.Count(line => line.Layer is not null) < 3, made.Note is not null);
    }

    [Fact]
    public void Without_a_history_the_config_tells_what_it_can()
    {
        var made = BuildFile.Reconstruct(
            Config("""{"config":{"Env":["A=b c"],"WorkingDir":"/srv","ExposedPorts":{"80/tcp":{}},"User":"1001","Entrypoint":["/a"],"Cmd":["\"b\""],"Labels":{"org.opencontainers.image.base.name":"docker.io/library/debian:12"}}}"""), []);
        Assert.Equal("FROM docker.io/library/debian:12\nENV A=\"b c\"\nWORKDIR /srv\nEXPOSE 80/tcp\nUSER 1001\nENTRYPOINT [\"/a\"]\nCMD [\"\\\"b\\\"\"]\n", made.Text);
        Assert.NotNull(made.Note);
    }

    [Theory]
    [InlineData("""{"predicate":{"metadata":{"https://mobyproject.org/buildkit@v1#metadata":{"source":{"infos":[{"filename":"Dockerfile","data":"DATA"}]}}}}}""", true)]
    [InlineData("""{"predicate":{"runDetails":{"metadata":{"buildkit_metadata":{"source":{"infos":[{"filename":"Dockerfile","data":"DATA"}]}}}}}}""", true)]
    [InlineData("""{"predicate":{"metadata":{"https://mobyproject.org/buildkit@v1#metadata":{"source":{"infos":[{"data":"no base64"}]}}}}}""", false)]
    [InlineData("""{"predicate":{"metadata":{"https://mobyproject.org/buildkit@v1#metadata":{"source":{"infos":[]}}}}}""", false)]
    [InlineData("""{"predicate":{"metadata":7}}""", false)]
    [InlineData("[]", false)]
    [InlineData("no JSON", false)]
    public void Provenance_may_hold_the_build_file(string statement, bool holds)
    {
        const string text = "FROM scratch\r\nCOPY a /b\n";
        var found = BuildFile.FromProvenance(Encoding.UTF8.GetBytes(statement.Replace("DATA", Convert.ToBase64String(Encoding.UTF8.GetBytes(text)), StringComparison.Ordinal)));
        Assert.Equal(holds ? text : null, found?.Text);
        Assert.Equal(holds ? ["FROM scratch", "COPY a /b", ""] : null, found?.Lines.Select(line => line.Text));
    }

    [Fact]
    public void What_is_no_text_is_no_build_file()
    {
        Assert.Null(BuildFile.Read(BuildFileSource.Attached, [0xff, 0xfe]));
        Assert.Null(BuildFile.Read(BuildFileSource.Attached, [.. "FROM a"u8, 0]));
        Assert.Null(BuildFile.Read(BuildFileSource.Attached, new byte[BuildFile.MaxBytes + 1]));
        Assert.NotNull(BuildFile.Read(BuildFileSource.Attached, "FROM a"u8.ToArray()));
    }

    static ImageConfig Config(string json) => ImageConfig.TryParse(Encoding.UTF8.GetBytes(json))!;
}
