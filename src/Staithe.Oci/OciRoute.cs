namespace Staithe.Oci;

/// <summary>The endpoints of the distribution-spec as records: a path is read once, at the door, and everything behind has typed values.</summary>
public abstract record OciRoute
{
    const string DigestParameter = "digest=";

    OciRoute() { }

    /// <summary>The repository the request is about, or null for the two endpoints that have none.</summary>
    public virtual RepositoryName? Repository => null;

    /// <summary>The path of the endpoint, as the specification writes it: what <c>Location</c> tells.</summary>
    public abstract string Path { get; }

    /// <summary>Every <see cref="Kind"/> there is.</summary>
    public static IReadOnlyList<string> Kinds { get; } = ["base", "repositories", "manifest", "blob", "uploads", "upload", "tags", "referrers"];

    /// <summary>A word for logs and metrics.</summary>
    public abstract string Kind { get; }

    /// <summary>end-1: <c>/v2/</c>.</summary>
    public sealed record Base : OciRoute
    {
        /// <inheritdoc/>
        public override string Path => "/v2/";
        /// <inheritdoc/>
        public override string Kind => "base";
    }

    /// <summary><c>/v2/_catalog</c> of the Docker Registry API.</summary>
    public sealed record RepositoryList : OciRoute
    {
        /// <inheritdoc/>
        public override string Path => "/v2/_catalog";
        /// <inheritdoc/>
        public override string Kind => "repositories";
    }

    /// <summary>end-3, end-7, end-9: <c>/v2/&lt;name&gt;/manifests/&lt;tag-or-digest&gt;</c>.</summary>
    public sealed record Manifest(RepositoryName Name, Reference Reference) : OciRoute
    {
        /// <inheritdoc/>
        public override RepositoryName Repository => Name;
        /// <inheritdoc/>
        public override string Path => $"/v2/{Name}/manifests/{Reference}";
        /// <inheritdoc/>
        public override string Kind => "manifest";
    }

    /// <summary>end-2, end-10: <c>/v2/&lt;name&gt;/blobs/&lt;digest&gt;</c>.</summary>
    public sealed record Blob(RepositoryName Name, Digest Digest) : OciRoute
    {
        /// <inheritdoc/>
        public override RepositoryName Repository => Name;
        /// <inheritdoc/>
        public override string Path => $"/v2/{Name}/blobs/{Digest}";
        /// <inheritdoc/>
        public override string Kind => "blob";
    }

    /// <summary>end-4, end-11: <c>/v2/&lt;name&gt;/blobs/uploads/</c>.</summary>
    public sealed record UploadStart(RepositoryName Name) : OciRoute
    {
        /// <inheritdoc/>
        public override RepositoryName Repository => Name;
        /// <inheritdoc/>
        public override string Path => $"/v2/{Name}/blobs/uploads/";
        /// <inheritdoc/>
        public override string Kind => "uploads";
    }

    /// <summary>end-5, end-6, end-13, end-14: a <c>&lt;blob-push-location&gt;</c>.</summary>
    public sealed record Upload(RepositoryName Name, UploadId Id) : OciRoute
    {
        /// <summary>
        /// The <c>digest</c> of a client that appends <c>&amp;digest=…</c> to the location without looking whether that has a query; null when there is none.
        /// </summary>
        public string? Digest { get; init; }

        /// <inheritdoc/>
        public override RepositoryName Repository => Name;
        /// <inheritdoc/>
        public override string Path => $"/v2/{Name}/blobs/uploads/{Id}";
        /// <inheritdoc/>
        public override string Kind => "upload";
    }

    /// <summary>end-8: <c>/v2/&lt;name&gt;/tags/list</c>.</summary>
    public sealed record TagList(RepositoryName Name) : OciRoute
    {
        /// <inheritdoc/>
        public override RepositoryName Repository => Name;
        /// <inheritdoc/>
        public override string Path => $"/v2/{Name}/tags/list";
        /// <inheritdoc/>
        public override string Kind => "tags";
    }

    /// <summary>end-12: <c>/v2/&lt;name&gt;/referrers/&lt;digest&gt;</c>.</summary>
    public sealed record ReferrerList(RepositoryName Name, Digest Subject) : OciRoute
    {
        /// <inheritdoc/>
        public override RepositoryName Repository => Name;
        /// <inheritdoc/>
        public override string Path => $"/v2/{Name}/referrers/{Subject}";
        /// <inheritdoc/>
        public override string Kind => "referrers";
    }

    /// <summary>The same endpoint of another repository.</summary>
    public OciRoute Of(RepositoryName name) => this switch
    {
        Manifest route => route with { Name = name },
        Blob route => route with { Name = name },
        UploadStart route => route with { Name = name },
        Upload route => route with { Name = name },
        TagList route => route with { Name = name },
        ReferrerList route => route with { Name = name },
        _ => this,
    };

    /// <summary>
    /// Reads a request's path: what follows <c>/v2</c>, still percent-encoded, without the query. Read from its end, because every word of
    /// the endpoints is also a legal part of a repository name.
    /// </summary>
    /// <exception cref="OciException">NAME_INVALID, DIGEST_INVALID, MANIFEST_INVALID, or a 404 when no endpoint has this form.</exception>
    public static OciRoute Parse(string method, string path)
    {
        if (path is "" or "/")
            return new Base();
        var parts = Split(path);
        return parts switch
        {
            ["_catalog"] => new RepositoryList(),
            [.. var name, "blobs", "uploads", ""] when name.Length > 0 => new UploadStart(ToName(name)),
            [.. var name, "blobs", "uploads"] when name.Length > 0 => new UploadStart(ToName(name)),
            [.. var name, "blobs", "uploads", var id] when name.Length > 0 => ToUpload(name, id),
            [.. var name, "tags", "list"] when name.Length > 0 => new TagList(ToName(name)),
            [.. var name, "manifests", var reference] when name.Length > 0 => new Manifest(ToName(name), ToReference(method, reference)),
            [.. var name, "blobs", var digest] when name.Length > 0 => new Blob(ToName(name), Digest.ParseSupported(digest)),
            [.. var name, "referrers", var digest] when name.Length > 0 => new ReferrerList(ToName(name), Digest.Parse(digest)),
            _ => throw new OciException(OciError.EndpointUnknown, $"there is no endpoint /v2{OciException.Quote(path)}"),
        };
    }

    // Nothing legal in a path needs percent-encoding, but some clients encode the colon of a digest. A part that hides a slash, a dot
    // segment or a control character behind its encoding fails the grammar it is then read with.
    static string[] Split(string path)
    {
        var parts = path[(path[0] == '/' ? 1 : 0)..].Split('/');
        for (var i = 0; i < parts.Length; i++)
        {
            if (parts[i].Contains('%', StringComparison.Ordinal))
                parts[i] = Uri.UnescapeDataString(parts[i]);
        }
        return parts;
    }

    // A decoded part with a slash in it must not turn into two parts.
    static RepositoryName ToName(string[] parts) =>
        RepositoryName.Parse(string.Join('/', parts.Select(part => part.Replace("/", "%2f", StringComparison.Ordinal))));

    // No id holds an ampersand: what follows one was meant for the query.
    static Upload ToUpload(string[] name, string text)
    {
        var parameters = text.Split('&');
        return new Upload(ToName(name), ToId(parameters[0]))
        {
            Digest = parameters.Skip(1).FirstOrDefault(one => one.StartsWith(DigestParameter, StringComparison.Ordinal))?[DigestParameter.Length..],
        };
    }

    static UploadId ToId(string text) => UploadId.TryParse(text, out var id)
        ? id
        : throw new OciException(OciError.BlobUploadUnknown, "no such upload: begin one with POST and use the Location it answers with");

    // A malformed tag can be asked for, and is not there; it cannot be set.
    static Reference ToReference(string method, string text)
    {
        if (text.Contains(':', StringComparison.Ordinal))
            return Reference.To(Digest.ParseSupported(text));
        if (method == "PUT")
            return Reference.To(TagName.Parse(text));
        return TagName.TryParse(text, out var tag)
            ? Reference.To(tag)
            : throw new OciException(OciError.ManifestUnknown, $"\"{OciException.Quote(text)}\" is neither a tag nor a digest, so there is no manifest under it");
    }
}
