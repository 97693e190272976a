using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Staithe.Oci;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Oci;

public sealed partial class DigestTests
{
    const string Hex64 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Theory]
    [InlineData("sha256:" + Hex64, true)]
    [InlineData("sha512:" + Hex64 + Hex64, true)]
    [InlineData("blake3:" + Hex64, true)]
    [InlineData("multihash+base58:QmRZxt2b1FVZPNqd8hsiykDL3TdBDeTSPX9Kv46HmX4Gx8", true)]
    [InlineData("a.b_c-d+e:Zz09=_-", true)]
    [InlineData("sha256:" + Hex64 + "0", false)]
    [InlineData("sha256:0123", false)]
    [InlineData("sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", false)]
    [InlineData("sha256:g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", false)]
    [InlineData("sha512:" + Hex64, false)]
    [InlineData("SHA256:" + Hex64, false)]
    [InlineData("sha256-" + Hex64, false)]
    [InlineData("sha256:", false)]
    [InlineData(":" + Hex64, false)]
    [InlineData(":", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    [InlineData("a++b:c", false)]
    [InlineData("+a:c", false)]
    [InlineData("a+:c", false)]
    [InlineData("a:b:c", false)]
    [InlineData("a:b/c", false)]
    [InlineData("a:b\n", false)]
    [InlineData("sha256:" + Hex64 + "\n", false)]
    public void The_grammar_holds(string? text, bool valid)
    {
        Assert.Equal(valid, Digest.TryParse(text, out var digest));
        Assert.Equal(valid ? text : null, digest?.ToString());
        if (!valid)
            Assert.Equal(OciError.DigestInvalid, Assert.Throws<OciException>(() => Digest.Parse(text)).Error);
    }

    [Fact]
    public void The_grammar_is_the_one_of_the_image_spec()
    {
        var random = Seed.Random();
        for (var i = 0; i < 100_000; i++)
        {
            var text = random.Text(10, "a", "z9", "sha256", "sha512", ":", ":", "+", ".", "_", "-", "=", "A", "/", "é", Hex64);
            var expected = text.Length <= Digest.MaxLength && Grammar().IsMatch(text)
                && (!text.StartsWith("sha256:", StringComparison.Ordinal) || Sha256().IsMatch(text))
                && (!text.StartsWith("sha512:", StringComparison.Ordinal) || Sha512().IsMatch(text));
            Assert.True(expected == Digest.TryParse(text, out var digest), text);
            if (digest is not null)
                Assert.Equal(text, $"{digest.AlgorithmName}:{digest.Encoded}");
        }
    }

    [Theory]
    [InlineData("blake3:" + Hex64)]
    [InlineData("md5:0123456789abcdef0123456789abcdef")]
    [InlineData("sha384:" + Hex64)]
    public void Content_cannot_be_asked_for_under_an_algorithm_that_is_not_checked_here(string text)
    {
        Assert.Null(Digest.Parse(text).Algorithm);
        Assert.Equal(OciError.DigestInvalid, Assert.Throws<OciException>(() => Digest.ParseSupported(text)).Error);
    }

    [Fact]
    public void A_hash_becomes_its_digest()
    {
        var random = Seed.Random();
        for (var length = 0; length < 300; length++)
        {
            var content = random.Bytes(length);
            var (sha256, sha512) = (DigestAlgorithm.Sha256.Digest(content), DigestAlgorithm.Sha512.Digest(content));
            Assert.Equal($"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}", sha256.Value);
            Assert.Equal($"sha512:{Convert.ToHexStringLower(SHA512.HashData(content))}", sha512.Value);
            Assert.Equal(sha256, Digest.ParseSupported(sha256.Value));
            Assert.Equal(sha512, Digest.ParseSupported(sha512.Value));
            Assert.Equal(sha256.GetHashCode(), Digest.Parse(sha256.Value).GetHashCode());
            Assert.NotEqual(sha256, sha512);
        }
    }

    [Theory]
    [InlineData("sha256:" + Hex64, "sha256-" + Hex64)]
    [InlineData("sha512:" + Hex64 + Hex64, "sha512-" + Hex64)]
    [InlineData("a+b:c=d", "a-b-c-d")]
    [InlineData("test+algorithm+using+algorithm+separators:x", "test-algorithm-using-algorithm-s-x")]
    public void The_referrers_tag_is_that_of_the_tag_schema(string digest, string tag)
    {
        Assert.Equal(tag, Digest.Parse(digest).ReferrersTag);
        Assert.True(TagName.TryParse(tag, out _));
    }

    [Theory]
    [InlineData("sha256", true)]
    [InlineData("sha512", true)]
    [InlineData("SHA256", false)]
    [InlineData("sha384", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void Two_algorithms_are_known(string? name, bool known) => Assert.Equal(known ? name : null, DigestAlgorithm.Find(name)?.ToString());

    [GeneratedRegex(@"\A[a-z0-9]+([+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+\z")]
    private static partial Regex Grammar();

    [GeneratedRegex(@"\Asha256:[a-f0-9]{64}\z")]
    private static partial Regex Sha256();

    [GeneratedRegex(@"\Asha512:[a-f0-9]{128}\z")]
    private static partial Regex Sha512();
}
