using Staithe.Tests.Harness;
using Staithe.Versions;

namespace Staithe.Tests.Files;

/// <summary>Each package system's order of versions: tables, and for Debian's the one who decides.</summary>
public sealed class VersionTests
{
    // Each earlier than the next; those with = between them are the same.
    [Theory]
    [InlineData("deb", "1.0~~ 1.0~~a 1.0~ 1.0~rc1-1 1.0 1.0-1 1.0-1+b1 1.0-1+deb12u1 1.0-1.1 1.0-2 1.0a 1.0+1 1.0.1 1.1 1.10 2 1:0.1")]
    [InlineData("deb", "3.0.11-1~deb12u2 3.0.14-1~deb12u1 3.0.14-1 3.0.20-1")]
    [InlineData("apk", "1.0_alpha 1.0_alpha2 1.0_beta 1.0_pre1 1.0_rc1 1.0 1.0-r1 1.0-r10 1.0_git20240101 1.0_p1 1.0_p1-r2 1.0a 1.0b 1.0.1 1.1 1.2 1.10 2.0")]
    [InlineData("apk", "1.01 1.02 1.1")]
    [InlineData("rpm", "1.0~rc1 1.0~rc2 1.0 1.0^20240101 1.0a 1.0.1 1.1 1.2 1.10 2 1:0.5")]
    [InlineData("rpm", "1.0-1.fc39 1.0-2.fc39 1.0-2.fc40 1.0-10.fc39 1.0.1-1")]
    [InlineData("npm", "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.1 1.2.0 1.10.0 2.0.0")]
    [InlineData("nuget", "1.0 1.0.0.1 1.0.1 10.0")]
    [InlineData("pypi", "1.0.dev1 1.0a1.dev1 1.0a1 1.0a2 1.0b1 1.0rc1 1.0 1.0+local.1 1.0+local.2 1.0.post1.dev1 1.0.post1 1.0.1 1.1 1.10 2!0.1")]
    public void Each_is_earlier_than_the_next(string ecosystem, string versions)
    {
        var list = versions.Split(' ');
        for (var i = 0; i < list.Length; i++)
        {
            for (var j = 0; j < list.Length; j++)
                Assert.True(Math.Sign(VersionOrder.Compare(ecosystem, list[i], list[j])) == Math.Sign(i.CompareTo(j)), $"{list[i]} and {list[j]}");
        }
    }

    [Theory]
    [InlineData("deb", "1.0", "0:1.0")]
    [InlineData("deb", "1.01", "1.1")]
    [InlineData("deb", "1.0-0", "1.0")]
    [InlineData("rpm", "1.0", "1.0-5.fc39")]
    [InlineData("rpm", "1.05", "1.5")]
    [InlineData("rpm", "1.0_1", "1.0.1")]
    [InlineData("npm", "v1.2.3", "1.2.3+build.7")]
    [InlineData("nuget", "1.0", "1.0.0.0")]
    [InlineData("pypi", "1.0", "1.0.0")]
    [InlineData("pypi", "1.0-1", "1.0.post1")]
    [InlineData("pypi", "v1.0ALPHA1", "1.0a1")]
    [InlineData("apk", "1.2.3-r0", "1.2.3")]
    public void These_are_the_same(string ecosystem, string one, string other)
    {
        Assert.Equal(0, VersionOrder.Compare(ecosystem, one, other));
        Assert.Equal(0, VersionOrder.Compare(ecosystem, other, one));
    }

    [Fact]
    public void Debian_says_the_same()
    {
        var random = Seed.Random();
        var pairs = Enumerable.Range(0, 120).Select(_ => (Left: Version(random), Right: Version(random))).Select(pair => random.Next(10) == 0 ? (pair.Left, Right: $"0:{pair.Left.Split(':')[^1]}") : pair).ToList();
        // One process for all: it prints -1, 0 or 1 for each.
        var script = string.Concat(pairs.Select(pair => $"if dpkg --compare-versions '{pair.Left}' lt '{pair.Right}'; then echo -1; elif dpkg --compare-versions '{pair.Left}' eq '{pair.Right}'; then echo 0; else echo 1; fi\n"));
        var told = System.Text.Encoding.ASCII.GetString(LayerBytes.Pipe("sh", System.Text.Encoding.ASCII.GetBytes(script), "-s")).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(pairs.Count, told.Length);
        Assert.True(told.Distinct().Count() == 3, "the versions are all alike, or none are");
        for (var i = 0; i < pairs.Count; i++)
            Assert.True(told[i] == Math.Sign(DpkgVersion.Compare(pairs[i].Left, pairs[i].Right)).ToString(System.Globalization.CultureInfo.InvariantCulture), $"{pairs[i]}: dpkg says {told[i]}");
    }

    [Theory]
    [InlineData("deb")]
    [InlineData("apk")]
    [InlineData("rpm")]
    [InlineData("npm")]
    [InlineData("pypi")]
    public void Whatever_the_text_it_is_an_order(string ecosystem)
    {
        var random = Seed.Random();
        var texts = Enumerable.Range(0, 60).Select(_ => random.Text(8, "1", "0", "12", ".", "-", "~", "^", "_", "+", ":", "a", "rc", "p", "é", "-r", "!", " ")).ToList();
        foreach (var one in texts)
        {
            Assert.Equal(0, VersionOrder.Compare(ecosystem, one, one));
            foreach (var other in texts)
                Assert.Equal(Math.Sign(VersionOrder.Compare(ecosystem, one, other)), -Math.Sign(VersionOrder.Compare(ecosystem, other, one)));
        }
    }

    static string Version(Random random)
    {
        var epoch = random.Next(5) == 0 ? $"{random.Next(3)}:" : "";
        var upstream = random.Next(3).ToString(System.Globalization.CultureInfo.InvariantCulture) + random.Text(4, "0", "1", "10", "01", ".", "~", "+", "a", "z", "B", "rc");
        return $"{epoch}{upstream}{(random.Next(2) == 0 ? $"-{random.Next(3)}{random.Text(2, "~", "+b1", ".1", "deb")}" : "")}";
    }
}
