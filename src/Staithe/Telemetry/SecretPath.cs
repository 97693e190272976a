namespace Staithe.Telemetry;

/// <summary>Paths that hold the secret of a link, made fit for a log: a link works for whoever reads it.</summary>
internal static class SecretPath
{
    const string Hidden = "***";

    /// <summary>Whether the path is below a word that a secret follows.</summary>
    public static bool Is(string path) => Hide(path) is var hidden && !ReferenceEquals(hidden, path);

    /// <summary>The path, without the secret.</summary>
    /// <param name="path">As the client wrote it.</param>
    public static string Hide(string path)
    {
        // Both "/s/SECRET" and "/v2/s/SECRET", and however much of it is percent-encoded, or comes after slashes too many.
        var parts = path.Split('/');
        var word = Array.FindIndex(parts, part => part.Length > 0);
        var isRegistry = word >= 0 && Decode(parts[word]) == "v2";
        if (isRegistry)
            word = Array.FindIndex(parts, word + 1, part => part.Length > 0);
        if (word < 0 || !(Decode(parts[word]) is "s" || (!isRegistry && Decode(parts[word]) is "invite" or "setup")))
            return path;
        var secret = Array.FindIndex(parts, word + 1, part => part.Length > 0);
        if (secret < 0)
            return path;
        parts[secret] = Hidden;
        return string.Join('/', parts);
    }

    static string Decode(string part) => part.Contains('%', StringComparison.Ordinal) ? Uri.UnescapeDataString(part) : part;
}
