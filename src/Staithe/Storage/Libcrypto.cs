using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Staithe.Storage;

/// <summary>The SHA-2 calls of OpenSSL 1.x to 3.x whose context is a public structure, so that it can be written down.</summary>
internal static unsafe partial class Libcrypto
{
    const string Library = "libcrypto.so.3";

    /// <summary>Behind the words of a context: how many bytes of the block are pending, and how many the hash has, each an int.</summary>
    public const int TailBytes = 8;

    /// <summary>Each of the calls answers 1 when it went well.</summary>
    public static void Check(int result)
    {
        if (result != 1)
            throw new CryptographicException("libcrypto could not hash");
    }

    [LibraryImport(Library)]
    public static partial int SHA256_Init(byte* context);

    [LibraryImport(Library)]
    public static partial int SHA256_Update(byte* context, byte* data, nuint length);

    [LibraryImport(Library)]
    public static partial int SHA256_Final(byte* hash, byte* context);

    [LibraryImport(Library)]
    public static partial int SHA512_Init(byte* context);

    [LibraryImport(Library)]
    public static partial int SHA512_Update(byte* context, byte* data, nuint length);

    [LibraryImport(Library)]
    public static partial int SHA512_Final(byte* hash, byte* context);
}
