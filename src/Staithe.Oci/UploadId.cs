using System.Diagnostics.CodeAnalysis;

namespace Staithe.Oci;

/// <summary>
/// The session id of an upload: the UUID in a <c>&lt;blob-push-location&gt;</c> (distribution-spec, "Pushing blobs"). Random, so that
/// nobody can guess another's.
/// </summary>
public sealed record UploadId
{
    UploadId(string value) => Value = value;

    /// <summary>The id as it is written, with hyphens and in lower case.</summary>
    public string Value { get; }

    /// <summary>A new id.</summary>
    public static UploadId Create() => new(Guid.NewGuid().ToString("D"));

    /// <summary>Reads an id; false when the text is not one in the form that <see cref="Create"/> gives.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out UploadId? id)
    {
        id = Guid.TryParseExact(text, "D", out var guid) && guid.ToString("D") == text ? new UploadId(text) : null;
        return id is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => Value;
}
