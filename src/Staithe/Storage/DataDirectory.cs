using Staithe.Config;

namespace Staithe.Storage;

/// <summary>
/// Where everything of one server lies, as far as it is files:
/// <code>
/// DIR/lock           held by the server that runs here
/// DIR/id             which database this belongs to: see <see cref="Id"/>
/// DIR/id.next        there while the id changes
/// DIR/reserve        see <see cref="DiskReserve"/>
/// DIR/secret         of older servers: what is in the database now, and taken over from here once
/// DIR/staithe.db     the facts, when they are in SQLite
/// DIR/blobs/ab/…     the bytes: see <see cref="StorageKey"/>
/// DIR/derived/…      what is made from the bytes, and can be made again: may be deleted at any time
/// </code>
/// </summary>
internal sealed class DataDirectory : IDisposable
{
    const string LockName = "lock";
    static readonly string[] MadeAtFirst = ["staithe.db-wal", "staithe.db-shm", "staithe.db", "reserve", "id.next", LockName];

    readonly FileStream? held;
    IReadOnlyList<string> missing; // what was not there before the claim, in the order in which it can go

    DataDirectory(string path, FileStream? held, IReadOnlyList<string>? missing = null) => (Path, this.held, this.missing) = (path, held, missing ?? []);

    public string Path { get; }

    public string DatabaseFile => System.IO.Path.Combine(Path, "staithe.db");

    public string SecretFile => System.IO.Path.Combine(Path, "secret");

    /// <summary>What the database knows this directory by; null when there is none yet.</summary>
    public string? Id => File.Exists(IdFile) && File.ReadAllText(IdFile).Trim() is { Length: > 0 } id ? id : null;

    /// <summary>The file of <see cref="Id"/>.</summary>
    public string IdFile => System.IO.Path.Combine(Path, "id");

    string NextIdFile => $"{IdFile}.next";

    public string Blobs => System.IO.Path.Combine(Path, "blobs");

    public string Derived => System.IO.Path.Combine(Path, "derived");

    /// <summary>Leaves an id beside the directory's, durably: it becomes the directory's when the database has it too.</summary>
    public void PrepareId(string id)
    {
        using (var stream = PrivateFile.Open(NextIdFile, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            stream.Write(System.Text.Encoding.ASCII.GetBytes(id + "\n"));
            stream.Flush(flushToDisk: true);
        }
        NativeFile.SyncDirectory(Path);
    }

    /// <summary>Takes the prepared id for the directory's if the database has it; otherwise forgets it: whoever prepared it did not come to the end.</summary>
    public void SettleId(string? inDatabase)
    {
        if (!File.Exists(NextIdFile))
            return;
        if (File.ReadAllText(NextIdFile).Trim() == inDatabase)
            File.Move(NextIdFile, IdFile, overwrite: true);
        else
            File.Delete(NextIdFile);
        NativeFile.SyncDirectory(Path);
    }

    /// <summary>
    /// What others on this machine may read or change, the directory itself first: a sentence with the command that mends it. Null when nobody may.
    /// The blobs one by one are not looked at, only the directories that lead to them.
    /// </summary>
    public string? FindExposed()
    {
        if (OperatingSystem.IsWindows())
            return null;
        var exposed = new List<string>();
        foreach (var entry in Directory.EnumerateFileSystemEntries(Path).Order(StringComparer.Ordinal).Prepend(Path))
        {
            if ((File.GetUnixFileMode(entry) & ForOthers) != 0)
                exposed.Add(entry);
        }
        if (exposed.Count == 0)
            return null;
        var more = exposed.Count == 1 ? "" : $" and {exposed.Count - 1} more";
        return $"other users of this machine may get at {exposed[0]}{more}, and so perhaps at password hashes and private images: chmod -R u=rwX,go= {Path}";
    }

    const UnixFileMode ForOthers =
        UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    /// <summary>Makes the directory if need be and keeps other servers out of it until disposed.</summary>
    /// <exception cref="ConfigException">It cannot be made or written, or another server runs there.</exception>
    public static DataDirectory Claim(string path)
    {
        try
        {
            var missing = FindMissing(path);
            PrivateFile.CreateDirectory(path);
            var lockFile = System.IO.Path.Combine(path, LockName);
            return new DataDirectory(path, PrivateFile.Open(lockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None), missing);
        }
        catch (UnauthorizedAccessException) when (!Directory.Exists(path))
        {
            throw Refusal(
                $"{path} does not exist, and this user ({Environment.UserName}) cannot make it: "
                + $"make it as root (install -d -m 700 -o {Environment.UserName} {path}), or choose another with --data");
        }
        catch (UnauthorizedAccessException)
        {
            throw Refusal(
                $"{path} cannot be written by this user ({Environment.UserName}): run staithe as the user that it belongs to (sudo -u USER staithe …), "
                + $"give the directory to this user (chown -R {Environment.UserName} {path}), or choose another with --data");
        }
        catch (IOException e) when (DiskFault.Find(e) is { } fault)
        {
            throw Refusal($"{path}: {fault.Reason}");
        }
        catch (IOException e) when (Directory.Exists(path))
        {
            throw Refusal($"{path} is in use by another staithe, or cannot be locked ({e.Message}): stop that one, or choose another directory with --data");
        }
        catch (IOException e)
        {
            throw Refusal($"{path} cannot be made: {e.Message}");
        }
    }

    /// <summary>As <see cref="Claim"/>; null when a server runs there.</summary>
    public static DataDirectory? TryClaim(string path)
    {
        try
        {
            return Claim(path);
        }
        catch (ConfigException) when (File.Exists(System.IO.Path.Combine(path, LockName)))
        {
            return null;
        }
    }

    /// <summary>The directory for a look at it, whether or not a server runs there.</summary>
    /// <exception cref="ConfigException">There is none.</exception>
    public static DataDirectory Open(string path) => Directory.Exists(path)
        ? new DataDirectory(path, null)
        : throw Refusal($"{path} does not exist: name the directory of the registry with --data");

    static List<string> FindMissing(string path)
    {
        var missing = MadeAtFirst.Select(name => System.IO.Path.Combine(path, name)).Where(file => !File.Exists(file)).ToList();
        for (var above = System.IO.Path.GetFullPath(path); above is not null && !Directory.Exists(above); above = System.IO.Path.GetDirectoryName(above))
            missing.Add(above);
        return missing;
    }

    static ConfigException Refusal(string message) => new([new ConfigProblem("data", message)]);

    /// <summary>Says that a registry is here: what was made since the claim stays.</summary>
    public void Keep() => missing = [];

    /// <summary>
    /// Ends the claim. When no registry came of it (<see cref="Keep"/>), what was made since then goes too, so that a start with the wrong directory
    /// leaves that as it was.
    /// </summary>
    public void Dispose()
    {
        foreach (var path in missing)
        {
            try
            {
                if (Directory.Exists(path))
                    Directory.Delete(path); // never with what is in it
                else
                    File.Delete(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                break; // somebody else uses it
            }
        }
        missing = [];
        held?.Dispose();
    }
}
