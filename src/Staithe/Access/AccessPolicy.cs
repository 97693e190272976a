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
        return IsVisible(who, place.Name, place.Visibility) ? own with { Always = own.Always | Rights.Pull } : own;
    }

    /// <summary>What the asker may do with everything that a target reaches, such as decide who else may do what there.</summary>
    /// <param name="who">The asker.</param>
    /// <param name="ownerId">The user whose space it is in; null for an organization's.</param>
    /// <param name="target">A repository, or with a slash at its end everything from there on.</param>
    /// <param name="grants">What the asker was given, alone or in a team, that covers the target and has not ended.</param>
    public static Decision DecideOnAll(Identity who, long? ownerId, string target, IReadOnlyList<GrantRow> grants) => Own(who, ownerId, target, grants);

    /// <summary>What whoever holds a share link may do with what it is for: pull, for as long as whoever made it may share that.</summary>
    /// <param name="maker">What the one who made it may do there now.</param>
    public static Decision DecideByLink(Decision maker) => maker.Always.HasFlag(Rights.Manage | Rights.Pull) ? new Decision(Rights.Pull, []) : Decision.Nothing;

    /// <summary>Whether the credential goes as far as a target.</summary>
    public static bool Reaches(Limit? limit, string target) => limit?.Target is null || GrantTable.Covers(limit.Target, target);

    // What the asker has, because it is theirs or was given to them, as far as the credential goes.
    static Decision Own(Identity who, long? ownerId, string target, IReadOnlyList<GrantRow> grants)
    {
        var always = who.Kind == IdentityKind.User && ownerId == who.Id ? Rights.Admin : Rights.None;
        var onTags = new List<TagRights>();
        foreach (var grant in grants)
        {
            if (grant.Tags is null)
            {
                always |= grant.Rights;
            }
            else
            {
                // A pattern is about tags; what has nothing to do with them holds as it is.
                always |= grant.Rights & ~OfTags;
                onTags.Add(new TagRights(grant.Tags, grant.Rights & OfTags));
            }
        }

        if (!Reaches(who.Limit, target))
            return Decision.Nothing;
        var own = new Decision(always, onTags);
        return who.Limit is { } limit ? own.Only(limit.Rights) : own;
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
