namespace Staithe.Database;

/// <summary>
/// One statement, written once for both engines: arguments are <c>$1</c>, <c>$2</c>, …; what the engines say differently stands in braces
/// (see <see cref="Dialect"/>). Made once and kept in a static field, so that each connection prepares it once.
/// </summary>
internal sealed class Sql
{
    static int count;

    readonly string template;

    public Sql(string template) : this(template, template) { }

    /// <summary>A statement that the engines have no words in common for, such as a search for words.</summary>
    public Sql(string sqlite, string postgres) => (template, Sqlite, Postgres) = (sqlite, Dialect.Sqlite.Expand(sqlite), Dialect.Postgres.Expand(postgres));

    /// <summary>A small number, unique in the process, by which a connection finds its prepared command.</summary>
    public int Id { get; } = Interlocked.Increment(ref count) - 1;

    public string Sqlite { get; }

    public string Postgres { get; }

    public override string ToString() => template;
}
