using Staithe.Database;

namespace Staithe.Federation;

/// <summary>A membership that an issuer's groups gave.</summary>
internal sealed record ExternalMemberRow(long TeamId, string Space, string Team);

/// <summary>The memberships that issuers' groups gave, and will take away.</summary>
internal static class ExternalMemberTable
{
    /// <summary>Those of a user by an issuer.</summary>
    public static Task<List<ExternalMemberRow>> ListAsync(DbSession session, string issuer, long userId) =>
        session.ListAsync(ListSql, row => new ExternalMemberRow(row.GetInt64(0), row.GetString(1), row.GetString(2)), issuer, userId);

    public static Task AddAsync(DbSession session, string issuer, long userId, long teamId) => session.ExecuteAsync(AddSql, issuer, userId, teamId);

    public static Task DeleteAsync(DbSession session, string issuer, long userId, long teamId) => session.ExecuteAsync(DeleteSql, issuer, userId, teamId);

    /// <summary>The team of a space, by their names; null when there is none.</summary>
    public static Task<long?> FindTeamAsync(DbSession session, string space, string team) => session.FindNumberAsync(FindTeamSql, space, team);

    static readonly Sql ListSql = new("""
        select e.team_id, s.name, t.name from external_members e join teams t on t.id = e.team_id join spaces s on s.id = t.space_id
        where e.issuer = $1 and e.user_id = $2 order by e.team_id
        """);

    static readonly Sql AddSql = new("insert into external_members (issuer, user_id, team_id) values ($1, $2, $3) on conflict do nothing");
    static readonly Sql DeleteSql = new("delete from external_members where issuer = $1 and user_id = $2 and team_id = $3");
    static readonly Sql FindTeamSql = new("select t.id from teams t join spaces s on s.id = t.space_id where s.name = $1 and t.name = $2 and s.removed_at is null");
}
