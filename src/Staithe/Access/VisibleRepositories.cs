using Staithe.Accounts;
using Staithe.Database;

namespace Staithe.Access;

/// <summary>
/// Lists of repositories, filtered by the asker's rights inside the statement. It says in SQL what <see cref="AccessPolicy"/> says of
/// <see cref="Rights.Pull"/>; a test holds one against the other.
/// </summary>
internal static class VisibleRepositories
{
    /// <summary>A page of the names of repositories that have a manifest and that the asker may pull from, in byte order, behind <paramref name="last"/>.</summary>
    public static Task<List<string>> ListAsync(DbSession session, Identity who, string last, int limit) => who.Kind switch
    {
        IdentityKind.Anybody => session.ListAsync(ListAllSql, row => row.GetString(0), last, (long)limit),
        IdentityKind.Anonymous => session.ListAsync(ListPublicSql, row => row.GetString(0), last, (long)limit),
        _ => ListAsync(session, ListSql, who, last, limit),
    };

    /// <summary>The same with a statement that need not be the right one: for a test that tries whether it would be noticed.</summary>
    public static Task<List<string>> ListAsync(DbSession session, Sql statement, Identity who, string last, int limit) => session.ListAsync(
        statement,
        row => row.GetString(0),
        last,
        (long)limit,
        who.Kind == IdentityKind.User ? who.Id : 0L,
        who.Kind == IdentityKind.Robot ? who.Id : 0L,
        who.Limit is null || who.Limit.Rights.HasFlag(Rights.Pull) ? 1L : 0L,
        who.Limit?.Target ?? "");

    static readonly Sql ListAllSql = new("""
        select r.name from repositories r where r.name > $1 and exists (select 1 from manifests m where m.repo_id = r.id) order by r.name limit $2
        """);

    static readonly Sql ListPublicSql = new("""
        select r.name from repositories r join spaces s on s.name = r.space
        where r.name > $1 and r.visibility = 'public' and s.removed_at is null and exists (select 1 from manifests m where m.repo_id = r.id)
        order by r.name limit $2
        """);

    // $3 the user, $4 the robot, one of them 0; $5 whether the credential may pull at all what is not everybody's, $6 where.
    /// <summary>The statement for whoever has signed in.</summary>
    public const string ListText = $$"""
        select r.name from repositories r join spaces s on s.name = r.space
        where r.name > $1 and s.removed_at is null and exists (select 1 from manifests m where m.repo_id = r.id)
            and (r.visibility = 'public'
                or ($5 = 1 and ($6 = '' or {{TokenReaches}}) and ((r.visibility = 'internal' and $3 <> 0) or (s.owner_id = $3 and $3 <> 0)
                    or exists (select 1 from grants g
                        where g.space_id = s.id and g.rights % 2 = 1 and (g.expires_at is null or g.expires_at > {now}) and {{GrantReaches}}
                            and ((g.robot_id = $4 and $4 <> 0) or (g.user_id = $3 and $3 <> 0)
                                or g.team_id in (select team_id from team_members where user_id = $3))))))
        order by r.name limit $2
        """;

    // As GrantTable.Reaches says it.
    const string TokenReaches = "($6 = r.name or (substr($6, length($6)) = '/' and substr(r.name || '/', 1, length($6)) = $6))";
    const string GrantReaches = "(g.target = r.name or (substr(g.target, length(g.target)) = '/' and substr(r.name || '/', 1, length(g.target)) = g.target))";

    static readonly Sql ListSql = new(ListText);
}
