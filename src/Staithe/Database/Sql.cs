namespace Staithe.Database;

/// <summary>
/// One statement, written once for both engines: arguments are <c>$1</c>, <c>$2</c>, …; what the engines say differently stands in braces
/// (see <see cref="Dialect"/>). Made once and kept in a static field, so that each connection prepares it once.
/// </summary>
internal sealed class Sql(string template)
{
    static int count;

    /// <summary>A small number, unique in the process, by which a connection finds its prepared command.</summary>
    public int Id { get; } = Interlocked.Increment(ref count) - 1;

    public string Sqlite { get; } = Dialect.Sqlite.Expand(template);

    public string Postgres { get; } = Dialect.Postgres.Expand(template);

    public override string ToString() => template;
}
