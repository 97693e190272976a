using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Staithe.Database;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Durability;

/// <summary>
/// What a request costs must not grow with the repository. SQLite decides how it runs a statement without knowing how large the tables are, so each plan is
/// looked at: one that walks through all blobs, manifests or tags, or through all of a repository's, is a fault unless it is meant to.
/// </summary>
public sealed partial class StatementTests
{
    static readonly string[] Large = ["blobs", "repo_blobs", "manifests", "manifest_blobs", "manifest_children", "absent_references", "tags", "tag_moves", "image_contents", "image_chains", "image_packages", "audit", "gc_candidates", "events", "jobs"];

    // By why it is right that they do; whoever adds one finds it here, or has a reason of its own.
    static readonly Dictionary<string, string[]> Meant = new()
    {
        ["a whole repository is removed"] =
        [
            "BlobTable.DequeueAllSql", "BlobTable.LockAllSql", "BlobTable.UnlinkAllSql", "ManifestTable.DeleteAllChildrenSql", "ManifestTable.DeleteAllSql", "RepositoryTable.DeleteSql", "TagTable.DeleteAllSql",
        ],
        ["fsck looks at everything"] = ["FsckTable.ForgottenSql", "FsckTable.PresentSql", "FsckTable.TagsSql", "FsckTable.TwoHomesSql", "FsckTable.UnlinkedSql"],
        ["the rows are those of another database server"] = ["EventTable.AdoptSql"],
        ["an admin asks how much there is"] = ["JobTable.ListQueuesSql", "UnreadImageTable.CountSql", "StorageTable.BlobsSql", "StorageTable.ListSpacesSql"],
        ["the newest in the order of an index, and these are sorted"] = ["RecentMoves.ListSql", "Snapshot.FindSql"],
    };

    [Fact]
    public async Task No_statement_walks_through_what_it_could_look_up()
    {
        using var directory = new TempDirectory();
        await using var db = new SqliteDb(directory["test.db"]);
        await Migrator.MigrateAsync(db);
        var statements = Statements().ToList();
        Assert.True(statements.Count > 300, $"only {statements.Count} statements were found");
        var walking = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, text) in statements)
        {
            var arguments = Arguments().Matches(text).Select(match => int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)).Append(0).Max();
            var plan = await db.ReadAsync(session => session.ListAsync(new Sql("explain query plan " + text), row => row.GetString(3), new object?[arguments]), TestContext.Current.CancellationToken);
            if (plan.Exists(line => Walks(line, text, isSorted: plan.Contains("USE TEMP B-TREE FOR ORDER BY"))))
                walking[name] = string.Join("; ", plan);
        }
        var meant = Meant.Values.SelectMany(names => names).ToHashSet();
        Assert.Empty(walking.Where(one => !meant.Contains(one.Key)).Select(one => $"{one.Key}: {one.Value}"));
        Assert.Empty(meant.Except(walking.Keys)); // so each of these shows that a walk is seen
    }

    static IEnumerable<(string Name, string Text)> Statements() => Fields<Sql>().Select(field => (field.Name, field.Value.Sqlite))
        .Concat(Fields<Listing>().SelectMany(list => list.Value.Statements.Select(one => ($"{list.Name}.{one.Name}", one.Statement.Sqlite))))
        .Where(one => Queries().IsMatch(one.Item2));

    static IEnumerable<(string Name, T Value)> Fields<T>() =>
        from type in typeof(Sql).Assembly.GetTypes()
        where !type.ContainsGenericParameters
        from field in type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        where field.FieldType.IsAssignableTo(typeof(T))
        select ($"{type.Name}.{field.Name}", (T)field.GetValue(null)!);

    // In the order of an index and no further than a limit is no walk.
    static bool Walks(string line, string statement, bool isSorted)
    {
        var match = Steps().Match(line);
        return match.Success
            && Large.Any(table => match.Groups["of"].Value == table || Regex.IsMatch(statement, $@"\b{table} (as )?{match.Groups["of"].Value}\b"))
            && (isSorted || !statement.Contains(" limit ", StringComparison.Ordinal));
    }

    [GeneratedRegex(@"^(SCAN (?<of>\w+)|SEARCH (?<of>\w+) .*\(repo_id=\?\))")]
    private static partial Regex Steps();

    [GeneratedRegex(@"\$(\d+)")]
    private static partial Regex Arguments();

    [GeneratedRegex(@"^\s*(select|insert|update|delete|with)\b")]
    private static partial Regex Queries();
}
