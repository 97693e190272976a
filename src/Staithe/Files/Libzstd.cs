using System.Runtime.InteropServices;

namespace Staithe.Files;

/// <summary>Reading zstd, which the framework does not know. A machine without the library says so of each such layer.</summary>
internal static unsafe partial class Libzstd
{
    /// <summary>The parameter for the most memory that a stream may ask for, as a power of two.</summary>
    public const int WindowLogMax = 100;

    const string Library = "libzstd.so.1";

    static readonly Lazy<bool> Present = new(() => NativeLibrary.TryLoad(Library, out _));

    /// <summary>ZSTD_inBuffer and ZSTD_outBuffer.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct Buffer
    {
        public byte* Start;
        public nuint Size;
        public nuint Position;
    }

    /// <summary>Whether the library is there.</summary>
    public static bool IsPresent => Present.Value;

    [LibraryImport(Library)]
    public static partial nint ZSTD_createDCtx();

    [LibraryImport(Library)]
    public static partial nuint ZSTD_freeDCtx(nint context);

    [LibraryImport(Library)]
    public static partial nuint ZSTD_DCtx_setParameter(nint context, int parameter, int value);

    [LibraryImport(Library)]
    public static partial nuint ZSTD_decompressStream(nint context, Buffer* output, Buffer* input);

    [LibraryImport(Library)]
    public static partial uint ZSTD_isError(nuint result);
}
