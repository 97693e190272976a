using Staithe.Oci;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Oci;

public sealed class OciRouteTests
{
    const string Hex = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    const string Id = "7d5f9f0e-2b1c-4c55-9c0a-0123456789ab";

    /// <summary>Every word of the endpoints, and a few others.</summary>
    static readonly string[] Words = ["manifests", "blobs", "uploads", "tags", "list", "referrers", "catalog", "v2", "a", "b-c", "latest", "0"];

    [Fact]
    public void What_is_formatted_is_read_back_whatever_the_repository_is_called()
    {
        var random = Seed.Random();
        for (var i = 0; i < 20_000; i++)
        {
            var name = RepositoryName.Parse(string.Join('/', random.GetItems(Words, random.Next(1, 6))));
            var digest = DigestAlgorithm.Sha256.Digest(random.Bytes(4));
            var tag = TagName.Parse(random.Pick("latest", "list", "uploads", "manifests", "_catalog", "blobs"));
            var id = UploadId.Create();
            var (route, path) = random.Next(8) switch
            {
                0 => (new OciRoute.Manifest(name, Reference.To(tag)), $"/{name}/manifests/{tag}"),
                1 => (new OciRoute.Manifest(name, Reference.To(digest)), $"/{name}/manifests/{digest}"),
                2 => (new OciRoute.Blob(name, digest), $"/{name}/blobs/{digest}"),
                3 => (new OciRoute.UploadStart(name), $"/{name}/blobs/uploads/"),
                4 => (new OciRoute.UploadStart(name), $"/{name}/blobs/uploads"),
                5 => (new OciRoute.Upload(name, id), $"/{name}/blobs/uploads/{id}"),
                6 => (new OciRoute.TagList(name), $"/{name}/tags/list"),
                _ => ((OciRoute)new OciRoute.ReferrerList(name, digest), $"/{name}/referrers/{digest}"),
            };
            var parsed = OciRoute.Parse(random.Pick("GET", "PUT"), path);
            Assert.Equal(route, parsed);
            Assert.Equal(name, parsed.Repository);
            Assert.Equal(route, OciRoute.Parse("PUT", parsed.Path["/v2".Length..]));
            Assert.Contains(parsed.Kind, OciRoute.Kinds);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("/")]
    public void The_base_is_known(string path) => Assert.IsType<OciRoute.Base>(OciRoute.Parse("GET", path));

    [Fact]
    public void The_catalog_is_known()
    {
        Assert.IsType<OciRoute.RepositoryList>(OciRoute.Parse("GET", "/_catalog"));
        Assert.Null(OciRoute.Parse("GET", "/_catalog").Repository);
    }

    [Theory]
    [InlineData("/a/manifests/sha256%3A" + Hex)]
    [InlineData("/a/manifests/sha256%3a" + Hex)]
    public void A_colon_may_be_percent_encoded(string path) =>
        Assert.Equal(new OciRoute.Manifest(RepositoryName.Parse("a"), Reference.To(Digest.Parse("sha256:" + Hex))), OciRoute.Parse("GET", path));

    [Fact]
    public void A_referrer_list_may_be_of_a_digest_that_is_not_checked_here() =>
        Assert.IsType<OciRoute.ReferrerList>(OciRoute.Parse("GET", "/a/referrers/blake3:abc"));

    [Theory]
    [InlineData("/foo", "UNSUPPORTED", 404)]
    [InlineData("/manifests/latest", "UNSUPPORTED", 404)]
    [InlineData("/tags/list", "UNSUPPORTED", 404)]
    [InlineData("/blobs/uploads/", "UNSUPPORTED", 404)]
    [InlineData("/a/tags", "UNSUPPORTED", 404)]
    [InlineData("/a/tags/list/", "UNSUPPORTED", 404)]
    [InlineData("/a/manifests/latest/", "UNSUPPORTED", 404)]
    [InlineData("/_catalog/", "UNSUPPORTED", 404)]
    [InlineData("//", "UNSUPPORTED", 404)]
    [InlineData("/a/manifests/", "MANIFEST_UNKNOWN", 404)]
    [InlineData("/a/manifests/.hidden", "MANIFEST_UNKNOWN", 404)]
    [InlineData("/a/manifests/a%2fb", "MANIFEST_UNKNOWN", 404)]
    [InlineData("/a/manifests/a%0d%0aX:y", "DIGEST_INVALID", 400)]
    [InlineData("/a/manifests/a%00", "MANIFEST_UNKNOWN", 404)]
    [InlineData("/a/manifests/sha256:abc", "DIGEST_INVALID", 400)]
    [InlineData("/a/manifests/md5:abc", "DIGEST_INVALID", 400)]
    [InlineData("/a/blobs/", "DIGEST_INVALID", 400)]
    [InlineData("/a/blobs/latest", "DIGEST_INVALID", 400)]
    [InlineData("/a/referrers/latest", "DIGEST_INVALID", 400)]
    [InlineData("/a/blobs/uploads/x", "BLOB_UPLOAD_UNKNOWN", 404)]
    [InlineData("/a/blobs/uploads/7D5F9F0E-2B1C-4C55-9C0A-0123456789AB", "BLOB_UPLOAD_UNKNOWN", 404)]
    [InlineData("/a/blobs/uploads/{7d5f9f0e-2b1c-4c55-9c0a-0123456789ab}", "BLOB_UPLOAD_UNKNOWN", 404)]
    [InlineData("/A/tags/list", "NAME_INVALID", 400)]
    [InlineData("//tags/list", "NAME_INVALID", 400)]
    [InlineData("/a//b/tags/list", "NAME_INVALID", 400)]
    [InlineData("/../tags/list", "NAME_INVALID", 400)]
    [InlineData("/a/../b/tags/list", "NAME_INVALID", 400)]
    [InlineData("/%2e%2e/tags/list", "NAME_INVALID", 400)]
    [InlineData("/a%2fb/tags/list", "NAME_INVALID", 400)]
    [InlineData("/a%2Fb/tags/list", "NAME_INVALID", 400)]
    [InlineData("/a%252fb/tags/list", "NAME_INVALID", 400)]
    [InlineData("/a%00/tags/list", "NAME_INVALID", 400)]
    [InlineData("/a%/tags/list", "NAME_INVALID", 400)]
    [InlineData("/%ff/tags/list", "NAME_INVALID", 400)]
    public void Other_paths_are_refused(string path, string code, int status) =>
        Assert.Equal(new OciError(code, status), Assert.Throws<OciException>(() => OciRoute.Parse("GET", path)).Error);

    [Fact]
    public void A_tag_that_is_none_cannot_be_set() =>
        Assert.Equal(OciError.ManifestInvalid, Assert.Throws<OciException>(() => OciRoute.Parse("PUT", "/a/manifests/.hidden")).Error);

    [Fact]
    public void An_upload_is_known_by_its_id()
    {
        Assert.IsType<OciRoute.Upload>(OciRoute.Parse("PATCH", $"/a/blobs/uploads/{Id}"));
        Assert.True(UploadId.TryParse(UploadId.Create().Value, out _));
        Assert.NotEqual(UploadId.Create(), UploadId.Create());
    }

    [Fact]
    public void Long_and_mad_paths_are_refused_and_nothing_else()
    {
        var random = Seed.Random();
        Assert.Throws<OciException>(() => OciRoute.Parse("GET", $"/{string.Join('/', Enumerable.Repeat("a", 100_000))}/tags/list"));
        for (var i = 0; i < 50_000; i++)
        {
            var path = "/" + random.Text(8, "a", "manifests", "/", "/", "blobs", "uploads", "tags", "list", "%2f", "%00", "%", "%zz", "..", ":", "sha256:", Hex, Id, "é", "\u0000", "referrers", "_catalog");
            try
            {
                OciRoute.Parse(random.Pick("GET", "PUT"), path);
            }
            catch (OciException e)
            {
                Assert.InRange(e.Error.Status, 400, 404);
                Assert.DoesNotContain(e.Message, char.IsControl);
            }
        }
    }
}
