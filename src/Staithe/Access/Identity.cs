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
    /// <summary>When what was shown ends, and with it whatever it was exchanged for: seconds since 1970. Null where that is asked of the database.</summary>
    public long? EndsAt { get; init; }

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
