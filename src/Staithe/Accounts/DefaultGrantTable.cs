using System.Data.Common;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Accounts;

/// <summary>A grant that new repositories come with.</summary>
/// <param name="Target">Which new repositories: as in a grant.</param>
/// <param name="MakerKind">Made by whom: user, team or robot; null for anybody.</param>
/// <param name="GranteeKind">To whom: user, team or robot; null for whoever made the repository.</param>
internal sealed record DefaultGrantRow(long Id, string Target, string? MakerKind, string? Maker, string? GranteeKind, string? Grantee, Rights Rights, TagPattern? Tags);

/// <summary>What new repositories give to whom. It says nothing of those there are.</summary>
internal static class DefaultGrantTable
{
    /// <summary>Makes one; its id.</summary>
    /// <param name="session">The database.</param>
    /// <param name="spaceId">The space.</param>
    /// <param name="order">On which repositories, and what is given.</param>
    /// <param name="maker">Made by whom; null for anybody.</param>
    /// <param name="grantee">To whom; null for whoever makes the repository.</param>
    public static async Task<long> CreateAsync(DbSession session, long spaceId, GrantOrder order, Grantee? maker, Grantee? grantee) =>
        await session.FindNumberAsync(CreateSql, spaceId, order.Target, maker?.UserId, maker?.TeamId, maker?.RobotId, grantee?.UserId, grantee?.TeamId, grantee?.RobotId, (long)order.Rights, order.Tags?.Text)
        ?? throw new InvalidOperationException("a default grant was made and is gone");

    public static Task<DefaultGrantRow?> FindAsync(DbSession session, long spaceId, long id) => session.FindAsync(FindSql, Map, spaceId, id);

    /// <summary>
    /// A part of those for a target and for what is below it; with those for more than the target, which reach what is made there too, if that is told. The text is
    /// looked for in targets and names.
    /// </summary>
    public static Task<ListPart<DefaultGrantRow>> ListAsync(DbSession session, long spaceId, string target, ListRequest asked, bool isWithAbove = false) =>
        OfTarget.ListAsync(session, asked, spaceId, target, Target.Prefix(target), isWithAbove ? GrantTable.TargetsOver(target) : []);

    /// <summary>How many there are in the space.</summary>
    public static async Task<long> CountAsync(DbSession session, long spaceId) => await session.FindNumberAsync(CountSql, spaceId) ?? 0;

    public static Task DeleteAsync(DbSession session, long spaceId, long id) => session.ExecuteAsync(DeleteSql, spaceId, id);

    /// <summary>Turns those that are for a repository that was just made into grants; what was given.</summary>
    public static async Task<List<GrantRow>> ApplyAsync(DbSession session, long spaceId, RepositoryName name, Creator creator)
    {
        var made = await session.ListAsync(ApplySql, row => row.GetInt64(0), spaceId, name.Value, creator.UserId ?? 0, creator.RobotId ?? 0, GrantTable.TargetsOver(name.Value));
        var grants = new List<GrantRow>();
        foreach (var id in made)
            grants.Add((await GrantTable.FindAsync(session, spaceId, id))!);
        return grants;
    }

    static DefaultGrantRow Map(DbDataReader row) => new(
        row.GetInt64(0),
        row.GetString(1),
        row.IsDBNull(2) ? null : row.GetString(2),
        row.IsDBNull(3) ? null : row.GetString(3),
        row.IsDBNull(4) ? null : row.GetString(4),
        row.IsDBNull(5) ? null : row.GetString(5),
        (Rights)row.GetInt64(6),
        TagPattern.Read(row.IsDBNull(7) ? null : row.GetString(7)));

    const string Maker = """
        coalesce((select name from users where id = d.maker_user_id), (select name from teams where id = d.maker_team_id), (select name from robots where id = d.maker_robot_id))
        """;

    const string GranteeName = """
        coalesce((select name from users where id = d.user_id), (select name from teams where id = d.team_id), (select name from robots where id = d.robot_id))
        """;

    const string Columns = $"""
        d.id, d.target,
            case when d.maker_user_id is not null then 'user' when d.maker_team_id is not null then 'team' when d.maker_robot_id is not null then 'robot' end,
            {Maker},
            case when d.user_id is not null then 'user' when d.team_id is not null then 'team' when d.robot_id is not null then 'robot' end,
            {GranteeName},
            d.rights, d.tags
        """;

    static readonly Listing<DefaultGrantRow> OfTarget = new(
        Columns,
        $$"""default_grants d where d.space_id = $1 and ({{Target.Reaches("d.target")}} or d.target {any $4})""",
        4,
        $"d.target || ' ' || coalesce({Maker}, '') || ' ' || coalesce({GranteeName}, '')",
        Map,
        new ListOrder(ListOrder.Oldest, "d.id", IsNumber: true),
        new ListOrder(ListOrder.Newest, "d.id", IsNumber: true));

    static readonly Sql CreateSql = new("""
        insert into default_grants (space_id, target, maker_user_id, maker_team_id, maker_robot_id, user_id, team_id, robot_id, rights, tags, created_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, {now}) returning id
        """);

    static readonly Sql FindSql = new($"select {Columns} from default_grants d where d.space_id = $1 and d.id = $2");
    static readonly Sql CountSql = new("select count(*) from default_grants where space_id = $1");
    static readonly Sql DeleteSql = new("delete from default_grants where space_id = $1 and id = $2");

    // $3 the user who made it and $4 the robot, at most one of them not 0. What goes to the maker goes to nobody where nobody is known.
    static readonly Sql ApplySql = new("""
        insert into grants (space_id, target, user_id, team_id, robot_id, rights, tags, created_at)
        select d.space_id, $2,
            case when coalesce(d.user_id, d.team_id, d.robot_id) is null and $3 <> 0 then $3 else d.user_id end,
            d.team_id,
            case when coalesce(d.user_id, d.team_id, d.robot_id) is null and $4 <> 0 then $4 else d.robot_id end,
            d.rights, d.tags, {now}
        from default_grants d
        where d.space_id = $1 and d.target {any $5}
            and (coalesce(d.maker_user_id, d.maker_team_id, d.maker_robot_id) is null
                or d.maker_user_id = $3 or d.maker_robot_id = $4 or d.maker_team_id in (select team_id from team_members where user_id = $3))
            and (coalesce(d.user_id, d.team_id, d.robot_id) is not null or $3 <> 0 or $4 <> 0)
        order by d.id
        returning id
        """);
}
