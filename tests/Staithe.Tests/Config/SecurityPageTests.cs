using System.Text.RegularExpressions;
using Staithe.Config;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Config;

/// <summary>What docs/security.md says of limits names settings that there are.</summary>
public sealed class SecurityPageTests
{
    static readonly string[] Lines = File.ReadAllLines(Repository.File("docs/security.md"));

    [Fact]
    public void Every_setting_in_the_table_of_limits_is_one()
    {
        var named = Lines.Where(line => line.StartsWith("| ", StringComparison.Ordinal))
            .SelectMany(line => Regex.Matches(line.Split('|')[3], "`(\\w+)`").Select(match => match.Groups[1].Value))
            .ToList();
        Assert.InRange(named.Count, 8, 50);
        Assert.Equal([], named.Except(Settings.All.Select(setting => setting.Key)));
    }

    [Fact]
    public void Every_page_that_it_links_to_is_there()
    {
        var pages = Lines.SelectMany(line => Regex.Matches(line, @"\]\(([\w.-]+\.md)\)").Select(match => match.Groups[1].Value)).Distinct().ToList();
        Assert.NotEmpty(pages);
        Assert.All(pages, page => Assert.True(File.Exists(Repository.File($"docs/{page}")), page));
    }
}
