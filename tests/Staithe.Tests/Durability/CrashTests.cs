using Microsoft.Data.Sqlite;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Durability;

/// <summary>kill -9 under a push load, again and again: what was acknowledged is there, and fsck is content.</summary>
[Trait("Kind", "slow")]
public sealed class CrashTests
{
    [Fact]
    public Task Nothing_acknowledged_is_lost_on_SQLite() => RunAsync(Engine.Sqlite, lanes: 2, kills: 40, mostRequests: 60);

    // Few crashes far apart: checkpoints, uploads of many chunks, repositories with much in them.
    [Fact]
    public Task Nothing_acknowledged_is_lost_after_long_loads_on_SQLite() => RunAsync(Engine.Sqlite, lanes: 1, kills: 6, mostRequests: 3000);

    [Fact]
    public Task Nothing_acknowledged_is_lost_on_PostgreSQL() => RunAsync(Engine.Postgres, lanes: 1, kills: 20, mostRequests: 80);

    // The checkers must be able to see a fault: each of these is done to the data of a server that was killed, behind its back.
    [Theory]
    [InlineData("nothing", false, false)]
    [InlineData("a file deleted", true, true)]
    [InlineData("a file cut short", true, true)]
    [InlineData("a byte flipped", true, true)]
    [InlineData("a file nobody knows", true, false)]
    [InlineData("a tag's row removed", false, true)]
    [InlineData("a blob's row removed", true, true)]
    [InlineData("an upload's row removed", true, true)]
    [InlineData("an upload's file cut short", true, true)]
    [InlineData("a repository in another space", true, false)]
    [InlineData("a right in another space", true, false)]
    [InlineData("the last commits undone", true, true)]
    public async Task A_fault_is_seen(string fault, bool byFsck, bool byClients)
    {
        await using var lane = await CrashLane.CreateAsync(Engine.Sqlite, seed: 42);
        using var before = new TempDirectory();
        Assert.Empty(await lane.KillUnderLoadAsync(75));
        CopyDatabase(lane.Config.Data, before.Path);
        Assert.Empty(await lane.KillUnderLoadAsync(75));
        Inject(fault, lane.Config.Data, before.Path);
        var told = await lane.FsckAsync(rehash: true);
        Assert.True(told.Count > 0 == byFsck, $"fsck: {string.Join('\n', told)}");
        var lost = await lane.FindLostAsync(readAll: true);
        Assert.True(lost.Count > 0 == byClients, $"clients: {string.Join('\n', lost)}");
    }

    static async Task RunAsync(Engine engine, int lanes, int kills, int mostRequests) =>
        await Task.WhenAll(Enumerable.Range(0, lanes).Select(_ => Task.Run(async () =>
        {
            await using var lane = await CrashLane.CreateAsync(engine, Random.Shared.Next());
            await lane.RunAsync(kills, mostRequests);
        })));

    static void CopyDatabase(string from, string to)
    {
        foreach (var name in (string[])["staithe.db", "staithe.db-wal"])
        {
            File.Delete(Path.Combine(to, name));
            if (File.Exists(Path.Combine(from, name)))
                File.Copy(Path.Combine(from, name), Path.Combine(to, name));
        }
        File.Delete(Path.Combine(to, "staithe.db-shm"));
    }

    /// <param name="fault">What goes wrong.</param>
    /// <param name="data">In which data directory.</param>
    /// <param name="before">Where its database is as it was before the last requests.</param>
    static void Inject(string fault, string data, string before)
    {
        string File(string key) => Path.Combine(data, "blobs", key);
        string BlobFile() => File(Query("select b.storage_key from blobs b join repo_blobs rb on rb.blob_id = b.id where size > 100 order by b.id limit 1"));
        string Query(string sql) => Execute(data, sql)!;
        switch (fault)
        {
            case "nothing":
                break;
            case "a file deleted":
                System.IO.File.Delete(BlobFile());
                break;
            case "a file cut short":
                using (var file = System.IO.File.OpenWrite(BlobFile()))
                    file.SetLength(file.Length - 1);
                break;
            case "a byte flipped":
                using (var file = System.IO.File.Open(BlobFile(), FileMode.Open))
                {
                    var first = file.ReadByte();
                    file.Position = 0;
                    file.WriteByte((byte)(first ^ 1));
                }
                break;
            case "a file nobody knows":
                System.IO.File.WriteAllText(File("00/stray"), "?");
                break;
            case "a tag's row removed":
                Assert.NotNull(Query("delete from tags where rowid in (select min(rowid) from tags) returning name"));
                break;
            case "a blob's row removed":
                Assert.NotNull(Query("delete from blobs where id in (select min(blob_id) from repo_blobs) returning storage_key"));
                break;
            case "an upload's row removed":
                Assert.NotNull(Query("delete from uploads where id in (select id from uploads where received > 0 limit 1) returning storage_key"));
                break;
            case "an upload's file cut short":
                using (var file = System.IO.File.OpenWrite(File(Query("select storage_key from uploads where received > 0 limit 1"))))
                    file.SetLength(0);
                break;
            case "a repository in another space":
                Assert.NotNull(Query("update repositories set space = 'mallory' where id = (select min(id) from repositories) returning name"));
                break;
            case "a right in another space":
                Query("insert into spaces (id, name, skeleton, visibility, created_at) values (1, 'mallory', 'mallory', 'private', 0) returning name");
                Query("insert into users (id, name, is_admin, created_at) values (1, 'mallory', 0, 0) returning name");
                Assert.NotNull(Query("insert into grants (space_id, target, user_id, rights, created_at) values (1, 'alice/', 1, 31, 0) returning target"));
                break;
            case "the last commits undone":
                CopyDatabase(before, data);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(fault));
        }
    }

    static string? Execute(string data, string sql)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = Path.Combine(data, "staithe.db"), ForeignKeys = false, Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (string?)command.ExecuteScalar();
    }
}
