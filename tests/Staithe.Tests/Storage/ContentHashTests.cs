using Staithe.Oci;
using Staithe.Storage;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Storage;

public sealed class ContentHashTests
{
    public static TheoryData<string> Algorithms => ["sha256", "sha512"];

    [Theory, MemberData(nameof(Algorithms))]
    public void A_hash_handed_over_at_any_place_is_the_same(string name)
    {
        var algorithm = DigestAlgorithm.Find(name)!;
        var random = Seed.Random();
        for (var i = 0; i < 400; i++)
        {
            var content = random.Bytes(random.Next(random.Pick(2, 70, 140, 300, 5000)));
            var hash = ContentHash.Create(algorithm);
            for (var at = 0; at < content.Length;)
            {
                var length = random.Next(random.Pick(1, 64, 128, 1000) + 1);
                length = Math.Min(length, content.Length - at);
                hash.Append(content.AsSpan(at, length));
                at += length;
                hash = HandOver(algorithm, hash);
                Assert.Equal(at, hash.Length);
            }
            Assert.Equal(Registry.Digest(content, name), hash.Finish().Value);
            hash.Dispose();
        }
    }

    [Theory, MemberData(nameof(Algorithms))]
    public void Every_length_around_a_block_can_be_handed_over(string name)
    {
        var algorithm = DigestAlgorithm.Find(name)!;
        var content = Seed.Random().Bytes(300);
        for (var at = 0; at <= content.Length; at++)
        {
            var hash = ContentHash.Create(algorithm);
            hash.Append(content.AsSpan(0, at));
            hash = HandOver(algorithm, hash);
            hash.Append(content.AsSpan(at));
            Assert.Equal(Registry.Digest(content, name), hash.Finish().Value);
            hash.Dispose();
        }
    }

    [Theory, MemberData(nameof(Algorithms))]
    public void A_state_has_one_form(string name)
    {
        using var hash = ContentHash.Create(DigestAlgorithm.Find(name)!);
        hash.Append("staithe"u8);
        var state = hash.Export()!;
        Assert.Equal(name == "sha256" ? 104 : 208, state.Length);
        Assert.Equal(state, hash.Export());
        Assert.Equal(7, state[name == "sha256" ? 39 : 79]); // the count of bytes, big-endian
    }

    [Fact]
    public void A_state_of_another_place_or_shape_is_not_taken()
    {
        using var hash = ContentHash.Create(DigestAlgorithm.Sha256);
        hash.Append(new byte[100]);
        var state = hash.Export()!;
        Assert.NotNull(ContentHash.Import(DigestAlgorithm.Sha256, state, 100));
        Assert.Null(ContentHash.Import(DigestAlgorithm.Sha256, state, 99));
        Assert.Null(ContentHash.Import(DigestAlgorithm.Sha256, state, 0));
        Assert.Null(ContentHash.Import(DigestAlgorithm.Sha256, state[..^1], 100));
        Assert.Null(ContentHash.Import(DigestAlgorithm.Sha256, [], 0));
        Assert.Null(ContentHash.Import(DigestAlgorithm.Sha256, null, 0));
        Assert.Null(ContentHash.Import(DigestAlgorithm.Sha512, state, 100));
    }

    [Fact]
    public async Task A_blob_is_hashed_from_where_the_hash_stands()
    {
        using var directory = new TempDirectory();
        var content = Seed.Random().Bytes(700_000);
        await File.WriteAllBytesAsync(directory["file"], content, TestContext.Current.CancellationToken);
        using var blob = new FileBlob(File.OpenHandle(directory["file"]), BlobDisk.Real);
        using var hash = ContentHash.Create(DigestAlgorithm.Sha256);
        hash.Append(content.AsSpan(0, 300_001));
        await hash.AppendRestAsync(blob, TestContext.Current.CancellationToken);
        Assert.Equal(content.Length, hash.Length);
        Assert.Equal(Registry.Digest(content), hash.Finish().Value);
    }

    static ContentHash HandOver(DigestAlgorithm algorithm, ContentHash hash)
    {
        var (state, length) = (hash.Export(), hash.Length);
        hash.Dispose();
        return Assert.IsAssignableFrom<ContentHash>(ContentHash.Import(algorithm, state, length));
    }
}
