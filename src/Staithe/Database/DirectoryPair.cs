using Staithe.Config;
using Staithe.Storage;

namespace Staithe.Database;

/// <summary>
/// Keeps a database and a data directory together: both hold the same id. A server that was given the one of one registry and the other of another
/// would lose what it writes, so it does not start.
/// </summary>
internal static class DirectoryPair
{
    const int SampleKeys = 20;

    /// <summary>Checks the pair; gives both an id when they have none and nothing says that they are strangers.</summary>
    /// <param name="db">The database.</param>
    /// <param name="directory">The data directory, claimed.</param>
    /// <param name="storage">The bytes.</param>
    /// <param name="mayReplace">
    /// Whether the partner of either may be replaced, as after a restore. Only a server may do that, since it alone holds the claim on the database: a
    /// command that names the wrong directory would lock a running server out of its own.
    /// </param>
    /// <exception cref="ConfigException">They do not belong together.</exception>
    public static async Task JoinAsync(Db db, DataDirectory directory, IBlobStorage storage, bool mayReplace)
    {
        var inRows = await FindIdAsync(db);
        directory.SettleId(inRows);
        if (directory.Id is { } same && same == inRows)
        {
            directory.Keep();
            return;
        }
        await RequireNoStrangersAsync(db, directory, storage, inRows, mayReplace);
        directory.Keep();
        var id = Guid.NewGuid().ToString("N"); // a new one, so that no former partner of either is one any longer
        try
        {
            directory.PrepareId(id);
        }
        catch (IOException e) when (DiskFault.Find(e) is not null)
        {
            return; // a server that can free the disk is worth more; the next start tries again
        }
        await db.WriteAsync(SpaceUse.Frees, async session =>
        {
            await session.ExecuteAsync(DeleteSql);
            await session.ExecuteAsync(AddSql, id);
        });
        directory.SettleId(id);
    }

    static async Task RequireNoStrangersAsync(Db db, DataDirectory directory, IBlobStorage storage, string? inRows, bool mayReplace)
    {
        var inDirectory = directory.Id;
        if (inDirectory is not null && inRows is not null)
            throw Strangers(directory, $"this database belongs to another data directory than {directory.Path}");
        var keys = await db.ReadAsync(session => session.ListAsync(KeysSql, row => row.GetString(0), (long)SampleKeys));
        if (keys.Count > 0 && !await HasAnyAsync(storage, keys))
            throw Strangers(directory, $"{directory.Path} holds none of the bytes that this database names");
        if (inDirectory is not null && keys.Count == 0 && !await IsAnyAsync(db, OtherKeySql))
        {
            throw Refusal(
                $"{directory.Path} belongs to another database, and this one names no bytes: name the database of this registry with --database. "
                + $"To begin a new registry there, delete {directory.IdFile} and start again");
        }
        if (inRows is not null && !IsInside(db) && (!mayReplace || (keys.Count == 0 && await IsAnyAsync(db, AnythingSql))))
        {
            throw Refusal(
                $"this database belongs to another data directory than {directory.Path}, which has no id: name the directory of this registry with --data. "
                + $"If it is this one, restored without its id, give it back: echo {inRows} > {directory.IdFile}");
        }
        if (inDirectory is not null && !mayReplace && !IsInside(db))
            throw Strangers(directory, $"{directory.Path} belongs to another database than this one");
    }

    /// <summary>Checks the pair for somebody who only looks, and changes nothing.</summary>
    /// <exception cref="ConfigException">They do not belong together.</exception>
    public static async Task CheckAsync(Db db, DataDirectory directory)
    {
        var inRows = await FindIdAsync(db);
        if (directory.Id is { } inDirectory && inRows is not null && inDirectory != inRows)
            throw Strangers(directory, $"this database belongs to another data directory than {directory.Path}");
    }

    static Task<string?> FindIdAsync(Db db) => db.ReadAsync(session => session.FindAsync(FindSql, row => row.GetString(0)));

    static Task<bool> IsAnyAsync(Db db, Sql sql) => db.ReadAsync(async session => await session.FindNumberAsync(sql) is not null);

    static async Task<bool> HasAnyAsync(IBlobStorage storage, List<string> keys)
    {
        foreach (var key in keys)
        {
            if (await storage.FindLengthAsync(new StoredKey(key), CancellationToken.None) is not null)
                return true;
        }
        return false;
    }

    // SQLite lies in the directory: whoever has moved or restored it has put the two together.
    static bool IsInside(Db db) => db is SqliteDb;

    static ConfigException Strangers(DataDirectory directory, string what) => Refusal(
        $"{what}: name the directory and the database of one registry with --data and --database. "
        + $"If you have restored both from a backup, restore the blobs too and delete {directory.IdFile}, and start again");

    static ConfigException Refusal(string what) => new([new ConfigProblem("data", what)]);

    static readonly Sql FindSql = new("select id from data_directory");
    static readonly Sql DeleteSql = new("delete from data_directory");
    static readonly Sql AddSql = new("insert into data_directory (id) values ($1)");
    static readonly Sql OtherKeySql = new("select 1 from (select storage_key from uploads union all select storage_key from trash) k limit 1");
    static readonly Sql AnythingSql = new("""
        select 1 from (select 1 from users union all select 1 from spaces union all select 1 from repositories union all select 1 from robots
            union all select 1 from uploads union all select 1 from trash) k limit 1
        """);
    static readonly Sql KeysSql = new("select storage_key from blobs order by id desc limit $1");
}
