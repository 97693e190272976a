using Staithe.Config;
using Staithe.Database;
using Staithe.Jobs;
using Staithe.Telemetry;

namespace Staithe.Tests.Harness;

/// <summary>Makes the database refuse certain rows, as a fault in the data or in the program would.</summary>
internal static class Poison
{
    /// <summary>Refuses what a statement does to rows for which a condition holds.</summary>
    /// <param name="registry">Where.</param>
    /// <param name="statement">insert or update.</param>
    /// <param name="table">The rows of which table.</param>
    /// <param name="condition">On the row as it would be, <c>new</c>.</param>
    public static Task AddAsync(Registry registry, string statement, string table, string condition) => registry.App.Database.RunScriptAsync(
        registry.Config.Database is null
            ? $"create trigger poison_{table} before {statement} on {table} when {condition} begin select raise(abort, 'poisoned'); end;"
            : $"""
              create or replace function poisoned() returns trigger language plpgsql as 'begin raise exception ''poisoned''; end';
              create trigger poison_{table} before {statement} on {table} for each row when ({condition}) execute function poisoned();
              """);

    public static Task RemoveAsync(Registry registry, string table) =>
        registry.App.Database.RunScriptAsync(registry.Config.Database is null ? $"drop trigger poison_{table};" : $"drop trigger poison_{table} on {table};");

    /// <summary>Another one that runs background work on the registry's database.</summary>
    public static UnitRunner Runner(Registry registry) => new(registry.App.Database, new LogOutput(LogFormat.Quiet, TextWriter.Null, isTerminal: false, TimeProvider.System));

    /// <summary>What failed: the kind, the unit's label and how often.</summary>
    public static async Task<List<(string Kind, string Label, string Cause, long Attempts)>> FailedAsync(Registry registry) =>
        [.. (await registry.App.Database.ReadAsync(session => JobTable.ListFailedAsync(session, "", "", 100))).Select(one => (one.Kind, one.Label, one.Cause, one.Attempts))];
}
