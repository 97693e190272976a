using System.Globalization;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>A manifest with the row it is in.</summary>
/// <param name="PushedAt">When it was pushed first, in milliseconds since 1970.</param>
internal sealed record ManifestRow(long Id, long RepoId, string Digest, string MediaType, byte[] Content, long PushedAt);

/// <summary>Whether an image was looked into.</summary>
/// <param name="Reason">Why not, when it was refused.</param>
internal sealed record ImageState(string State, string? Reason)
{
    public const string Waiting = "waiting";
    public const string Done = "done";
    public const string Refused = "refused";

    /// <summary>What is to be said of it since it was looked into last.</summary>
    public IReadOnlyList<ImageNote> Notes { get; init; } = [];
}

/// <summary>What an image is called.</summary>
/// <param name="Tag">The tag that moved to it last, or to an index that has it; null where there is none.</param>
internal sealed record ImageCall(string Digest, string? Tag)
{
    /// <summary>Its name in a repository.</summary>
    public string Of(string repository) => Tag is null ? $"{repository}@{Digest}" : $"{repository}:{Tag}";
}

/// <summary>The images whose insides are known or wanted. What is to be done for that is rows of <see cref="Jobs.JobTable"/>.</summary>
internal static class ImageTable
{
    const int MaxReasonLength = 1000;

    /// <summary>The manifest under a tag or a digest.</summary>
    public static Task<ManifestRow?> FindAsync(DbSession session, RepositoryName name, Reference reference) =>
        session.FindAsync(reference.Tag is null ? FindByDigestSql : FindByTagSql, Map, name.Value, reference.ToString());

    public static Task<ManifestRow?> FindAsync(DbSession session, long manifestId) => session.FindAsync(FindByIdSql, Map, manifestId);

    public static Task<ManifestRow?> FindAsync(DbSession session, long repoId, Digest digest) => session.FindAsync(FindInRepositorySql, Map, repoId, digest.Value);

    /// <summary>What manifests are called, by their ids.</summary>
    public static async Task<Dictionary<long, ImageCall>> ListNamesAsync(DbSession session, long[] ids) =>
        (await session.ListAsync(ListNamesSql, row => (Id: row.GetInt64(0), Call: new ImageCall(row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2))), [ids])).ToDictionary(row => row.Id, row => row.Call);

    /// <summary>It is to be looked into, if it is there and was not before; false when it is not to be.</summary>
    public static async Task<bool> TryQueueAsync(DbSession session, long manifestId) => await session.ExecuteAsync(QueueSql, manifestId) == 1;

    /// <summary>It is to be looked into, whatever became of it before. False when it is not there.</summary>
    public static async Task<bool> BeginAsync(DbSession session, long manifestId) => await session.ExecuteAsync(BeginSql, manifestId) == 1;

    /// <summary>What the work calls an image.</summary>
    public static string Unit(long manifestId) => manifestId.ToString(CultureInfo.InvariantCulture);

    /// <summary>The image that is called so; 0 for none.</summary>
    public static long IdOf(string unit) => long.TryParse(unit, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0;

    public static Task<ImageState?> FindStateAsync(DbSession session, long manifestId) =>
        session.FindAsync(
            FindStateSql, row => new ImageState(row.GetString(0), row.IsDBNull(1) ? null : row.GetString(1)) { Notes = ImageNote.Read(row.IsDBNull(2) ? null : row.GetString(2)) }, manifestId);

    /// <summary>What is to be said of an image that was looked into, in place of what was said before.</summary>
    public static Task SetNotesAsync(DbSession session, long manifestId, IReadOnlyList<ImageNote> notes) =>
        session.ExecuteAsync(SetNotesSql, manifestId, ImageNote.Write(notes));

    /// <summary>What became of it.</summary>
    public static Task FinishAsync(DbSession session, long manifestId, string state, string? reason) => session.ExecuteAsync(FinishSql, manifestId, state, Line(reason));

    static string? Line(string? reason) => reason is null ? null : ForeignText.Line(reason, MaxReasonLength);

    static ManifestRow Map(System.Data.Common.DbDataReader row) => new(row.GetInt64(0), row.GetInt64(1), row.GetString(2), row.GetString(3), row.GetFieldValue<byte[]>(4), row.GetInt64(5));

    static readonly Sql FindByTagSql = new("""
        select m.id, m.repo_id, m.digest, m.media_type, m.content, m.created_at
        from repositories r join tags t on t.repo_id = r.id join manifests m on m.id = t.manifest_id
        where r.name = $1 and t.name = $2
        """);

    static readonly Sql FindByDigestSql = new("""
        select m.id, m.repo_id, m.digest, m.media_type, m.content, m.created_at from repositories r join manifests m on m.repo_id = r.id where r.name = $1 and m.digest = $2
        """);

    static readonly Sql FindByIdSql = new("select id, repo_id, digest, media_type, content, created_at from manifests where id = $1");

    static readonly Sql FindInRepositorySql = new("select id, repo_id, digest, media_type, content, created_at from manifests where repo_id = $1 and digest = $2");

    // What is added to the time keeps SQLite from reading all tags in their order for the few that the manifest has.
    static readonly Sql ListNamesSql = new("""
        select m.id, m.digest, coalesce(
            (select t.name from tags t where t.repo_id = m.repo_id and t.manifest_id = m.id and t.is_attachment = 0 order by t.moved_at + 0 desc, t.name limit 1),
            (select t.name from manifest_children c cross join tags t where c.repo_id = m.repo_id and c.child_id = m.id and t.repo_id = c.repo_id and t.manifest_id = c.manifest_id and t.is_attachment = 0
                order by t.moved_at + 0 desc, t.name limit 1))
        from manifests m where m.id {any $1}
        """);

    static readonly Sql QueueSql = new("""
        insert into image_contents (manifest_id, state, changed_at) select id, 'waiting', {now} from manifests where id = $1
        on conflict (manifest_id) do nothing
        """);

    static readonly Sql BeginSql = new("""
        insert into image_contents (manifest_id, state, changed_at) select id, 'waiting', {now} from manifests where id = $1
        on conflict (manifest_id) do update set state = excluded.state
        """);

    static readonly Sql FindStateSql = new("select state, reason, notes from image_contents where manifest_id = $1");

    static readonly Sql SetNotesSql = new("update image_contents set notes = $2 where manifest_id = $1");

    static readonly Sql FinishSql = new("update image_contents set state = $2, reason = $3, changed_at = {now} where manifest_id = $1");
}
