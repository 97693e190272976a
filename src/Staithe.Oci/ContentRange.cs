using System.Globalization;

namespace Staithe.Oci;

/// <summary>The <c>Content-Range</c> of an uploaded chunk: <c>^[0-9]+-[0-9]+$</c>, both ends inclusive (distribution-spec, "Pushing a blob in chunks").</summary>
/// <param name="First">Position of the chunk's first byte.</param>
/// <param name="Last">Position of the chunk's last byte.</param>
public readonly record struct ContentRange(long First, long Last)
{
    /// <summary>The bytes in the chunk.</summary>
    public long Length => Last - First + 1;

    /// <summary>Reads the header; null when there is none. The <c>bytes</c> form of RFC 9110 is taken too, since some clients send it.</summary>
    /// <exception cref="OciException">BLOB_UPLOAD_INVALID when the header is no range.</exception>
    public static ContentRange? Parse(string? header)
    {
        if (string.IsNullOrEmpty(header))
            return null;
        var text = header.AsSpan().Trim();
        if (text.StartsWith("bytes ", StringComparison.OrdinalIgnoreCase))
        {
            text = text[6..];
            var slash = text.IndexOf('/');
            text = slash < 0 ? text : text[..slash];
        }
        var dash = text.IndexOf('-');
        return dash > 0
            && long.TryParse(text[..dash], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
            && long.TryParse(text[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var last)
            && first <= last && last < long.MaxValue
            ? new ContentRange(first, last)
            : throw new OciException(OciError.BlobUploadInvalid, $"Content-Range \"{OciException.Quote(header)}\" is not of the form FIRST-LAST");
    }
}
