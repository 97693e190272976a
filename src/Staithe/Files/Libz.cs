using System.Runtime.InteropServices;

namespace Staithe.Files;

/// <summary>
/// The calls of zlib that the framework's own copy does not offer: stopping between two blocks of a stream, and going on from there later
/// with the 32 KiB before as a dictionary. Every Linux has the library; without it there are no places to go on from.
/// </summary>
internal static unsafe partial class Libz
{
    /// <summary>Results of <see cref="inflate"/>.</summary>
    public const int Ok = 0, StreamEnd = 1, BufferError = -5;

    /// <summary>Tells <see cref="inflate"/> to stop behind each block.</summary>
    public const int StopBehindBlock = 5;

    /// <summary>Kinds of streams: with the header of gzip, and with none.</summary>
    public const int Gzip = 31, Raw = -15;

    /// <summary>How far back a stream may refer.</summary>
    public const int WindowBytes = 32 * 1024;

    const string Library = "libz.so.1";
    const string Version = "1"; // the library looks at the first character only

    static readonly Lazy<bool> Present = new(() => NativeLibrary.TryLoad(Library, out _) && sizeof(nuint) == 8);

    /// <summary>z_stream, as it is where pointers and longs have 8 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct State
    {
        public byte* NextIn;
        public uint AvailableIn;
        public nuint TotalIn;
        public byte* NextOut;
        public uint AvailableOut;
        public nuint TotalOut;
        public byte* Message;
        public void* Inner;
        public void* Allocate;
        public void* Free;
        public void* Opaque;
        public int DataType;
        public nuint Adler;
        public nuint Reserved;
    }

    /// <summary>Whether the library is there.</summary>
    public static bool IsPresent => Present.Value;

    public static int Begin(State* state, int kind) => inflateInit2_(state, kind, Version, sizeof(State));

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int inflateInit2_(State* state, int windowBits, string version, int size);

    [LibraryImport(Library)]
    public static partial int inflate(State* state, int flush);

    [LibraryImport(Library)]
    public static partial int inflateReset2(State* state, int windowBits);

    [LibraryImport(Library)]
    public static partial int inflatePrime(State* state, int bits, int value);

    [LibraryImport(Library)]
    public static partial int inflateSetDictionary(State* state, byte* dictionary, uint length);

    [LibraryImport(Library)]
    public static partial int inflateGetDictionary(State* state, byte* dictionary, uint* length);

    [LibraryImport(Library)]
    public static partial int inflateEnd(State* state);
}
