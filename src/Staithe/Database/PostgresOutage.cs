using Npgsql;

namespace Staithe.Database;

/// <summary>Why a PostgreSQL database cannot be opened, for whoever starts the registry: the cause, the setting, what to do.</summary>
internal static class PostgresOutage
{
    const string Setting = "--database (STAITHE_DATABASE or STAITHE_DATABASE_FILE)";

    /// <summary>The cause of a failure to connect.</summary>
    /// <param name="target">What was connected to; its password is not told.</param>
    /// <param name="failure">How it failed.</param>
    public static string Explain(NpgsqlConnectionStringBuilder target, Exception failure) => failure switch
    {
        PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } =>
            $"PostgreSQL at {Place(target)} has no database {target.Database}: "
                + $"create it (createdb -O {target.Username} {target.Database}), or correct {Setting}",
        PostgresException { SqlState: PostgresErrorCodes.InvalidAuthorizationSpecification or PostgresErrorCodes.InvalidPassword } refused =>
            $"PostgreSQL at {Place(target)} does not let {target.Username} in ({refused.MessageText}): "
                + $"correct the user and the password in {Setting}, or pg_hba.conf there",
        PostgresException { SqlState: PostgresErrorCodes.TooManyConnections } =>
            $"PostgreSQL at {Place(target)} has no connection left for {target.Username}: raise max_connections there, or end other clients",
        PostgresException refused =>
            $"PostgreSQL at {Place(target)} refuses the database {target.Database} ({refused.MessageText}): see {Setting}",
        _ => $"PostgreSQL at {Place(target)} cannot be reached ({(failure.InnerException ?? failure).Message}): "
            + $"see whether it runs, and correct {Setting} if it is elsewhere",
    };

    static string Place(NpgsqlConnectionStringBuilder target) =>
        target.Host is ['/', ..] ? target.Host : $"{target.Host}:{target.Port}";
}
