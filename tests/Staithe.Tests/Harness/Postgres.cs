using Npgsql;

namespace Staithe.Tests.Harness;

/// <summary>Empty databases on the PostgreSQL that <c>./test</c> starts.</summary>
internal static class Postgres
{
    const string Variable = "TEST_POSTGRES";

    /// <summary>A new database; its URL as a setting takes it.</summary>
    public static async Task<string> CreateDatabaseAsync()
    {
        var name = $"t_{Guid.NewGuid():N}";
        await ExecuteAsync($"create database {name} template template0");
        return new UriBuilder(Server()) { Path = name }.Uri.AbsoluteUri;
    }

    /// <summary>Takes a database away from under the server that uses it.</summary>
    public static Task DropDatabaseAsync(string url) => ExecuteAsync($"drop database {new Uri(url).AbsolutePath[1..]} with (force)");

    static string Server() => Environment.GetEnvironmentVariable(Variable)
        ?? throw new InvalidOperationException($"{Variable} is not set: run the tests with ./test, which starts PostgreSQL, or set it to postgres://USER@HOST:PORT/DATABASE");

    static async Task ExecuteAsync(string sql)
    {
        await using var source = NpgsqlDataSource.Create(Staithe.Config.PostgresUrl.Parse(Server()).ConnectionString);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
