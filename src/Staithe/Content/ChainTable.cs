using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>
/// What images are built on: the ChainID of each number of their layers. Only of images whose config was held against the unpacked layers and
/// names just these: a config is whatever was pushed.
/// </summary>
internal static class ChainTable
{
    const int Enough = 1000;

    /// <summary>Replaces what is known of an image.</summary>
    /// <param name="session">A transaction.</param>
    /// <param name="manifestId">The image.</param>
    /// <param name="chains">As <see cref="ImageConfig.ListChainIds"/> gives them; empty for an image whose config is not true, or was not checked.</param>
    public static async Task PutAsync(DbSession session, long manifestId, IReadOnlyList<Digest> chains)
    {
        await session.ExecuteAsync(ClearSql, manifestId);
        for (var i = 0; i < chains.Count; i++)
            await session.ExecuteAsync(AddSql, manifestId, (long)(chains.Count - 1 - i), chains[i].Value);
    }

    /// <summary>The whole images among some manifests, and among what the indexes of them name.</summary>
    public static Task<List<string>> ListWholeAsync(DbSession session, long[] manifests) => session.ListAsync(ListWholeSql, row => row.GetString(0), manifests, (long)Enough);

    static readonly Sql ClearSql = new("delete from image_chains where manifest_id = $1");

    // The manifest may have gone meanwhile; then there is nothing to say.
    static readonly Sql AddSql = new("""
        insert into image_chains (manifest_id, repo_id, above, chain)
        select c.manifest_id, m.repo_id, $2, $3 from image_contents c join manifests m on m.id = c.manifest_id where c.manifest_id = $1
        """);

    static readonly Sql ListWholeSql = new("""
        select distinct c.chain from image_chains c
        where c.above = 0 and (c.manifest_id {any $1} or c.manifest_id in (select h.child_id from manifest_children h where h.manifest_id {any $1})) limit $2
        """);
}
