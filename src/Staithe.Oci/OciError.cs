namespace Staithe.Oci;

/// <summary>
/// Every way a /v2 request can be refused: a code of the distribution-spec ("Error Codes") and the one status it goes out with. Where
/// the specification has no code for a refusal, the nearest of its codes carries the status that HTTP has for it.
/// </summary>
/// <param name="Code">The <c>code</c> of the JSON body.</param>
/// <param name="Status">The HTTP status.</param>
public sealed record OciError(string Code, int Status)
{
    /// <summary>Whether it says that something is not in the repository, or that there is no such repository.</summary>
    public bool IsAbsence => this == NameUnknown || this == ManifestUnknown || this == BlobUnknown || this == BlobUploadUnknown;

    /// <summary>code-1: this repository has no such blob.</summary>
    public static readonly OciError BlobUnknown = new("BLOB_UNKNOWN", 404);
    /// <summary>code-2: the upload request makes no sense.</summary>
    public static readonly OciError BlobUploadInvalid = new("BLOB_UPLOAD_INVALID", 400);
    /// <summary>code-3: no such upload in this repository: never begun, finished, cancelled or expired.</summary>
    public static readonly OciError BlobUploadUnknown = new("BLOB_UPLOAD_UNKNOWN", 404);
    /// <summary>code-4: a digest that is none, or that does not match the content.</summary>
    public static readonly OciError DigestInvalid = new("DIGEST_INVALID", 400);
    /// <summary>code-5: the manifest names content that the repository does not have.</summary>
    public static readonly OciError ManifestBlobUnknown = new("MANIFEST_BLOB_UNKNOWN", 404);
    /// <summary>code-6: the manifest is not one.</summary>
    public static readonly OciError ManifestInvalid = new("MANIFEST_INVALID", 400);
    /// <summary>code-6: the manifest is larger than the registry takes.</summary>
    public static readonly OciError ManifestTooLarge = new("MANIFEST_INVALID", 413);
    /// <summary>code-6: more tags in one push than the registry takes.</summary>
    public static readonly OciError TooManyTags = new("MANIFEST_INVALID", 414);
    /// <summary>code-7: this repository has no such manifest.</summary>
    public static readonly OciError ManifestUnknown = new("MANIFEST_UNKNOWN", 404);
    /// <summary>code-8: the repository name breaks the grammar.</summary>
    public static readonly OciError NameInvalid = new("NAME_INVALID", 400);
    /// <summary>code-9: no such repository.</summary>
    public static readonly OciError NameUnknown = new("NAME_UNKNOWN", 404);
    /// <summary>code-10: the body is not as long as was said.</summary>
    public static readonly OciError SizeInvalid = new("SIZE_INVALID", 400);
    /// <summary>code-11: who are you? Goes with a <c>WWW-Authenticate</c> header.</summary>
    public static readonly OciError Unauthorized = new("UNAUTHORIZED", 401);
    /// <summary>code-12: known, and not allowed to do this.</summary>
    public static readonly OciError Denied = new("DENIED", 403);
    /// <summary>code-12: a condition of the request (<c>If-Match</c>, <c>If-None-Match</c>) does not hold.</summary>
    public static readonly OciError PreconditionFailed = new("DENIED", 412);
    /// <summary>code-12: the request is for a host that this registry does not answer for (RFC 9110 section 15.5.20).</summary>
    public static readonly OciError Misdirected = new("DENIED", 421);
    /// <summary>code-13: the endpoint does not take this method, or not now.</summary>
    public static readonly OciError Unsupported = new("UNSUPPORTED", 405);
    /// <summary>code-13: a parameter that the endpoint cannot take.</summary>
    public static readonly OciError ParameterInvalid = new("UNSUPPORTED", 400);
    /// <summary>code-13: no such endpoint.</summary>
    public static readonly OciError EndpointUnknown = new("UNSUPPORTED", 404);
    /// <summary>code-14: too many attempts; goes with a <c>Retry-After</c> header.</summary>
    public static readonly OciError TooManyRequests = new("TOOMANYREQUESTS", 429);
    /// <summary>A chunk out of order, or a range outside the blob.</summary>
    public static readonly OciError RangeInvalid = new("RANGE_INVALID", 416);
    /// <summary>The client sent its body too slowly.</summary>
    public static readonly OciError RequestTimeout = new("UNKNOWN", 408);
    /// <summary>The request is not HTTP as the server understands it.</summary>
    public static readonly OciError RequestInvalid = new("UNKNOWN", 400);
    /// <summary>A fault of the server.</summary>
    public static readonly OciError Unknown = new("UNKNOWN", 500);
    /// <summary>The database or the storage cannot be reached now.</summary>
    public static readonly OciError Unavailable = new("UNKNOWN", 503);
    /// <summary>The disk is full.</summary>
    public static readonly OciError StorageFull = new("UNKNOWN", 507);
}
