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
    /// <exception cref="ConfigException">They do not belong together.</exception>
    public static async Task JoinAsync(Db db, DataDirectory directory, IBlobStorage storage)
    {
        var (inDirectory, inRows) = (directory.Id, await db.ReadAsync(session => session.FindAsync(FindSql, row => row.GetString(0))));
        if (inDirectory is not null && inDirectory == inRows)
            return;
        if (inDirectory is not null && inRows is not null)
            throw Strangers(directory, $"this database belongs to another data directory than {directory.Path}");
        var keys = await db.ReadAsync(session => session.ListAsync(KeysSql, row => row.GetString(0), (long)SampleKeys));
        if (keys.Count > 0 && !await HasAnyAsync(storage, keys))
            throw Strangers(directory, $"{directory.Path} holds none of the bytes that this database names");
        if (keys.Count == 0 && inDirectory is not null
            && await storage.ListKeysAsync(CancellationToken.None).AnyAsync() && !await db.ReadAsync(NamesOtherBytesAsync))
        {
            throw Strangers(directory, $"{directory.Path} holds the bytes of another database, and this one names none");
        }
        var id = Guid.NewGuid().ToString("N"); // a new one, so that no former partner of either is one any longer
        try
        {
            directory.SetId(id);
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
    }

    /// <summary>Checks the pair for somebody who only looks, and changes nothing.</summary>
    /// <exception cref="ConfigException">They do not belong together.</exception>
    public static async Task CheckAsync(Db db, DataDirectory directory)
    {
        var inRows = await db.ReadAsync(session => session.FindAsync(FindSql, row => row.GetString(0)));
        if (directory.Id is { } inDirectory && inRows is not null && inDirectory != inRows)
            throw Strangers(directory, $"this database belongs to another data directory than {directory.Path}");
    }

    static async Task<bool> NamesOtherBytesAsync(DbSession session) => await session.FindNumberAsync(OtherKeySql) is not null;

    static async Task<bool> HasAnyAsync(IBlobStorage storage, List<string> keys)
    {
        foreach (var key in keys)
        {
            if (await storage.FindLengthAsync(new StoredKey(key), CancellationToken.None) is not null)
                return true;
        }
        return false;
    }

    static ConfigException Strangers(DataDirectory directory, string what) => new([new ConfigProblem(
        "data",
        $"{what}: name the directory and the database of one registry with --data and --database. If you have restored both from a backup, restore the blobs too and delete {directory.IdFile}, and start again")]);

    static readonly Sql FindSql = new("select id from data_directory");
    static readonly Sql DeleteSql = new("delete from data_directory");
    static readonly Sql AddSql = new("insert into data_directory (id) values ($1)");
    static readonly Sql OtherKeySql = new("select 1 from (select storage_key from uploads union all select storage_key from trash) k limit 1");
    static readonly Sql KeysSql = new("select storage_key from blobs order by id desc limit $1");
}
