namespace Staithe.Storage;

/// <summary>
/// Why a disk took nothing more. Every face answers it with 507 (RFC 4918 section 11.5) and the reason; this table is the one place that tells
/// such an error of the system from a bug.
/// </summary>
/// <param name="Reason">What is wrong and what to do, for the client: a sentence without its full stop.</param>
internal sealed record DiskFault(string Reason)
{
    const int NoSpace = 28; // ENOSPC
    const int TooLarge = 27; // EFBIG
    const int ReadOnlyDisk = 30; // EROFS
    const int NoQuota = 122; // EDQUOT

    /// <summary>No block is free, or none but the reserve.</summary>
    public static readonly DiskFault Full = new("the registry's disk is full: delete images, or try again when its operator has made room");

    static readonly DiskFault Quota = new("the registry's disk quota is used up: delete images, or try again when its operator has made room");

    static readonly DiskFault ReadOnly = new("the registry's disk is read-only, as systems make a disk that fails: try again when its operator has mended it");

    static readonly DiskFault File = new("the registry's file system, or a limit of its process, takes no file as large as this: push smaller layers");

    /// <summary>The fault that an exception tells of; null when it tells of none.</summary>
    public static DiskFault? Find(Exception? exception)
    {
        for (; exception is not null; exception = exception.InnerException)
        {
            if (exception is DiskException disk)
                return disk.Fault;
            if (exception is IOException && Of(exception.HResult) is { } fault)
                return fault;
        }
        return null;
    }

    /// <summary>The fault that an error number of the system stands for, which the framework carries in <see cref="Exception.HResult"/>.</summary>
    public static DiskFault? Of(int error) => error switch
    {
        NoSpace => Full,
        NoQuota => Quota,
        ReadOnlyDisk => ReadOnly,
        TooLarge => File,
        _ => null,
    };

    /// <summary>The framework tells of a file that grew too large as of a wrong argument.</summary>
    public static DiskException TooLargeFor(ArgumentOutOfRangeException exception) => new(File, exception);
}

/// <summary>A disk took nothing more.</summary>
internal sealed class DiskException(DiskFault fault, Exception? inner = null) : IOException(fault.Reason, inner)
{
    public DiskFault Fault { get; } = fault;
}
