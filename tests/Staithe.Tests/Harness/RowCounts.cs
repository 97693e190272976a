using Staithe.Database;

namespace Staithe.Tests.Harness;

/// <summary>How many rows the tables of content have.</summary>
internal sealed record RowCounts(long Repositories, long Blobs, long Links, long Manifests, long Tags, long Uploads)
{
    public static async Task<RowCounts> OfAsync(Registry registry) => (await registry.App.Database.ReadAsync(session => session.FindAsync(
        CountSql,
        row => new RowCounts(row.GetInt64(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5)))))!;

    static readonly Sql CountSql = new("""
        select (select count(*) from repositories), (select count(*) from blobs), (select count(*) from repo_blobs),
               (select count(*) from manifests), (select count(*) from tags), (select count(*) from uploads)
        """);
}
