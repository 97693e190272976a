using System.Net;
using System.Security.Cryptography;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Accounts;

/// <summary>The secret of a registry is its database's: all its servers have the same, and one that was in a file before is taken over.</summary>
public sealed class ServerSecretTests
{
    [Theory, OnBothEngines]
    public async Task All_servers_of_a_database_have_the_same_however_many_begin_at_once(Engine engine)
    {
        using var directory = new TempDirectory();
        await using var database = await BareDatabase.CreateAsync(engine);
        var servers = Enumerable.Range(0, 4).Select(_ => database.Open()).ToList();
        var secrets = await Task.WhenAll(servers.Concat(servers).Select((db, i) => Task.Run(() => ServerSecret.LoadAsync(db, directory[$"secret-{i}"]))));
        Assert.Single(secrets.Select(secret => secret.Hash("x")).Distinct());
        Assert.Equal("sealed"u8.ToArray(), secrets[1].Unseal(secrets[0].Seal("sealed"u8, "test"), "test"));
        Assert.Empty(Directory.GetFiles(directory.Path, "secret-*")); // and no file
        Assert.NotEqual(secrets[0].Hash("x"), ServerSecret.Create().Hash("x"));
    }

    [Theory, OnBothEngines]
    public async Task A_file_is_taken_over_once_and_stays(Engine engine)
    {
        using var directory = new TempDirectory();
        var root = RandomNumberGenerator.GetBytes(32);
        await File.WriteAllBytesAsync(directory["secret"], root, TestContext.Current.CancellationToken);
        await using var database = await BareDatabase.CreateAsync(engine);
        var db = database.Open();
        var secret = await ServerSecret.LoadAsync(db, directory["secret"]);
        var hashing = HKDF.DeriveKey(HashAlgorithmName.SHA256, root, 32, info: "hash"u8.ToArray());
        Assert.Equal(Convert.ToHexStringLower(HMACSHA256.HashData(hashing, "x"u8)), secret.Hash("x"));
        Assert.Equal(root, await File.ReadAllBytesAsync(directory["secret"], TestContext.Current.CancellationToken));

        // what is in the file later, or that it is gone, changes nothing
        await File.WriteAllBytesAsync(directory["secret"], RandomNumberGenerator.GetBytes(32), TestContext.Current.CancellationToken);
        Assert.Equal(secret.Hash("x"), (await ServerSecret.LoadAsync(db, directory["secret"])).Hash("x"));
        File.Delete(directory["secret"]);
        Assert.Equal(secret.Hash("x"), (await ServerSecret.LoadAsync(db, directory["secret"])).Hash("x"));
    }

    [Fact]
    public async Task A_file_that_is_no_secret_is_said_to_be_none()
    {
        using var directory = new TempDirectory();
        await File.WriteAllTextAsync(directory["secret"], "short", TestContext.Current.CancellationToken);
        await using var database = await BareDatabase.CreateAsync(Engine.Sqlite);
        var db = database.Open();
        var wrong = await Assert.ThrowsAsync<IOException>(() => ServerSecret.LoadAsync(db, directory["secret"]));
        Assert.Contains("is not the 32 bytes", wrong.Message, StringComparison.Ordinal);
    }

    [Theory, OnBothEngines]
    public async Task Tokens_of_a_registry_from_before_hold_and_the_secret_is_in_no_log(Engine engine)
    {
        using var directory = new TempDirectory();
        var database = engine == Engine.Postgres ? await Postgres.CreateDatabaseAsync() : null;
        Account robot;
        byte[] root;
        await using (var before = await ClosedRegistry.StartAsync(engine, config => config with { Data = directory["data"], Database = database }))
        {
            var user = await before.AddUserAsync();
            robot = await before.AddRobotAsync(user.SpaceId, user.Name);
            // as older servers left it: in the file, and not in the database
            root = (await before.Db.ReadAsync(session => session.FindAsync(FindSql, row => row.GetFieldValue<byte[]>(0)), TestContext.Current.CancellationToken))!;
            await File.WriteAllBytesAsync(directory["data/secret"], root, TestContext.Current.CancellationToken);
            await before.Db.WriteAsync(session => session.ExecuteAsync(DeleteSql), TestContext.Current.CancellationToken);
        }
        await using var after = await ClosedRegistry.StartAsync(engine, config => config with { Data = directory["data"], Database = database });
        using (var signedIn = await after.As(robot).GetAsync("/v2/"))
            await signedIn.ExpectAsync(HttpStatusCode.OK);
        File.Delete(directory["data/secret"]);
        await after.Registry.StopAsync();
        Assert.All((string[])[Convert.ToBase64String(root), Convert.ToHexString(root), Convert.ToHexStringLower(root)], text => Assert.DoesNotContain(text, after.Registry.Log, StringComparison.Ordinal));
        await using var later = await ClosedRegistry.StartAsync(engine, config => config with { Data = directory["data"], Database = database });
        using var again = await later.As(robot).GetAsync("/v2/");
        await again.ExpectAsync(HttpStatusCode.OK);
    }

    static readonly Sql FindSql = new("select root from server_secret");
    static readonly Sql DeleteSql = new("delete from server_secret");
}
