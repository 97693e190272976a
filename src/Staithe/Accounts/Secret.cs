using System.Security.Cryptography;

namespace Staithe.Accounts;

/// <summary>
/// Secrets that the registry makes: a word that says of what kind, and 256 random bits in letters and digits that need no quoting anywhere.
/// They are shown once and stored as a keyed hash (see <see cref="ServerSecret"/>), which is enough for what nobody can guess.
/// </summary>
internal static class Secret
{
    /// <summary>A person's token for programs.</summary>
    public const string Personal = "stp_";

    /// <summary>What <c>docker login</c> keeps instead of the password.</summary>
    public const string Refresh = "stf_";

    /// <summary>A robot's.</summary>
    public const string Robot = "str_";

    /// <summary>A browser's, in a cookie.</summary>
    public const string Session = "stw_";

    /// <summary>The link by which the first account is made.</summary>
    public const string Setup = "sts_";

    const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";
    const int Letters = 52; // of five bits each: 260
    const int PathLetters = 32; // 160 bits, because people see it

    /// <summary>A new one.</summary>
    public static string Create(string kind) => kind + RandomNumberGenerator.GetString(Alphabet, Letters);

    /// <summary>A new one for a link: letters and digits alone, as it stands for a part of a repository's name.</summary>
    public static string CreateForPath() => RandomNumberGenerator.GetString(Alphabet, PathLetters);

    /// <summary>Whether it looks like one for a link.</summary>
    public static bool IsForPath(string text) => text.Length == PathLetters && text.All(Alphabet.Contains);

    /// <summary>Whether it looks like one of a kind.</summary>
    public static bool Is(string text, string kind) => text.Length == kind.Length + Letters && text.StartsWith(kind, StringComparison.Ordinal);
}
