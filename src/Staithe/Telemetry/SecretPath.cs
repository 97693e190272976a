namespace Staithe.Telemetry;

/// <summary>Paths and names that hold the secret of a link, made fit for a log: a link works for whoever reads it.</summary>
internal static class SecretPath
{
    const string Hidden = "***";
    const string Shared = "s";

    /// <summary>Whether the path is below a word that a secret follows.</summary>
    public static bool Is(string path) => !ReferenceEquals(Hide(path), path);

    /// <summary>The path, without the secret.</summary>
    /// <param name="path">As the client wrote it.</param>
    public static string Hide(string path)
    {
        // A page's path begins with the word; that of an endpoint for repositories, such as "/v2/s/SECRET", has it where their names begin.
        // However much of it is percent-encoded, or comes after slashes too many.
        var parts = path.Split('/');
        var word = Next(parts, 0);
        if (word >= 0 && Decode(parts[word]) is not (Shared or "invite" or "setup"))
        {
            word = Next(parts, word + 1);
            if (word >= 0 && Decode(parts[word]) != Shared)
                return path;
        }
        if (word < 0 || Next(parts, word + 1) is not (>= 0 and var secret))
            return path;
        parts[secret] = Hidden;
        return string.Join('/', parts);
    }

    /// <summary>The name of a repository, unless it is one that a secret stands in.</summary>
    public static string? HideName(string? name) => name is ['s', '/', ..] ? $"{Shared}/{Hidden}" : name;

    static int Next(string[] parts, int from) => Array.FindIndex(parts, from, part => part.Length > 0);

    static string Decode(string part) => part.Contains('%', StringComparison.Ordinal) ? Uri.UnescapeDataString(part) : part;
}
