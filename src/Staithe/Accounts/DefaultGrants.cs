using System.Globalization;
using Staithe.Audit;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Accounts;

/// <summary>
/// What is done with the grants that new repositories come with. They are set inside a change (<see cref="AccessEpoch.ChangeAsync"/>), and
/// whether the actor may is decided before, in the same transaction; they take effect in the push that makes a repository.
/// </summary>
internal static class DefaultGrants
{
    const int MaxOfSpace = 100; // each push that makes a repository looks at them

    /// <exception cref="AccountException">There are too many.</exception>
    public static async Task<DefaultGrantRow> AddAsync(DbSession session, Actor actor, SpaceRow space, GrantOrder order, Grantee? maker, Grantee? grantee)
    {
        if (await DefaultGrantTable.CountAsync(session, space.Id) >= MaxOfSpace)
            throw new AccountException(AccountProblem.Taken, $"{space.Name} has {MaxOfSpace} default grants, which is the most: delete one first");
        var id = await DefaultGrantTable.CreateAsync(session, space.Id, order, maker, grantee);
        var made = await FindAsync(session, space, id);
        await WriteAsync(session, actor, space, "default-grant.add", made);
        return made;
    }

    public static async Task DeleteAsync(DbSession session, Actor actor, SpaceRow space, DefaultGrantRow grant)
    {
        await DefaultGrantTable.DeleteAsync(session, space.Id, grant.Id);
        await WriteAsync(session, actor, space, "default-grant.delete", grant);
    }

    /// <exception cref="AccountException">The space has none of that number.</exception>
    public static async Task<DefaultGrantRow> FindAsync(DbSession session, SpaceRow space, long id) =>
        await DefaultGrantTable.FindAsync(session, space.Id, id) ?? throw Unknown(space, id);

    public static AccountException Unknown(SpaceRow space, long id) => new(AccountProblem.Unknown, string.Create(CultureInfo.InvariantCulture, $"{space.Name} has no default grant {id}"));

    /// <summary>Gives what a repository that was just made comes with. Nobody can have remembered what may be done with it before it was there.</summary>
    public static async Task ApplyAsync(DbSession session, long spaceId, RepositoryName name, Creator creator)
    {
        var given = await DefaultGrantTable.ApplyAsync(session, spaceId, name, creator);
        if (given.Count > 0)
            await AccessEpoch.MoveAsync(session);
        foreach (var grant in given)
            await AuditTable.AddAsync(session, creator.Actor, new Deed("grant.add", grant.Target, name.Space, $"{Grants.Words(grant)}, by default"));
    }

    static Task WriteAsync(DbSession session, Actor actor, SpaceRow space, string action, DefaultGrantRow grant) => AuditTable.AddAsync(
        session,
        actor,
        new Deed(
            action,
            grant.Target,
            space.Name,
            $"{RightsText.Format(grant.Rights)}{(grant.Tags is null ? "" : $" on tags {grant.Tags.Text}")} for {(grant.GranteeKind is null ? "whoever makes it" : $"{grant.GranteeKind} {grant.Grantee}")}, made by {(grant.MakerKind is null ? "anybody" : $"{grant.MakerKind} {grant.Maker}")}"));
}
