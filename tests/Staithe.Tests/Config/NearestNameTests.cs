using Staithe.Config;

namespace Staithe.Tests.Config;

public class NearestNameTests
{
    static readonly string[] Known = ["listen", "data", "database", "databaseFile", "open", "uploadHours"];

    [Theory]
    [InlineData("lisen", "listen")]
    [InlineData("lsiten", "listen")]
    [InlineData("Listen", "listen")]
    [InlineData("listens", "listen")]
    [InlineData("upload_hours", "uploadHours")]
    [InlineData("UPLOADHOURS", "uploadHours")]
    [InlineData("databse", "database")]
    [InlineData("dat", "data")]
    [InlineData("database-file", "databaseFile")]
    [InlineData("port", null)]
    [InlineData("storage", null)]
    [InlineData("x", null)]
    [InlineData("", null)]
    [InlineData("___", null)]
    public void Finds_what_was_meant(string name, string? nearest) => Assert.Equal(nearest, NearestName.Find(name, Known));

    [Fact]
    public void Does_not_compare_what_no_name_is_as_long_as() => Assert.Null(NearestName.Find(new string('a', 100_000), Known));
}
