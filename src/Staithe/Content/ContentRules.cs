using Staithe.Config;

namespace Staithe.Content;

/// <summary>The settings that content lives by.</summary>
/// <param name="Sparse">Which missing references a manifest may have.</param>
/// <param name="UploadExpiry">After how long an untouched upload is dropped.</param>
/// <param name="Lease">For how long an acknowledged blob waits for its manifest.</param>
/// <param name="Trash">For how long deleted bytes stay on disk.</param>
/// <param name="Uploads">How many uploads may be open.</param>
internal sealed record ContentRules(
    SparsePolicy Sparse,
    TimeSpan UploadExpiry,
    TimeSpan Lease,
    TimeSpan Trash,
    UploadLimits Uploads);
