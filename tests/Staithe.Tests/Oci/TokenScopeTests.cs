using Staithe.Oci;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Oci;

public sealed class TokenScopeTests
{
    const string Host = "localhost:5000";

    [Theory]
    [InlineData("repository:a/b:pull,push", "repository:a/b:pull,push")]
    [InlineData("repository(plugin):a/b:pull", "repository:a/b:pull")]
    [InlineData("repository:localhost:5000/a/b:pull", "repository:a/b:pull")]
    [InlineData("repository:LOCALHOST:5000/a/b:pull", "repository:a/b:pull")]
    [InlineData("repository:localhost:5000/localhost/b:pull", "repository:localhost/b:pull")]
    [InlineData("registry:catalog:*", "registry:catalog:*")]
    public void A_scope_is_read(string text, string expected) => Assert.Equal(expected, TokenScope.TryParse(text, Host, out var scope) ? scope.ToString() : null);

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("repository:a/b")]
    [InlineData("repository::pull")]
    [InlineData("repository:A/b:pull")]
    [InlineData("repository:localhost:5000:pull")]
    [InlineData("repository:localhost:5000/:pull")]
    [InlineData("repository:localhost:50001/a:pull")]
    [InlineData("repository:other.example:5000/a/b:pull")]
    [InlineData("repository:a\0:pull")]
    public void What_is_none_is_none(string? text) => Assert.False(TokenScope.TryParse(text, Host, out _));

    [Fact]
    public void Whatever_is_sent_is_read_or_not()
    {
        var random = Seed.Random();
        for (var i = 0; i < 20_000; i++)
        {
            var text = random.Text(10, "repository", "registry", ":", ":", "/", "a", "b-c", "pull", "push", ",", "*", "(", ")", Host, " ", "\0", "é", "\ud83d", "A", "..");
            if (TokenScope.TryParse(text, random.Pick(null, "", Host), out var scope) && scope.Type == TokenScope.Repository)
                Assert.True(RepositoryName.TryParse(scope.Name, out _), OciException.Quote(text));
        }
    }
}
