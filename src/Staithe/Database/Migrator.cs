using System.Globalization;
using System.Reflection;
using Staithe.Config;

namespace Staithe.Database;

/// <summary>
/// Brings the tables to what this binary expects: the numbered scripts in <c>Migrations</c>, in order, each once, each with its entry in
/// <c>schema_migrations</c> in one transaction. A database that a newer binary has changed is left alone.
/// </summary>
internal static class Migrator
{
    /// <summary>Applies what was not, up to a number where one is given.</summary>
    public static async Task MigrateAsync(Db db, int upTo = int.MaxValue)
    {
        await using var held = await db.LockMigrationsAsync();
        await db.RunScriptAsync("create table if not exists schema_migrations (number bigint primary key, name text not null, applied_at bigint not null)");
        var applied = await FindNewestAsync(db) ?? 0;
        foreach (var script in Scripts.Where(script => script.Number > applied && script.Number <= upTo))
            await db.RunScriptAsync(script.Transaction);
    }

    /// <summary>For those who only look: changes nothing.</summary>
    /// <exception cref="ConfigException">The tables are not those of this binary.</exception>
    public static async Task CheckAsync(Db db)
    {
        if (await FindNewestAsync(db) is var applied && applied != Scripts[^1].Number)
            throw new ConfigException([new ConfigProblem("database", "its tables are of an older staithe: start this one once, which brings them up to date")]);
    }

    static async Task<long?> FindNewestAsync(Db db)
    {
        var applied = await db.ReadAsync(session => session.FindNumberAsync(NewestSql));
        var known = Scripts[^1].Number;
        return applied > known
            ? throw new ConfigException([new ConfigProblem("database", string.Create(CultureInfo.InvariantCulture, $"its tables are at version {applied}, this staithe knows versions up to {known}: run the newer staithe"))])
            : applied;
    }

    static readonly Sql NewestSql = new("select max(number) from schema_migrations");

    static readonly List<Script> Scripts = ReadScripts();

    static List<Script> ReadScripts()
    {
        var assembly = Assembly.GetExecutingAssembly();
        return [.. assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith("migrations/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(resource =>
            {
                using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
                var name = Path.GetFileNameWithoutExtension(resource["migrations/".Length..]);
                return new Script(int.Parse(name.AsSpan(0, 4), NumberStyles.None, CultureInfo.InvariantCulture), name, reader.ReadToEnd());
            })];
    }

    sealed record Script(int Number, string Name, string Text)
    {
        public string Transaction => $"{Text}\ninsert into schema_migrations (number, name, applied_at) values ({Number}, '{Name}', {{now}});";
    }
}
