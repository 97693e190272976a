using Staithe.Accounts;
using Staithe.Database;

namespace Staithe.Access;

/// <summary>
/// Lists of repositories, filtered by the asker's rights inside the statement. It says in SQL what <see cref="AccessPolicy"/> says of
/// <see cref="Rights.Pull"/>; a test holds one against the other.
/// </summary>
internal static class VisibleRepositories
{
    /// <summary>
    /// True of the repositories <c>r</c>, left-joined with their spaces <c>s</c>, that the asker may pull from. It reads its arguments, as
    /// <see cref="Arguments"/> gives them, in <c>$1</c> to <c>$5</c>.
    /// </summary>
    // $1 whether nobody is asked who they are; $2 the user, $3 the robot, one of them 0; $4 whether the credential may pull at all what is not
    // everybody's, $5 where.
    public static string Condition { get; } = $$"""
        ($1 = 1 or (s.removed_at is null and s.id is not null
            and (r.visibility = 'public'
                or ($4 = 1 and ($5 = '' or {{Reaches("$5")}}) and ((r.visibility = 'internal' and $2 <> 0) or (s.owner_id = $2 and $2 <> 0)
                    or exists (select 1 from grants g
                        where g.space_id = s.id and g.rights % 2 = 1 and (g.expires_at is null or g.expires_at > {now}) and {{Reaches("g.target")}}
                            and ((g.robot_id = $3 and $3 <> 0) or (g.user_id = $2 and $2 <> 0)
                                or g.team_id in (select team_id from team_members where user_id = $2))))))))
        """;

    /// <summary>What <see cref="Condition"/> reads.</summary>
    public static object?[] Arguments(Identity who) =>
    [
        who.Kind == IdentityKind.Anybody ? 1L : 0L,
        who.Kind == IdentityKind.User ? who.Id : 0L,
        who.Kind == IdentityKind.Robot ? who.Id : 0L,
        who.Kind is IdentityKind.User or IdentityKind.Robot && (who.Limit is null || who.Limit.Rights.HasFlag(Rights.Pull)) ? 1L : 0L,
        who.Limit?.Target ?? "",
    ];

    /// <summary>A page of the names of repositories that have a manifest and that the asker may pull from, in byte order, behind <paramref name="last"/>.</summary>
    public static Task<List<string>> ListAsync(DbSession session, Identity who, string last, int limit) =>
        ListAsync(session, who.Kind switch { IdentityKind.Anybody => ListAllSql, IdentityKind.Anonymous => ListPublicSql, _ => ListSql }, who, last, limit);

    /// <summary>The same with a statement that need not be the right one: for a test that tries whether it would be noticed.</summary>
    public static Task<List<string>> ListAsync(DbSession session, Sql statement, Identity who, string last, int limit) =>
        session.ListAsync(statement, row => row.GetString(0), [.. Arguments(who), last, (long)limit]);

    static readonly Sql ListAllSql = List("$1 = 1 and $2 + $3 + $4 = 0 and $5 = ''");

    static readonly Sql ListPublicSql = List("r.visibility = 'public' and s.removed_at is null and s.id is not null and $1 + $2 + $3 + $4 = 0 and $5 = ''");

    static readonly Sql ListSql = List(Condition);

    /// <summary>The statement of a list of the repositories for which a condition is true.</summary>
    public static Sql List(string condition) => new($"""
        select r.name from repositories r left join spaces s on s.name = r.space
        where r.name > $6 and {condition} and exists (select 1 from manifests m where m.repo_id = r.id) order by r.name limit $7
        """);

    // As GrantTable.Reaches says it.
    static string Reaches(string target) =>
        $"({target} = r.name or (substr({target}, length({target})) = '/' and substr(r.name || '/', 1, length({target})) = {target}))";
}
