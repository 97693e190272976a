using System.Text.RegularExpressions;
using Staithe.Tests.Harness;

namespace Staithe.Tests;

/// <summary>Holds every <c>using</c> of the program against the table of floors in ARCHITECTURE.md, so that the map cannot rot.</summary>
public sealed partial class FolderRuleTests
{
    static readonly Dictionary<string, string[]> MayUse = ReadTable();

    [Fact]
    public void Every_folder_is_in_the_table_and_every_row_is_a_folder()
    {
        var folders = Directory.GetDirectories(Repository.File("src/Staithe")).Select(path => Path.GetFileName(path)!).Where(name => name is not ("bin" or "obj"));
        Assert.Equal(folders.Order(), MayUse.Keys.Order());
    }

    [Fact]
    public void A_folder_uses_only_what_the_table_allows()
    {
        var broken = from folder in MayUse.Keys
                     from file in Directory.GetFiles(Repository.File($"src/Staithe/{folder}"), "*.cs", SearchOption.AllDirectories)
                     from used in Uses(File.ReadAllText(file))
                     where !Allowed(folder, used)
                     select $"{Path.GetRelativePath(Repository.Root, file)} uses {used}";
        Assert.Empty(broken);
    }

    [Fact]
    public void A_namespace_is_its_folder()
    {
        var wrong = from folder in MayUse.Keys
                    from file in Directory.GetFiles(Repository.File($"src/Staithe/{folder}"), "*.cs", SearchOption.AllDirectories)
                    where !File.ReadAllText(file).Contains($"\nnamespace Staithe.{folder};", StringComparison.Ordinal) && !File.ReadAllText(file).StartsWith($"namespace Staithe.{folder};", StringComparison.Ordinal)
                    select Path.GetRelativePath(Repository.Root, file);
        Assert.Empty(wrong);
    }

    [Fact]
    public void The_specification_knows_nothing_of_the_program()
    {
        var broken = from file in Directory.GetFiles(Repository.File("src/Staithe.Oci"), "*.cs")
                     let text = File.ReadAllText(file)
                     where Uses(text).Any() || text.Contains("using Microsoft.", StringComparison.Ordinal)
                     select Path.GetFileName(file);
        Assert.Empty(broken);
    }

    [Fact]
    public void One_place_chooses_the_storage_of_blobs()
    {
        var choosers = from file in Directory.GetFiles(Repository.File("src/Staithe"), "*.cs", SearchOption.AllDirectories)
                       let path = Path.GetRelativePath(Repository.File("src/Staithe"), file)
                       where !path.StartsWith("obj", StringComparison.Ordinal)
                           && File.ReadAllText(file).Contains("new FileBlobStorage(", StringComparison.Ordinal)
                       select path;
        Assert.Equal(["StaitheApp.cs"], choosers);
    }

    // The checker must be able to see a fault.
    [Theory]
    [InlineData("using Staithe.Distribution;", "Content", false)]
    [InlineData("using static Staithe.Commands.Usage;", "Config", false)]
    [InlineData("using Staithe.Database;", "Content", true)]
    [InlineData("using Staithe.Oci;", "Storage", true)]
    public void The_checker_sees_a_forbidden_use(string line, string folder, bool allowed) =>
        Assert.Equal(allowed, Uses($"{line}\nnamespace Staithe.{folder};").All(used => Allowed(folder, used)));

    static bool Allowed(string folder, string used) => used == folder || used == "Oci" || MayUse[folder].Contains(used);

    static IEnumerable<string> Uses(string text) => UsingLine().Matches(text).Select(match => match.Groups["folder"].Value).Where(folder => folder != "Oci").Distinct();

    static Dictionary<string, string[]> ReadTable() => File.ReadLines(Repository.File("ARCHITECTURE.md"))
        .Select(line => TableRow().Match(line))
        .Where(match => match.Success)
        .ToDictionary(match => match.Groups["folder"].Value, match => match.Groups["uses"].Value.Split(", ", StringSplitOptions.RemoveEmptyEntries).Where(name => name != "-").ToArray());

    [GeneratedRegex(@"^using (static )?Staithe\.(?<folder>\w+)", RegexOptions.Multiline)]
    private static partial Regex UsingLine();

    [GeneratedRegex(@"^\| `(?<folder>[A-Z]\w+)` \|.*\| (?<uses>[^|]*) \|$")]
    private static partial Regex TableRow();
}
