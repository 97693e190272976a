using Staithe.Database;

namespace Staithe.Content;

/// <summary>A tag pointed at something else from then on.</summary>
/// <param name="Digest">The manifest; null when the tag was deleted.</param>
/// <param name="Actor">Who moved it.</param>
/// <param name="MovedAt">When, in milliseconds since 1970.</param>
/// <param name="IsThere">Whether the repository still has that manifest.</param>
/// <param name="Before">The manifest that it pointed at before; null when there was none, or it is there no more.</param>
internal sealed record TagMove(long Id, string Tag, string? Digest, string Actor, long MovedAt, bool IsThere, string? Before);

/// <summary>What tags have meant: every move of every one, written in the transaction of the move.</summary>
internal static class TagMoveTable
{
    public static Task AddAsync(DbSession session, long repoId, string tag, string? digest, string actor) => session.ExecuteAsync(AddSql, repoId, tag, digest, actor, TagTable.IsAttachment(tag));

    /// <summary>A page of the moves of one tag, or of all releases when it is empty, newest first, before <paramref name="before"/>.</summary>
    public static Task<List<TagMove>> ListAsync(DbSession session, long repoId, string tag, long before, int limit) => session.ListAsync(
        ListSql,
        row => new TagMove(row.GetInt64(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2), row.GetString(3), row.GetInt64(4), row.GetInt64(5) != 0, row.IsDBNull(6) ? null : row.GetString(6)),
        repoId,
        tag,
        before,
        (long)limit);

    // What a tag pointed at last says what it was, also for its deletion.
    static readonly Sql AddSql = new("""
        insert into tag_moves (repo_id, tag, digest, actor, moved_at, is_attachment) values ($1, $2, $3, $4, {now},
            case when $5 = 1 or exists (select 1 from manifests m where m.repo_id = $1 and m.digest = $3 and m.subject is not null)
                or ($3 is null and 1 = (select t.is_attachment from tag_moves t where t.repo_id = $1 and t.tag = $2 order by t.id desc limit 1)) then 1 else 0 end)
        """);

    static readonly Sql ListSql = new("""
        select t.id, t.tag, t.digest, t.actor, t.moved_at, case when m.id is null then 0 else 1 end,
            (select b.digest from manifests b where b.repo_id = t.repo_id
                and b.digest = (select p.digest from tag_moves p where p.repo_id = t.repo_id and p.tag = t.tag and p.id < t.id order by p.id desc limit 1))
        from tag_moves t left join manifests m on m.repo_id = t.repo_id and m.digest = t.digest
        where t.repo_id = $1 and (($2 = '' and t.is_attachment = 0) or t.tag = $2) and t.id < $3 order by t.id desc limit $4
        """);
}
