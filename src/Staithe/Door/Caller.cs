using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Oci;

namespace Staithe.Door;

/// <summary>Who makes a request, how they have shown it, and what was decided about the repository it is for.</summary>
/// <param name="Who">Whom the credentials belong to.</param>
/// <param name="Address">Where the caller is.</param>
internal sealed record Caller(Identity Who, string? Address)
{
    /// <summary>What was presented, when it was a token that carries its own decisions.</summary>
    public BearerToken? Token { get; init; }

    /// <summary>The secret of the browser's session, when that was presented and holds.</summary>
    public string? Session { get; init; }

    /// <summary>On the repository of the route; nothing before that was decided, and where the route has none.</summary>
    public Decision Decision { get; init; } = Decision.Nothing;

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
