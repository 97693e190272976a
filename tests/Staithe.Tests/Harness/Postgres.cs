using Npgsql;

namespace Staithe.Tests.Harness;

/// <summary>Empty databases on the PostgreSQL that <c>./test</c> starts.</summary>
internal static class Postgres
{
    const string Variable = "TEST_POSTGRES";

    /// <summary>A new database; its URL as a setting takes it.</summary>
    public static async Task<string> CreateDatabaseAsync()
    {
        var server = Environment.GetEnvironmentVariable(Variable)
            ?? throw new InvalidOperationException($"{Variable} is not set: run the tests with ./test, which starts PostgreSQL, or set it to postgres://USER@HOST:PORT/DATABASE");
        var name = $"t_{Guid.NewGuid():N}";
        await using var source = NpgsqlDataSource.Create(Staithe.Config.PostgresUrl.Parse(server).ConnectionString);
        await using var command = source.CreateCommand($"create database {name} template template0");
        await command.ExecuteNonQueryAsync();
        return new UriBuilder(server) { Path = name }.Uri.AbsoluteUri;
    }
}
