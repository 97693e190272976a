using Staithe.Config;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Config;

public class ConfigReferenceTests
{
    [Fact]
    public void Has_a_row_for_the_file_and_for_each_setting()
    {
        var rows = ConfigReference.Markdown().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3 + Settings.All.Count, rows.Length);
        Assert.Contains("`STAITHE_CONFIG` | `--config FILE`", rows[2], StringComparison.Ordinal);
        foreach (var (setting, row) in Settings.All.Zip(rows.Skip(3)))
        {
            Assert.StartsWith($"| `{setting.Key}` | `{setting.Variable}` |", row, StringComparison.Ordinal);
            Assert.Contains($"| {setting.Default} | {setting.Takes} | {setting.Help} |", row, StringComparison.Ordinal);
        }
        Assert.All(rows, row => Assert.Equal(7, row.Count(c => c == '|')));
    }

    [Fact]
    public void The_manual_page_holds_the_table_as_it_is() =>
        Assert.EndsWith(ConfigReference.Markdown().TrimEnd(), File.ReadAllText(Repository.File("docs/configuration.md")).TrimEnd(), StringComparison.Ordinal);

    [Fact]
    public void Every_property_of_the_configuration_is_a_setting() =>
        Assert.Equal(
            typeof(StaitheConfig).GetProperties().Select(property => property.Name).Order(),
            Settings.All.Where(setting => setting.FileOf is null).Select(setting => $"{char.ToUpperInvariant(setting.Key[0])}{setting.Key[1..]}").Order());

    [Theory]
    [InlineData("listen", "STAITHE_LISTEN", "localhost:5000")]
    [InlineData("databaseFile", "STAITHE_DATABASE_FILE", "none")]
    [InlineData("open", "STAITHE_OPEN", "false")]
    [InlineData("sparse", "STAITHE_SPARSE", "refuse")]
    [InlineData("log", "STAITHE_LOG", "auto")]
    [InlineData("trashMinutes", "STAITHE_TRASH_MINUTES", "60")]
    public void Names_and_defaults(string key, string variable, string byDefault)
    {
        var setting = Settings.All.Single(setting => setting.Key == key);
        Assert.Equal((variable, byDefault), (setting.Variable, setting.Default));
    }
}
