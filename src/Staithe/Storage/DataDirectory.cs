using Staithe.Config;

namespace Staithe.Storage;

/// <summary>
/// Where everything of one server lies, as far as it is files:
/// <code>
/// DIR/lock           held by the server that runs here
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

    public string Blobs => System.IO.Path.Combine(Path, "blobs");

    public string Derived => System.IO.Path.Combine(Path, "derived");

    /// <summary>Makes the directory if need be and keeps other servers out of it until disposed.</summary>
    /// <exception cref="ConfigException">It cannot be made or written, or another server runs there.</exception>
    public static DataDirectory Claim(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
            return new DataDirectory(path, new FileStream(System.IO.Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (UnauthorizedAccessException)
        {
            throw new ConfigException([new ConfigProblem("data", $"{path} cannot be written by this user: choose another directory with --data")]);
        }
        catch (IOException e) when (Directory.Exists(path))
        {
            throw new ConfigException([new ConfigProblem("data", $"{path} is in use by another staithe, or cannot be locked ({e.Message}): stop that one, or choose another directory with --data")]);
        }
        catch (IOException e)
        {
            throw new ConfigException([new ConfigProblem("data", $"{path} cannot be made: {e.Message}")]);
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
        : throw new ConfigException([new ConfigProblem("data", $"{path} does not exist: name the directory of the registry with --data")]);

    public void Dispose() => held?.Dispose();
}
