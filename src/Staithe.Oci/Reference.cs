namespace Staithe.Oci;

/// <summary>What follows <c>/manifests/</c>: a tag or a digest (<c>&lt;tag-or-digest&gt;</c> of the distribution-spec). Exactly one is set.</summary>
public sealed record Reference
{
    Reference(TagName? tag, Digest? digest) => (Tag, Digest) = (tag, digest);

    /// <summary>The tag, or null when this is a digest.</summary>
    public TagName? Tag { get; }

    /// <summary>The digest, or null when this is a tag.</summary>
    public Digest? Digest { get; }

    /// <summary>A reference by tag.</summary>
    public static Reference To(TagName tag) => new(tag, null);

    /// <summary>A reference by digest.</summary>
    public static Reference To(Digest digest) => new(null, digest);

    /// <inheritdoc/>
    public override string ToString() => Tag?.Value ?? Digest!.Value;
}
