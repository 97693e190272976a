using Staithe.Database;
using Staithe.Jobs;

namespace Staithe.Content;

/// <summary>An image that could not be looked into, or not yet.</summary>
/// <param name="State">As in <see cref="ImageState"/>.</param>
/// <param name="Reason">Why it was refused, or failed the last time.</param>
/// <param name="NotBefore">When it is tried again, while it waits.</param>
internal sealed record UnreadImageRow(long ManifestId, string Repository, string Digest, string State, string? Reason, long Attempts, long NotBefore, long ChangedAt);

/// <summary>How far the looking into images is, for who runs the registry.</summary>
internal static class UnreadImageTable
{
    /// <summary>How many images are in each state.</summary>
    public static Task<List<(string State, long Count)>> CountAsync(DbSession session) => session.ListAsync(CountSql, row => (row.GetString(0), row.GetInt64(1)));

    /// <summary>A part of the images that failed, once at least, or were refused; the text is looked for in the repository's name and the cause.</summary>
    public static Task<ListPart<UnreadImageRow>> ListAsync(DbSession session, ListRequest asked) => Unread.ListAsync(session, asked);

    /// <summary>Lets an image be looked into again; false when there is none, or it was looked into.</summary>
    public static async Task<bool> RetryAsync(DbSession session, ManifestRow image)
    {
        if (await session.ExecuteAsync(RetrySql, image.Id) == 0)
            return false;
        await JobTable.AddUrgentAsync(session, WorkKind.Images, ImageTable.Unit(image.Id), image.Digest);
        return true;
    }

    static readonly Sql CountSql = new("select state, count(*) from image_contents group by state order by state");

    static readonly Listing<UnreadImageRow> Unread = new(
        "i.manifest_id, r.name, m.digest, i.state, coalesce(i.reason, j.cause), coalesce(j.attempts, 0), coalesce(j.not_before, 0), i.changed_at",
        $"""
        image_contents i join manifests m on m.id = i.manifest_id join repositories r on r.id = m.repo_id
            left join jobs j on j.kind = '{WorkKind.Images}' and j.unit = cast(i.manifest_id as text)
        where (i.state = 'refused' or (i.state = 'waiting' and j.failed_at is not null))
        """,
        0,
        "r.name || ' ' || m.digest || ' ' || coalesce(i.reason, j.cause, '')",
        row => new UnreadImageRow(
            row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.IsDBNull(4) ? null : row.GetString(4), row.GetInt64(5), row.GetInt64(6), row.GetInt64(7)),
        new ListOrder(ListOrder.Oldest, "i.manifest_id", IsNumber: true));

    static readonly Sql RetrySql = new("update image_contents set state = 'waiting', reason = null, changed_at = {now} where manifest_id = $1 and state <> 'done'");
}
