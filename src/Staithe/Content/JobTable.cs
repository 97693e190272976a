using Staithe.Database;

namespace Staithe.Content;

/// <summary>An image that could not be looked into, or not yet.</summary>
/// <param name="State">As in <see cref="ImageState"/>.</param>
/// <param name="Reason">Why it was refused.</param>
/// <param name="NotBefore">When it is tried again, while it waits.</param>
internal sealed record UnreadImageRow(long ManifestId, string Repository, string Digest, string State, string? Reason, long Attempts, long NotBefore, long ChangedAt);

/// <summary>What waits to be done away from any request, for who runs the registry.</summary>
internal static class JobTable
{
    /// <summary>How many repositories the search does not know as they are now.</summary>
    public static async Task<long> CountChangedAsync(DbSession session) => await session.FindNumberAsync(ChangedSql) ?? 0;

    /// <summary>How many images are in each state.</summary>
    public static Task<List<(string State, long Count)>> CountImagesAsync(DbSession session) => session.ListAsync(ImagesSql, row => (row.GetString(0), row.GetInt64(1)));

    /// <summary>A part of the images that failed, once at least, or were refused; the text is looked for in the repository's name and the cause.</summary>
    public static Task<ListPart<UnreadImageRow>> ListUnreadAsync(DbSession session, ListRequest asked) => Unread.ListAsync(session, asked);

    /// <summary>Lets an image be looked into again; false when there is none.</summary>
    public static async Task<bool> RetryAsync(DbSession session, long manifestId) => await session.ExecuteAsync(RetrySql, manifestId) == 1;

    static readonly Sql ChangedSql = new("select count(*) from changed_repositories");
    static readonly Sql ImagesSql = new("select state, count(*) from image_contents group by state order by state");

    static readonly Listing<UnreadImageRow> Unread = new(
        "i.manifest_id, r.name, m.digest, i.state, i.reason, i.attempts, i.not_before, i.changed_at",
        """
        image_contents i join manifests m on m.id = i.manifest_id join repositories r on r.id = m.repo_id
        where (i.state = 'refused' or (i.state = 'waiting' and i.attempts > 0))
        """,
        0,
        "r.name || ' ' || m.digest || ' ' || coalesce(i.reason, '')",
        row => new UnreadImageRow(
            row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.IsDBNull(4) ? null : row.GetString(4), row.GetInt64(5), row.GetInt64(6), row.GetInt64(7)),
        new ListOrder(ListOrder.Oldest, "i.manifest_id", IsNumber: true));

    static readonly Sql RetrySql = new("update image_contents set state = 'waiting', reason = null, attempts = 0, not_before = {now}, changed_at = {now} where manifest_id = $1 and state <> 'done'");
}
