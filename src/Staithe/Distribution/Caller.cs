using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Oci;

namespace Staithe.Distribution;

/// <summary>Who makes a request, and what was decided about the repository it is for.</summary>
/// <param name="Decision">On the repository of the route; nothing where the route has none.</param>
/// <param name="Address">Where the caller is.</param>
/// <param name="Token">What was presented, when it was a token that carries its own decisions.</param>
internal sealed record Caller(Identity Who, Decision Decision, string? Address, BearerToken? Token)
{
    public Actor Actor => new(Who.Name, Address);

    /// <summary>The same, for what may make a repository.</summary>
    public Creator Creator => Who.Creator(Actor);

    /// <summary>Whether a push may give a tag its first manifest, or another one.</summary>
    public bool MayTag(TagName tag, bool isThere) => Decision.May(isThere ? Rights.Move : Rights.Push, tag);

    /// <summary>A right to delete some tags is none to delete others, nor a manifest, which takes all its tags along.</summary>
    /// <exception cref="MissingRightException">The right is missing.</exception>
    public void CheckDelete(OciRoute.Manifest route)
    {
        if (route.Reference.Tag is { } tag ? !Decision.May(Rights.Delete, tag) : !Decision.Always.HasFlag(Rights.Delete))
            throw new MissingRightException(Rights.Delete, route.Reference.Tag);
    }
}
