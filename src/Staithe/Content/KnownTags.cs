using Staithe.Oci;

namespace Staithe.Content;

/// <summary>Tells whoever asked for a tag that is not there which tags are.</summary>
internal static class KnownTags
{
    /// <summary>How many are read for it: one more than are told.</summary>
    public const int MaxRead = MaxTold + 1;

    const int MaxTold = 10;

    /// <summary>The end of a message: <c> (tags: 1.1, 1.0)</c>, or that there is none.</summary>
    /// <param name="tags">The tags of the repository, those to name first first.</param>
    public static string Hint(IReadOnlyList<string> tags) => tags.Count == 0
        ? " (it has no tags)"
        : $" (tags: {string.Join(", ", tags.Take(MaxTold).Select(OciException.Quote))}{(tags.Count > MaxTold ? ", …" : "")})";
}
