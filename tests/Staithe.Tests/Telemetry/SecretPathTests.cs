using Staithe.Telemetry;

namespace Staithe.Tests.Telemetry;

public sealed class SecretPathTests
{
    [Theory]
    [InlineData("/v2/s/abc/app/manifests/1", "/v2/s/***/app/manifests/1")]
    [InlineData("/v2/s/abc", "/v2/s/***")]
    [InlineData("/v2//s//abc/app", "/v2//s//***/app")]
    [InlineData("/v2/%73/a%62c/app", "/v2/%73/***/app")]
    [InlineData("/f/s/abc/app@1/etc/passwd", "/f/s/***/app@1/etc/passwd")]
    [InlineData("/run/s/abc:1/run.sh", "/run/s/***/run.sh")]
    [InlineData("/s/abc", "/s/***")]
    [InlineData("/s/abc/app:1", "/s/***/app:1")]
    [InlineData("/invite/abc", "/invite/***")]
    [InlineData("/setup/abc", "/setup/***")]
    [InlineData("/v2/s/", null)]
    [InlineData("/v2/invite/app/tags/list", null)]
    [InlineData("/v2/team/s/abc/tags/list", null)]
    [InlineData("/", null)]
    [InlineData("", null)]
    public void What_follows_the_word_is_hidden_and_nothing_else(string path, string? hidden)
    {
        Assert.Equal(hidden ?? path, SecretPath.Hide(path));
        Assert.Equal(hidden is not null, SecretPath.Is(path));
    }

    [Theory]
    [InlineData("s/abc/app", "s/***")]
    [InlineData("s/abc", "s/***")]
    [InlineData("s", "s")]
    [InlineData("sea/abc", "sea/abc")]
    [InlineData("team/s/abc", "team/s/abc")]
    [InlineData(null, null)]
    public void A_name_with_a_secret_in_it_is_hidden(string? name, string? hidden) => Assert.Equal(hidden, SecretPath.HideName(name));
}
