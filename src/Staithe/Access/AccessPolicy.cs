using Staithe.Accounts;
using Staithe.Oci;

namespace Staithe.Access;

/// <summary>A repository name as the policy sees it.</summary>
/// <param name="OwnerId">The user whose space it is in; null for an organization's.</param>
/// <param name="Visibility">Null while there is no such repository: then nobody sees it, and who may push makes it.</param>
internal sealed record Place(RepositoryName Name, long? OwnerId, Visibility? Visibility);

/// <summary>The one place that decides. It asks nobody: everything it needs is in its arguments.</summary>
internal static class AccessPolicy
{
    /// <summary>What the asker may do there.</summary>
    /// <param name="who">The asker.</param>
    /// <param name="place">The repository; null when no space has that name, and then nobody may do anything.</param>
    /// <param name="grants">What the asker was given, alone or in a team, that reaches the repository and has not ended.</param>
    public static Decision Decide(Identity who, Place? place, IReadOnlyList<GrantRow> grants)
    {
        if (who.Kind == IdentityKind.Anybody)
            return Decision.Everything;
        if (place is null)
            return Decision.Nothing;

        var own = Own(who, place.OwnerId, place.Name.Value, grants);
        return IsVisible(who, place.Name, place.Visibility) ? own.Plus(new Decision(Rights.Pull, [])) : own;
    }

    /// <summary>What the asker may do with everything that a target reaches, such as decide who else may do what there.</summary>
    /// <param name="who">The asker.</param>
    /// <param name="ownerId">The user whose space it is in; null for an organization's.</param>
    /// <param name="target">A repository, or with a slash at its end everything from there on.</param>
    /// <param name="grants">What the asker was given, alone or in a team, that covers the target and has not ended.</param>
    public static Decision DecideOnAll(Identity who, long? ownerId, string target, IReadOnlyList<GrantRow> grants) => Own(who, ownerId, target, grants);

    /// <summary>What whoever holds a share link may do with what it is for: pull, for as long as whoever made it may share that.</summary>
    /// <param name="maker">What the one who made it may do there now.</param>
    public static Decision DecideByLink(Decision maker) => DecideToGive(maker, Rights.Pull) is { Missing: Rights.None } giving
        ? new Decision(Rights.Pull, []) { Ends = RightsEnds.At(giving.EndsAt) }
        : Decision.Nothing;

    /// <summary>Whether the credential goes as far as a target.</summary>
    public static bool Reaches(Limit? limit, string target) => limit?.Target is null || GrantTable.Covers(limit.Target, target);

    /// <summary>
    /// What the asker may give to others of what they were decided to have: every way of giving asks this. Who gives rights manages their target and
    /// holds the rights, and what is given ends when the first of these does.
    /// </summary>
    /// <param name="holds">What the asker may do with everything that the target reaches, without what everybody may do there.</param>
    /// <param name="given">The rights that somebody would have.</param>
    public static Giving DecideToGive(Decision holds, Rights given)
    {
        var needed = given | Rights.Manage;
        return new Giving(needed & ~holds.Always, holds.Ends.FirstOf(needed));
    }

    // What the asker has, because it is theirs or was given to them, as far as the credential goes and for as long as it lasts.
    static Decision Own(Identity who, long? ownerId, string target, IReadOnlyList<GrantRow> grants)
    {
        if (!Reaches(who.Limit, target))
            return Decision.Nothing;
        var own = who.Kind == IdentityKind.User && ownerId == who.Id ? Decision.Everything : Decision.Nothing;
        foreach (var grant in grants)
        {
            // A pattern is about tags; what has nothing to do with them holds as it is.
            var always = grant.Tags is null ? grant.Rights : grant.Rights & ~OfTags;
            own = own.Plus(new Decision(always, grant.Tags is null ? [] : [new TagRights(grant.Tags, grant.Rights & OfTags, grant.ExpiresAt)])
            {
                Ends = RightsEnds.At(grant.ExpiresAt),
            });
        }
        return (who.Limit is { } limit ? own.Only(limit.Rights) : own).NotAfter(who.EndsAt);
    }

    /// <summary>
    /// Whether the repository's visibility alone lets the asker pull. What every user sees, a user's credential shows as far as it goes; beyond
    /// that there is only what is everybody's.
    /// </summary>
    public static bool IsVisible(Identity who, RepositoryName name, Visibility? visibility) => visibility switch
    {
        Visibility.Public => true,
        Visibility.Internal => who.Kind == IdentityKind.User && who.Limit?.Rights.HasFlag(Rights.Pull) != false && Reaches(who.Limit, name.Value),
        _ => false,
    };

    const Rights OfTags = Rights.Push | Rights.Move | Rights.Delete;
}

/// <summary>Whether some rights may be given by somebody, and for how long.</summary>
/// <param name="Missing">What the giver lacks; none where they may be given.</param>
/// <param name="EndsAt">When what is given must have ended, in milliseconds since 1970; null for never.</param>
internal sealed record Giving(Rights Missing, long? EndsAt);
