using Staithe.Accounts;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>A request went past the first decision, on its repository, and then needed a right on a tag that its caller does not have. Whoever let it in says why.</summary>
/// <param name="right">The right.</param>
/// <param name="tag">The tag; null for a digest, for which a right on some tags is not enough.</param>
internal sealed class MissingRightException(Rights right, TagName? tag)
    : Exception($"the right {RightsText.Format(right)} is missing{(tag is null ? "" : $" for the tag {tag}")}")
{
    public Rights Right { get; } = right;

    public TagName? Tag { get; } = tag;
}
