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
        _ => session.ListAsync(
            ListSql,
            row => row.GetString(0),
            last,
            (long)limit,
            who.Kind == IdentityKind.User ? who.Id : 0L,
            who.Kind == IdentityKind.Robot ? who.Id : 0L,
            who.Limit is null || who.Limit.Rights.HasFlag(Rights.Pull) ? 1L : 0L,
            who.Limit?.Target ?? ""),
    };

    static readonly Sql ListAllSql = new("""
        select r.name from repositories r where r.name > $1 and exists (select 1 from manifests m where m.repo_id = r.id) order by r.name limit $2
        """);

    static readonly Sql ListPublicSql = new("""
        select r.name from repositories r join spaces s on s.name = r.space
        where r.name > $1 and r.visibility = 'public' and s.removed_at is null and exists (select 1 from manifests m where m.repo_id = r.id)
        order by r.name limit $2
        """);

    // $3 the user, $4 the robot, one of them 0; $5 whether the credential may pull at all what is not everybody's, $6 where.
    static readonly Sql ListSql = new($$"""
        select r.name from repositories r join spaces s on s.name = r.space
        where r.name > $1 and s.removed_at is null and exists (select 1 from manifests m where m.repo_id = r.id)
            and (r.visibility = 'public'
                or (r.visibility = 'internal' and $3 <> 0)
                or ($5 = 1 and ($6 = '' or {{Reaches("$6")}}) and ((s.owner_id = $3 and $3 <> 0)
                    or exists (select 1 from grants g
                        where g.space_id = s.id and g.rights % 2 = 1 and (g.expires_at is null or g.expires_at > {now}) and {{Reaches("g.target")}}
                            and ((g.robot_id = $4 and $4 <> 0) or (g.user_id = $3 and $3 <> 0)
                                or g.team_id in (select team_id from team_members where user_id = $3))))))
        order by r.name limit $2
        """);

    // As GrantTable.Reaches says it.
    static string Reaches(string target) =>
        $"({target} = r.name or (substr({target}, length({target})) = '/' and substr(r.name || '/', 1, length({target})) = {target}))";
}
