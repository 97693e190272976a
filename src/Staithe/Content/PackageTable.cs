using Staithe.Database;
using Staithe.Versions;

namespace Staithe.Content;

/// <summary>A package that is installed in an image.</summary>
/// <param name="Ecosystem">Whose rules its version follows: deb, apk, rpm, npm, pypi, nuget, gem, cargo.</param>
/// <param name="Purl">Its package URL, which says all of it in one line.</param>
/// <param name="Source">The package that it was built from as <c>name version</c>, where that is another one; else empty.</param>
internal sealed record PackageRow(string Ecosystem, string Name, string Version, string Purl, string Source);

/// <summary>The packages of images: each package once, and which image has it.</summary>
internal static class PackageTable
{
    public static Task ClearAsync(DbSession session, long manifestId) => session.ExecuteAsync(ClearSql, manifestId);

    public static async Task AddAsync(DbSession session, long manifestId, IEnumerable<PackageRow> packages)
    {
        foreach (var package in packages)
        {
            await session.ExecuteAsync(AddSql, package.Ecosystem, package.Name, package.Version, package.Purl, package.Source, PackageName.Key(package.Ecosystem, package.Name));
            await session.ExecuteAsync(LinkSql, manifestId, package.Purl, package.Source);
        }
    }

    /// <summary>A page of the packages of an image in the order of their package URLs, behind <paramref name="last"/>.</summary>
    public static Task<List<PackageRow>> ListAsync(DbSession session, long manifestId, string last, int limit) => session.ListAsync(
        ListSql,
        row => new PackageRow(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4)),
        manifestId,
        last,
        (long)limit);

    /// <summary>The same of those in whose name a text is, however it is written.</summary>
    public static Task<List<PackageRow>> ListNamedAsync(DbSession session, long manifestId, string text, string last, int limit) => session.ListAsync(
        ListNamedSql,
        row => new PackageRow(row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4)),
        manifestId,
        last,
        (long)limit,
        Pattern(text.ToLowerInvariant()),
        Pattern(PackageName.Key("pypi", text)));

    static string Pattern(string text) =>
        $"%{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("%", "\\%", StringComparison.Ordinal).Replace("_", "\\_", StringComparison.Ordinal)}%";

    /// <summary>How many packages of each ecosystem an image has.</summary>
    public static Task<List<(string Ecosystem, long Count)>> CountAsync(DbSession session, long manifestId) => session.ListAsync(CountSql, row => (row.GetString(0), row.GetInt64(1)), manifestId);

    static readonly Sql ClearSql = new("delete from image_packages where manifest_id = $1");

    static readonly Sql AddSql = new("""
        insert into packages (ecosystem, name, version, purl, source, key) values ($1, $2, $3, $4, $5, $6) on conflict (purl, source) do nothing
        """);

    static readonly Sql LinkSql = new("""
        insert into image_packages (manifest_id, package_id, repo_id)
        select c.manifest_id, p.id, m.repo_id from image_contents c join manifests m on m.id = c.manifest_id, packages p where c.manifest_id = $1 and p.purl = $2 and p.source = $3
        on conflict (manifest_id, package_id) do nothing
        """);

    static readonly Sql ListSql = new("""
        select p.ecosystem, p.name, p.version, p.purl, p.source from image_packages i join packages p on p.id = i.package_id
        where i.manifest_id = $1 and p.purl > $2 order by p.purl, p.source limit $3
        """);

    static readonly Sql ListNamedSql = new("""
        select p.ecosystem, p.name, p.version, p.purl, p.source from image_packages i join packages p on p.id = i.package_id
        where i.manifest_id = $1 and p.purl > $2 and (lower(p.name) like $4 escape '\' or p.key like $5 escape '\') order by p.purl, p.source limit $3
        """);

    static readonly Sql CountSql = new("""
        select p.ecosystem, count(*) from image_packages i join packages p on p.id = i.package_id where i.manifest_id = $1 group by p.ecosystem order by p.ecosystem
        """);
}
