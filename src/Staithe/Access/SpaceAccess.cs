using Staithe.Accounts;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Access;

/// <summary>
/// Who may see and manage what belongs to a space: looked up in the transaction of the deed, decided by <see cref="AccessPolicy"/>. What the
/// asker may not see is answered as if it were not there. Nobody hands on what they do not have: a right to manage is a right to
/// decide about one's own rights, not to get others, and a token that is limited cannot make one that is less so.
/// </summary>
internal static class SpaceAccess
{
    /// <summary>The space, for whoever belongs to it or manages the registry.</summary>
    /// <exception cref="AccountException">There is none, as far as the asker may know.</exception>
    public static async Task<SpaceRow> FindAsync(DbSession session, Identity who, string name)
    {
        var space = await Spaces.FindAsync(session, name);
        return who.IsAdmin || await BelongsAsync(session, who, space) ? space : throw Spaces.Unknown(name);
    }

    /// <summary>A part of the spaces that the asker belongs to.</summary>
    public static async Task<ListPart<SpaceRow>> ListAsync(DbSession session, Identity who, ListRequest asked)
    {
        // A robot is in one space, and a token with a target goes into one.
        var only = who.Kind == IdentityKind.Robot ? who.Name[..who.Name.IndexOf('+', StringComparison.Ordinal)] : who.Limit?.Target?.Split('/')[0];
        if (only is null)
            return await SpaceTable.ListOfUserAsync(session, who.Id, asked);
        var isAsked = asked.After.Length == 0 && only.Contains(asked.Text, StringComparison.OrdinalIgnoreCase);
        return new ListPart<SpaceRow>(isAsked && await SpaceTable.FindAsync(session, only) is { } space && await BelongsAsync(session, who, space) ? [space] : [], null);
    }

    /// <summary>The space, for whoever has rights on everything that the target reaches.</summary>
    /// <exception cref="AccountException">There is no such space as far as the asker may know, or the asker has not all of the rights.</exception>
    public static async Task<SpaceRow> RequireAsync(DbSession session, Identity who, string name, Rights rights, string? target = null)
    {
        var space = await FindAsync(session, who, name);
        await RequireAsync(session, who, space, rights, target ?? $"{space.Name}/");
        return space;
    }

    /// <exception cref="AccountException">The asker has not all of the rights on everything that the target reaches.</exception>
    public static async Task RequireAsync(DbSession session, Identity who, SpaceRow space, Rights rights, string target)
    {
        var missing = rights & ~(await AccessLookup.DecideAsync(session, who, space, target)).Always;
        if (missing != Rights.None)
            throw new AccountException(AccountProblem.Forbidden, await RefusalReason.OfAsync(session, who, space, target, missing));
    }

    /// <summary>
    /// Until when the asker may give rights to others: null for without an end. Every way of giving asks here (<see cref="AccessPolicy.DecideToGive"/>), so
    /// that nobody gets by anybody's deed what the one who did it does not have, or for longer.
    /// </summary>
    /// <exception cref="AccountException">The asker may not manage one of the targets, or has not one of the rights.</exception>
    public static async Task<long?> FindGivingEndAsync(DbSession session, Identity who, SpaceRow space, IEnumerable<Gift> gifts)
    {
        long? end = null;
        foreach (var (target, rights, _) in gifts)
        {
            await RequireAsync(session, who, space, rights | Rights.Manage, target);
            var giving = AccessPolicy.DecideToGive(await AccessLookup.DecideAsync(session, who, space, target), rights);
            end = Decision.Earlier(end, giving.EndsAt);
        }
        return end;
    }

    /// <summary>The same for what cannot be given a nearer end: each gift has to end by itself before the asker's rights do.</summary>
    /// <exception cref="AccountException">As above, or the asker's rights end before what would be given.</exception>
    public static async Task RequireToGiveAsync(DbSession session, Identity who, SpaceRow space, IEnumerable<Gift> gifts)
    {
        foreach (var gift in gifts)
        {
            if (await FindGivingEndAsync(session, who, space, [gift]) is { } end && !(gift.EndsAt <= end))
                throw new AccountException(
                    AccountProblem.Forbidden,
                    $"{who.Name} has the right {RightsText.Format(gift.Rights | Rights.Manage)} on {OciException.Quote(gift.Target)} until {Expiry.Words(end)} only, "
                    + $"and this would give it {(gift.EndsAt is { } later ? $"until {Expiry.Words(later)}" : "without an end")}: ask an owner of the space {space.Name}");
        }
    }

    /// <summary>
    /// What a number in the space was found to be, for whoever may manage what it is for. Which numbers there are is nobody's business who could
    /// not list them.
    /// </summary>
    /// <param name="session">The transaction.</param>
    /// <param name="who">The asker.</param>
    /// <param name="space">The space.</param>
    /// <param name="found">It; null when there is none of that number.</param>
    /// <param name="target">What it is for.</param>
    /// <param name="unknown">What to say when there is none.</param>
    /// <exception cref="AccountException">There is none, or the asker may not manage it.</exception>
    public static async Task<T> RequireToManageAsync<T>(DbSession session, Identity who, SpaceRow space, T? found, Func<T, string> target, Func<AccountException> unknown)
        where T : class
    {
        if (found is not null && (await AccessLookup.DecideAsync(session, who, space, target(found))).Always.HasFlag(Rights.Manage))
            return found;
        await RequireAsync(session, who, space, Rights.Manage, $"{space.Name}/");
        throw unknown();
    }

    /// <summary>Whether the asker may see who is in the teams: their members may, and who manages the space.</summary>
    /// <exception cref="AccountException">There is no such space as far as the asker may know, or the asker may not.</exception>
    public static async Task<SpaceRow> RequireToSeeTeamsAsync(DbSession session, Identity who, string name)
    {
        var space = await FindAsync(session, who, name);
        if (who.Kind != IdentityKind.User || !AccessPolicy.Reaches(who.Limit, $"{space.Name}/") || !await TeamTable.IsInAnyAsync(session, space.Id, who.Id))
            await RequireAsync(session, who, space, Rights.Manage, $"{space.Name}/");
        return space;
    }

    /// <summary>The space, for whom it belongs to: the user whose own it is, or the owners of the organization. Who may do everything in it is not yet its owner.</summary>
    /// <exception cref="AccountException">There is no such space as far as the user may know, or it is not theirs.</exception>
    public static async Task<SpaceRow> RequireOwnAsync(DbSession session, Identity who, string name)
    {
        var space = await FindAsync(session, who, name);
        if (who.Kind != IdentityKind.User || !await OwnsAsync(session, who.Id, space))
            throw new AccountException(AccountProblem.Forbidden, $"{space.Name} is not {who.Name}'s: ask an owner of the space");
        return space;
    }

    /// <summary>Whether a space is a user's own, or an organization of which the user is an owner.</summary>
    public static async Task<bool> OwnsAsync(DbSession session, long userId, SpaceRow space) => space.OwnerId is { } owner
        ? owner == userId
        : await TeamTable.FindIdAsync(session, space.Id, TeamTable.Owners) is { } owners && await TeamTable.IsMemberAsync(session, owners, userId);

    /// <summary>Whether the asker may know that there is what a target names: who belongs to its space may, who manages the registry, and who may pull it.</summary>
    public static async Task<bool> MaySeeAsync(DbSession session, Identity who, string target) =>
        (await SpaceTable.FindAsync(session, target.Split('/')[0]) is { } space && (who.IsAdmin || await BelongsAsync(session, who, space)))
        || (RepositoryName.TryParse(target.TrimEnd('/'), out var name) && (await AccessLookup.ExplainAsync(session, who, name)).Decision.May(Rights.Pull));

    static async Task<bool> BelongsAsync(DbSession session, Identity who, SpaceRow space) => who.Kind switch
    {
        IdentityKind.User => (who.Limit?.Target is not { } target || GrantTable.Covers($"{space.Name}/", target)) && await SpaceTable.IsOfUserAsync(session, who.Id, space.Id),
        IdentityKind.Robot => who.Name.StartsWith($"{space.Name}+", StringComparison.Ordinal),
        _ => false,
    };
}

/// <summary>Rights that somebody would get.</summary>
/// <param name="Target">On what: a repository, or with a slash at its end everything from there on.</param>
/// <param name="EndsAt">When they end by themselves, in milliseconds since 1970; null for never.</param>
internal sealed record Gift(string Target, Rights Rights, long? EndsAt = null)
{
    /// <summary>What whoever gets into the place of a grantee gets: what that one was given, as long as the place lasts.</summary>
    /// <param name="grants">What was given.</param>
    /// <param name="end">When the place ends; null for never.</param>
    public static IEnumerable<Gift> Of(IEnumerable<GrantRow> grants, long? end = null) =>
        grants.Select(grant => new Gift(grant.Target, grant.Rights, Decision.Earlier(grant.ExpiresAt, end)));
}
