using System.Globalization;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Sharing;

/// <summary>What is to be shared, as it was asked for.</summary>
/// <param name="Tag">Null for the whole repository.</param>
/// <param name="MaxPulls">Null for as many as one likes.</param>
internal sealed record ShareLinkOrder(RepositoryName Repository, string? Tag, int Days, int? MaxPulls);

/// <summary>
/// Makes and revokes links by which a repository, or one tag of it, is pulled without an account; inside a change
/// (<see cref="AccessEpoch.ChangeAsync"/>) and with its line in the audit. Whoever manages the repository and may pull from it decides about its links, and a link
/// works for as long as who made it may do that.
/// </summary>
internal static class ShareLinks
{
    /// <summary>The most days that a link lasts: who has it needs no other secret.</summary>
    public const int MaxDays = 90;

    /// <summary>The most pulls that a limit can be.</summary>
    public const int MaxMaxPulls = 1_000_000;

    const int MaxLinks = 1000; // of one repository
    const int DropAtOnce = 100;
    static readonly TimeSpan KeptInList = TimeSpan.FromDays(30);

    /// <exception cref="AccountException">There is no such repository or tag as far as the asker may know, the asker may not share it, or a number is out of its bounds.</exception>
    public static async Task<ShareLinkRow> AddAsync(DbSession session, Identity who, Actor actor, string spaceName, ShareLinkOrder order, string secretHash)
    {
        var space = await SpaceAccess.FindAsync(session, who, spaceName);
        GrantOrder.CheckTarget(space, order.Repository.Value);
        var end = await SpaceAccess.FindGivingEndAsync(session, who, space, [new Gift(order.Repository.Value, Rights.Pull)]);
        if (order.Days is < 1 or > MaxDays)
            throw new AccountException(AccountProblem.Invalid, $"expiresInDays is {order.Days}: a link lasts from 1 to {MaxDays} days");
        if (order.MaxPulls is < 1 or > MaxMaxPulls)
            throw new AccountException(AccountProblem.Invalid, $"maxPulls is {order.MaxPulls}: it must be from 1 to {MaxMaxPulls}, or left out for as many as one likes");
        var repoId = await RepositoryTable.FindIdAsync(session, order.Repository) ?? throw new AccountException(AccountProblem.Unknown, $"there is no repository {order.Repository}: push to it first");
        if (order.Tag is not null && (!TagName.TryParse(order.Tag, out var tag) || await ManifestTree.FindRootAsync(session, repoId, tag) is null))
            throw new AccountException(AccountProblem.Unknown, $"{order.Repository} has no tag {OciException.Quote(order.Tag)}");
        await ShareLinkTable.DeleteOldAsync(session, KeptInList, DropAtOnce);
        if (await ShareLinkTable.CountAsync(session, repoId) >= MaxLinks)
            throw new AccountException(AccountProblem.Taken, $"{order.Repository} has {MaxLinks} links: revoke some first");

        var expiresAt = Decision.Earlier(await Expiry.InAsync(session, order.Days), end)!.Value;
        var id = await ShareLinkTable.CreateAsync(session, repoId, order.Tag, secretHash, who, expiresAt, order.MaxPulls);
        var link = await ShareLinkTable.FindAsync(session, space.Name, id) ?? throw new InvalidOperationException("a share link was made and is gone");
        var pulls = order.MaxPulls is { } most ? string.Create(CultureInfo.InvariantCulture, $", {most} pulls") : "";
        await WriteAsync(session, actor, space, "link.add", link, string.Create(CultureInfo.InvariantCulture, $" until {DateTimeOffset.FromUnixTimeMilliseconds(expiresAt):yyyy-MM-dd}{pulls}"));
        return link;
    }

    /// <summary>A page of the links to what a target reaches; what has ended stays in it for a month.</summary>
    /// <exception cref="AccountException">There is no such space as far as the asker may know, or the asker does not manage the target.</exception>
    public static async Task<ListPart<(ShareLinkRow Link, bool Works)>> ListAsync(DbSession session, Identity who, string spaceName, string target, ListRequest asked)
    {
        var space = await SpaceAccess.FindAsync(session, who, spaceName);
        GrantOrder.CheckTarget(space, target);
        await SpaceAccess.RequireAsync(session, who, space, Rights.Manage, target);
        var known = new Dictionary<(IdentityKind, long, string), bool>();
        var links = new List<(ShareLinkRow, bool)>();
        var part = await ShareLinkTable.ListAsync(session, space.Name, target, asked);
        foreach (var link in part.Items)
        {
            var key = (link.MadeBy.Kind, link.MadeBy.Id, link.Repository);
            if (!known.TryGetValue(key, out var holds))
                known[key] = holds = (await DecideAsync(session, link)).May(Rights.Pull);
            links.Add((link, holds && link.Left > 0 && !link.IsUsedUp));
        }
        return new ListPart<(ShareLinkRow, bool)>(links, part.Next);
    }

    /// <summary>A link, for whoever manages what it is for.</summary>
    /// <exception cref="AccountException">There is no such link as far as the asker may know, or the asker does not manage its repository.</exception>
    public static async Task<ShareLinkRow> FindAsync(DbSession session, Identity who, string spaceName, long id) =>
        await FindAsync(session, who, await SpaceAccess.FindAsync(session, who, spaceName), id);

    /// <exception cref="AccountException">There is no such link as far as the asker may know, or the asker does not manage its repository.</exception>
    public static async Task DeleteAsync(DbSession session, Identity who, Actor actor, string spaceName, long id)
    {
        var space = await SpaceAccess.FindAsync(session, who, spaceName);
        var link = await FindAsync(session, who, space, id);
        await ShareLinkTable.DeleteAsync(session, id);
        await WriteAsync(session, actor, space, "link.delete", link, string.Create(CultureInfo.InvariantCulture, $" after {link.Pulls} pulls"));
    }

    static async Task<ShareLinkRow> FindAsync(DbSession session, Identity who, SpaceRow space, long id)
    {
        var found = await ShareLinkTable.FindAsync(session, space.Name, id);
        return await SpaceAccess.RequireToManageAsync(
            session, who, space, found, row => row.Repository, () => new AccountException(AccountProblem.Unknown, string.Create(CultureInfo.InvariantCulture, $"{space.Name} has no link {id}")));
    }

    /// <summary>What whoever holds the link may do with its repository: what the one who made it may still give.</summary>
    public static async Task<Decision> DecideAsync(DbSession session, ShareLinkRow link)
    {
        var name = RepositoryName.Parse(link.Repository);
        return link.MayStill && await SpaceTable.FindAsync(session, name.Space) is { } space
            ? AccessPolicy.DecideByLink(await AccessLookup.DecideAsync(session, link.MadeBy, space, name.Value))
            : Decision.Nothing;
    }

    static Task WriteAsync(DbSession session, Actor actor, SpaceRow space, string action, ShareLinkRow link, string detail) =>
        AuditTable.AddAsync(session, actor, new Deed(action, link.Target, space.Name, string.Create(CultureInfo.InvariantCulture, $"link {link.Id}{detail}")));
}
