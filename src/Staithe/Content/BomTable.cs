using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>Which list of packages the registry has attached to which image: one at a time.</summary>
internal static class BomTable
{
    /// <summary>From now on this one is the image's; false when the image or the list is no longer there.</summary>
    public static async Task<bool> SetAsync(DbSession session, long repoId, Digest image, Digest bom) => await session.ExecuteAsync(SetSql, repoId, image.Value, bom.Value) == 1;

    public static Task<Digest?> FindAsync(DbSession session, long imageId) => session.FindAsync(FindSql, row => Digest.Parse(row.GetString(1)), imageId);

    /// <summary>
    /// Deletes the one of an image, and says which it was. One that somebody has tagged, listed in an index, or refers to, as a signature does, stays:
    /// it is theirs now.
    /// </summary>
    public static async Task<Digest?> DeleteUnusedAsync(DbSession session, long imageId)
    {
        if (await session.FindAsync(HoldSql, row => new Found(row.GetInt64(0), Digest.Parse(row.GetString(1))), imageId) is not { } bom || await session.FindNumberAsync(UseSql, bom.Id) is not null)
            return null;
        return await ManifestTable.DeleteAsync(session, bom.Id) ? bom.Digest : null;
    }

    static readonly Sql SetSql = new("""
        insert into image_boms (image_id, manifest_id)
        select i.id, b.id from manifests i join manifests b on b.repo_id = i.repo_id where i.repo_id = $1 and i.digest = $2 and b.digest = $3
        on conflict (image_id) do update set manifest_id = excluded.manifest_id
        """);

    static readonly Sql FindSql = new("select id, digest from manifests where id = (select manifest_id from image_boms where image_id = $1)");
    static readonly Sql HoldSql = new("select id, digest from manifests where id = (select manifest_id from image_boms where image_id = $1) {for update}");

    static readonly Sql UseSql = new("""
        select m.id from manifests m where m.id = $1 and (exists (select 1 from tags t where t.repo_id = m.repo_id and t.manifest_id = m.id)
            or exists (select 1 from manifest_children c where c.repo_id = m.repo_id and c.child_id = m.id)
            or exists (select 1 from manifests r where r.repo_id = m.repo_id and r.subject = m.digest))
        """);

    sealed record Found(long Id, Digest Digest);
}
