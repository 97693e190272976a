using Staithe.Oci;

namespace Staithe.Storage;

/// <summary>
/// Where the bytes of one upload lie, and for good: an upload that becomes a blob keeps its key, so bytes never move.
/// <code>
/// blobs/3f/3f0c1a9e-…     the first two characters of the upload's id, then the id
/// </code>
/// Each key is used once and never written again after its row in <c>blobs</c> exists.
/// </summary>
internal static class StorageKey
{
    public static string For(UploadId upload) => $"{upload.Value[..2]}/{upload.Value}";
}
