namespace Staithe.Files;

/// <summary>How the archive of a layer is compressed. The bytes say so themselves; media types are not always right.</summary>
internal enum LayerFormat
{
    Tar,
    Gzip,
    Zstd,
}
