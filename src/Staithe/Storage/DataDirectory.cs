using Staithe.Config;

namespace Staithe.Storage;

/// <summary>
/// Where everything of one server lies, as far as it is files:
/// <code>
/// DIR/lock           held by the server that runs here
/// DIR/id             which database this belongs to: see <see cref="Id"/>
/// DIR/reserve        see <see cref="DiskReserve"/>
/// DIR/secret         what hashes and encrypts secrets in the database; for the server's user alone
/// DIR/staithe.db     the facts, when they are in SQLite
/// DIR/blobs/ab/…     the bytes: see <see cref="StorageKey"/>
/// DIR/derived/…      what is made from the bytes, and can be made again: may be deleted at any time
/// </code>
/// </summary>
internal sealed class DataDirectory : IDisposable
{
    readonly FileStream? held;

    DataDirectory(string path, FileStream? held) => (Path, this.held) = (path, held);

    public string Path { get; }

    public string DatabaseFile => System.IO.Path.Combine(Path, "staithe.db");

    public string SecretFile => System.IO.Path.Combine(Path, "secret");

    /// <summary>What the database knows this directory by; null when there is none yet.</summary>
    public string? Id => File.Exists(IdFile) && File.ReadAllText(IdFile).Trim() is { Length: > 0 } id ? id : null;

    /// <summary>The file of <see cref="Id"/>.</summary>
    public string IdFile => System.IO.Path.Combine(Path, "id");

    public string Blobs => System.IO.Path.Combine(Path, "blobs");

    public string Derived => System.IO.Path.Combine(Path, "derived");

    /// <summary>Gives the directory an id, durably.</summary>
    public void SetId(string id)
    {
        using (var stream = PrivateFile.Open(IdFile, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            stream.Write(System.Text.Encoding.ASCII.GetBytes(id + "\n"));
            stream.Flush(flushToDisk: true);
        }
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
            PrivateFile.CreateDirectory(path);
            return new DataDirectory(path, PrivateFile.Open(System.IO.Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (UnauthorizedAccessException)
        {
            throw Refusal(
                $"{path} cannot be written by this user ({Environment.UserName}): run staithe as the user that it belongs to (sudo -u USER staithe …), give the directory to this user (chown -R {Environment.UserName} {path}), or choose another with --data");
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
        catch (ConfigException) when (File.Exists(System.IO.Path.Combine(path, "lock")))
        {
            return null;
        }
    }

    /// <summary>The directory for a look at it, whether or not a server runs there.</summary>
    /// <exception cref="ConfigException">There is none.</exception>
    public static DataDirectory Open(string path) => Directory.Exists(path)
        ? new DataDirectory(path, null)
        : throw Refusal($"{path} does not exist: name the directory of the registry with --data");

    static ConfigException Refusal(string message) => new([new ConfigProblem("data", message)]);

    public void Dispose() => held?.Dispose();
}
