using Staithe.Accounts;

namespace Staithe.Access;

/// <summary>What kind of asker.</summary>
internal enum IdentityKind
{
    /// <summary>Nobody that is known.</summary>
    Anonymous,

    User,

    Robot,

    /// <summary>Everybody, on a registry that is open.</summary>
    Anybody,
}

/// <summary>Who is asking, once that is settled.</summary>
/// <param name="Id">The row of the user or robot.</param>
/// <param name="Name">What the audit calls it.</param>
/// <param name="IsAdmin">May manage the registry as a whole. That is no right on anybody's content.</param>
/// <param name="Limit">What the credential holds back of what its owner may; null when it is not limited.</param>
internal sealed record Identity(IdentityKind Kind, long Id, string Name, bool IsAdmin, Limit? Limit = null)
{
    /// <summary>
    /// When the credential ends that was shown, in milliseconds since 1970; null for one that has no end. Nothing that is made or given with the
    /// credential lasts longer. A browser's session stands for the password, which has no end.
    /// </summary>
    public long? EndsAt { get; init; }

    /// <summary>Whether an admin has shown a token that does not manage the registry.</summary>
    public bool IsAdminHeldBack { get; init; }

    /// <summary>What was shown, so that what was exchanged for it can end with it. Null for nobody and for everybody.</summary>
    public Credential? Shown { get; init; }

    /// <summary>Whether the credential holds back nothing of what its user may, and lasts: the password, or a token without any limit.</summary>
    public bool IsWhole => Kind == IdentityKind.User && EndsAt is null && (Limit is null or { Rights: Rights.Admin, Target: null });

    /// <summary>The same, for what may make a repository.</summary>
    public Creator Creator(Audit.Actor actor) => new(
        actor,
        Kind == IdentityKind.User ? Id : null,
        Kind == IdentityKind.Robot ? Id : null,
        ClientNetwork.Of(actor.Address));

    public static Identity Anonymous { get; } = new(IdentityKind.Anonymous, 0, "anonymous", false);

    public static Identity Anybody { get; } = new(IdentityKind.Anybody, 0, Audit.Actor.Anybody, true);
}

/// <summary>The most that a credential can be used for, whoever it belongs to.</summary>
/// <param name="TokenId">The token that it is of.</param>
/// <param name="Target">Where: as in a grant; null for everywhere.</param>
internal sealed record Limit(long TokenId, Rights Rights, string? Target);
