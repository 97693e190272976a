using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Staithe.Accounts;

/// <summary>
/// Passwords at rest: PBKDF2 with HMAC-SHA-512 (RFC 8018) and a salt of 16 bytes, as <c>pbkdf2-sha512$rounds$salt$hash</c>. The rounds are those
/// that OWASP recommends now; a password that was hashed with fewer is hashed anew when its owner signs in.
/// </summary>
internal static class PasswordHash
{
    /// <summary>The least and the most characters; the most bounds what a sign-in can cost.</summary>
    public const int MinLength = 8, MaxLength = 1000;

    const int Rounds = 210_000;
    const int SaltBytes = 16;
    const int HashBytes = 32;
    const string Scheme = "pbkdf2-sha512";

    /// <summary>A hash that no password has: what the password of somebody unknown is compared with, so that it takes as long.</summary>
    public static string OfNobody { get; } = Format(Rounds, new byte[SaltBytes], new byte[HashBytes]);

    public static string Create(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return Format(Rounds, salt, Derive(password, salt, Rounds));
    }

    /// <summary>Whether it is the password. Takes tens of milliseconds of CPU, on purpose.</summary>
    public static bool Verify(string password, string hash)
    {
        if (hash.Split('$') is not [Scheme, var rounds, var salt, var expected] || !int.TryParse(rounds, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            throw new InvalidDataException("a password's hash is not one that Staithe wrote");
        return CryptographicOperations.FixedTimeEquals(Derive(password, Convert.FromBase64String(salt), number), Convert.FromBase64String(expected));
    }

    /// <summary>Whether it should be hashed anew.</summary>
    public static bool IsWeak(string hash) => !hash.StartsWith($"{Scheme}${Rounds}$", StringComparison.Ordinal);

    static byte[] Derive(string password, byte[] salt, int rounds) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password.Normalize(NormalizationForm.FormC)), salt, rounds, HashAlgorithmName.SHA512, HashBytes);

    static string Format(int rounds, byte[] salt, byte[] hash) =>
        string.Create(CultureInfo.InvariantCulture, $"{Scheme}${rounds}${Convert.ToBase64String(salt)}${Convert.ToBase64String(hash)}");
}
