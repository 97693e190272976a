using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Staithe.Storage;

/// <summary>The SHA-2 calls of OpenSSL 1.x to 3.x whose context is a public structure, so that it can be written down.</summary>
internal static unsafe partial class Libcrypto
{
    const string Library = "libcrypto.so.3";

    [StructLayout(LayoutKind.Sequential)]
    public struct Sha256Context
    {
        public fixed uint Words[8];
        public uint BitsLow;
        public uint BitsHigh;
        public fixed byte Pending[64];
        public uint PendingBytes;
        public uint HashBytes;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct Sha512Context
    {
        public fixed ulong Words[8];
        public ulong BitsLow;
        public ulong BitsHigh;
        public fixed byte Pending[128];
        public uint PendingBytes;
        public uint HashBytes;
    }

    /// <summary>Each of the calls answers 1 when it went well.</summary>
    public static void Check(int result)
    {
        if (result != 1)
            throw new CryptographicException("libcrypto could not hash");
    }

    [LibraryImport(Library)]
    public static partial int SHA256_Init(Sha256Context* context);

    [LibraryImport(Library)]
    public static partial int SHA256_Update(Sha256Context* context, byte* data, nuint length);

    [LibraryImport(Library)]
    public static partial int SHA256_Final(byte* hash, Sha256Context* context);

    [LibraryImport(Library)]
    public static partial int SHA512_Init(Sha512Context* context);

    [LibraryImport(Library)]
    public static partial int SHA512_Update(Sha512Context* context, byte* data, nuint length);

    [LibraryImport(Library)]
    public static partial int SHA512_Final(byte* hash, Sha512Context* context);
}
