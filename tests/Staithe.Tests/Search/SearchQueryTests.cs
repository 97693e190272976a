using Staithe.Search;

namespace Staithe.Tests.Search;

/// <summary>What is typed, as a query.</summary>
public sealed class SearchQueryTests
{
    [Theory]
    [InlineData("package:openssl", "openssl", false, null, null)]
    [InlineData("package:OpenSSL<3.0.20", "openssl", false, "<", "3.0.20")]
    [InlineData("package:openssl<=3.0.20", "openssl", false, "<=", "3.0.20")]
    [InlineData("package:openssl=3.0*", "openssl", false, "=", "3.0*")]
    [InlineData("package:openssl==3", "openssl", false, "=", "3")]
    [InlineData("package:openssl>=3.0.11-1~deb12u2", "openssl", false, ">=", "3.0.11-1~deb12u2")]
    [InlineData("package:vim>2:9", "vim", false, ">", "2:9")]
    [InlineData("package:lib*<2", "lib", true, "<", "2")]
    [InlineData("package:@babel/core>7", "@babel/core", false, ">", "7")]
    [InlineData("package:libstdc++6", "libstdc++6", false, null, null)]
    public void A_package_has_a_name_and_perhaps_a_version(string text, string name, bool isPrefix, string? compared, string? version)
    {
        var query = SearchQuery.Parse($"-{text}");
        var filter = Assert.Single(query.Filters);
        Assert.Equal(("package", name, isPrefix, true, compared, version), (filter.Field, filter.Value, filter.IsPrefix, filter.IsExcluded, filter.Bound?.Operator, filter.Bound?.Version));
    }

    [Theory]
    [InlineData("file:/etc/nginx/nginx.conf", "etc/nginx/nginx.conf", false)]
    [InlineData("file:etc/Nginx/nginx.conf", "etc/Nginx/nginx.conf", false)]
    [InlineData("file:./etc/x", "etc/x", false)]
    [InlineData("file:/usr/lib/lib*", "usr/lib/lib", true)]
    [InlineData("\"file:/opt/my app/a\"", "opt/my app/a", false)]
    public void A_file_has_no_slash_at_its_beginning(string text, string value, bool isPrefix)
    {
        var filter = Assert.Single(SearchQuery.Parse(text).Filters);
        Assert.Equal(("file", value, isPrefix), (filter.Field, filter.Value, filter.IsPrefix));
    }

    [Theory]
    [InlineData("digest:abcdef", "sha256:abcdef", true)]
    [InlineData("digest:sha512:0123456789*", "sha512:0123456789", true)]
    [InlineData("digest:abcde", "sha256:abcde", false)]
    [InlineData("updated:7d", "7", false)]
    [InlineData("updated:2w", "14", false)]
    [InlineData("updated:1y", "365", false)]
    [InlineData("is:Official", "official", false)]
    public void Others_are_brought_into_one_form(string text, string value, bool isPrefix)
    {
        var filter = Assert.Single(SearchQuery.Parse(text).Filters);
        Assert.Equal((value, isPrefix), (filter.Value, filter.IsPrefix));
    }

    [Theory]
    [InlineData("package:<3")]
    [InlineData("package:openssl<")]
    [InlineData("package:*")]
    [InlineData("file:/")]
    [InlineData("file:*")]
    public void What_has_no_meaning_is_words_and_no_filter(string text) => Assert.Empty(SearchQuery.Parse(text).Filters);

    [Fact]
    public void Words_are_found_in_any_text() =>
        Assert.Equal(["a", "b", "cafe", "x", "d"], SearchQuery.Tokens("a\uD800b\uFFFECafe \U0001F6A2x\uDC00d"));

    [Theory]
    [InlineData("deb", "3.0.11-1~deb12u2", "<", "3.0.20", true)]
    [InlineData("deb", "3.0.20-1", "<", "3.0.20", false)]
    [InlineData("deb", "3.0.20~rc1-1", "<", "3.0.20", true)]
    [InlineData("deb", "2:1.0-1", "<", "9", false)]
    [InlineData("apk", "3.1.4-r5", ">=", "3.1.4-r10", false)]
    [InlineData("npm", "4.18.2", "=", "4.18.2", true)]
    [InlineData("npm", "4.18.2", "=", "4.18*", true)]
    [InlineData("pypi", "1.0.dev1", "<", "1.0", true)]
    [InlineData("npm", "1.10.0", ">", "1.9.0", true)]
    [InlineData("npm", "1.10.0", "<=", "1.9.0", false)]
    public void Versions_are_compared_by_the_rules_of_their_system(string ecosystem, string version, string compared, string bound, bool takes) =>
        Assert.Equal(takes, new VersionBound(compared, bound).Takes(ecosystem, version));
}
