using Staithe.Database;
using Staithe.Versions;

namespace Staithe.Content;

/// <summary>A tag as people and programs look at it.</summary>
/// <param name="Size">Bytes of the image's config and layers; 0 for an index.</param>
/// <param name="Children">How many manifests an index has.</param>
/// <param name="MovedBy">Who moved it last; null when that was before anybody kept it.</param>
/// <param name="PulledAt">When it was pulled last.</param>
/// <param name="IsAttachment">Whether it is no release: see <see cref="Staithe.Oci.AttachmentTag"/>.</param>
internal sealed record TagRow(
    string Name, string Digest, string MediaType, long MovedAt, long Size, long Children, string? MovedBy, long? PulledAt, bool IsAttachment);

/// <summary>Which tags of a repository are listed.</summary>
internal enum TagKind
{
    /// <summary>Those that are no attachments.</summary>
    Releases,

    /// <summary>Those that are, and only these.</summary>
    Attachments,

    /// <summary>All.</summary>
    All,
}

/// <summary>The tags of a repository, part by part.</summary>
internal static class TagListing
{
    /// <summary>The orders: those that moved last first, by name, and the latest version first.</summary>
    public const string Newest = "-moved", ByName = "name", ByVersion = "-version";

    const int MaxSorted = 10_000; // tags that are sorted by version: of more, the newest

    /// <summary>All of the orders; the first is the usual one.</summary>
    public static IReadOnlyList<string> Orders { get; } = [Newest, ByName, ByVersion];

    /// <exception cref="ListPlaceException">It begins behind a place that there cannot be.</exception>
    public static async Task<ListPart<TagRow>> ListAsync(DbSession session, long repoId, TagKind kind, ListRequest asked)
    {
        var names = asked.Sort == ByVersion ? await ListByVersionAsync(session, repoId, kind, asked) : await ListByKeyAsync(session, repoId, kind, asked);
        return new ListPart<TagRow>(await DescribeAsync(session, repoId, [.. names.Items]), names.Next);
    }

    /// <summary>How many there are in whose name a text is.</summary>
    public static async Task<long> CountAsync(DbSession session, long repoId, bool isAttachment, string text = "") =>
        await session.FindNumberAsync(CountSql, repoId, isAttachment ? 1L : 0L, Listing.Pattern(text)) ?? 0;

    /// <summary>The tags of these names, in their order, as far as they are there.</summary>
    public static async Task<List<TagRow>> DescribeAsync(DbSession session, long repoId, string[] names)
    {
        if (names.Length == 0)
            return [];
        var rows = await session.ListAsync(
            DescribeSql,
            row => new TagRow(
                row.GetString(0),
                row.GetString(1),
                row.GetString(2),
                row.GetInt64(3),
                row.GetInt64(4),
                row.GetInt64(5),
                row.IsDBNull(6) ? null : row.GetString(6),
                row.IsDBNull(7) ? null : row.GetInt64(7),
                row.GetInt64(8) != 0),
            repoId,
            names);
        var byName = rows.ToDictionary(row => row.Name, StringComparer.Ordinal);
        return [.. names.Where(byName.ContainsKey).Select(name => byName[name])];
    }

    // Two kinds that are each in order are one list that is in order.
    static async Task<ListPart<string>> ListByKeyAsync(DbSession session, long repoId, TagKind kind, ListRequest asked)
    {
        if (kind != TagKind.All)
            return (await Keys.ListAsync(session, asked, repoId, kind == TagKind.Attachments ? 1L : 0L)).Select(key => key.Name);
        var more = asked with { Limit = asked.Limit + 1 };
        var (releases, attachments) = (await Keys.ListAsync(session, more, repoId, 0L), await Keys.ListAsync(session, more, repoId, 1L));
        var keys = releases.Items.Concat(attachments.Items);
        List<TagKey> ordered = asked.Sort == ByName
            ? [.. keys.OrderBy(key => key.Name, StringComparer.Ordinal)]
            : [.. keys.OrderByDescending(key => key.MovedAt).ThenBy(key => key.Name, StringComparer.Ordinal)];
        var last = ordered.Count > asked.Limit ? ordered[asked.Limit - 1] : null;
        var next = last is null || asked.Sort == ByName ? last?.Name : Listing.Place(last.MovedAt, last.Name);
        return new ListPart<string>([.. ordered.Take(asked.Limit).Select(key => key.Name)], next);
    }

    static async Task<ListPart<string>> ListByVersionAsync(DbSession session, long repoId, TagKind kind, ListRequest asked)
    {
        var names = new List<string>();
        foreach (var isAttachment in kind switch { TagKind.Releases => (long[])[0], TagKind.Attachments => [1], _ => [0, 1] })
            names.AddRange(await session.ListAsync(NewestNamesSql, row => row.GetString(0), repoId, isAttachment, Listing.Pattern(asked.Text), (long)MaxSorted));
        var rest = names.Order(Versions).Where(name => asked.After.Length == 0 || Versions.Compare(name, asked.After) > 0).Take(asked.Limit + 1).ToList();
        return new ListPart<string>([.. rest.Take(asked.Limit)], rest.Count > asked.Limit ? rest[asked.Limit - 1] : null);
    }

    // The latest version first; what is no version behind all that are.
    static readonly Comparer<string> Versions = Comparer<string>.Create((one, other) =>
    {
        var (a, b) = (StartsWithNumber(one), StartsWithNumber(other));
        var order = a && b ? -VersionOrder.Compare("npm", one, other) : b.CompareTo(a);
        return order != 0 ? order : string.CompareOrdinal(one, other);
    });

    static bool StartsWithNumber(string tag) => tag.Length > 0 && (char.IsAsciiDigit(tag[0]) || (tag.Length > 1 && tag[0] == 'v' && char.IsAsciiDigit(tag[1])));

    sealed record TagKey(string Name, long MovedAt);

    static readonly Listing<TagKey> Keys = new(
        "t.name, t.moved_at",
        "tags t where t.repo_id = $1 and t.is_attachment = $2",
        2,
        "t.name",
        row => new TagKey(row.GetString(0), row.GetInt64(1)),
        new ListOrder(Newest, "t.name", First: "t.moved_at"),
        new ListOrder(ByName, "t.name"));

    static readonly Sql DescribeSql = new("""
        select t.name, m.digest, m.media_type, t.moved_at,
            (select cast(coalesce(sum(b.size), 0) as bigint) from manifest_blobs mb join blobs b on b.id = mb.blob_id where mb.manifest_id = m.id),
            (select count(*) from manifest_children c where c.manifest_id = m.id),
            (select v.actor from tag_moves v where v.repo_id = t.repo_id and v.tag = t.name order by v.id desc limit 1),
            (select p.pulled_at from tag_pulls p where p.repo_id = t.repo_id and p.tag = t.name),
            t.is_attachment
        from tags t join manifests m on m.id = t.manifest_id where t.repo_id = $1 and t.name {any $2}
        """);

    static readonly Sql NewestNamesSql = new("""
        select name from tags where repo_id = $1 and is_attachment = $2 and lower(name) like $3 escape '\' order by moved_at desc limit $4
        """);

    static readonly Sql CountSql = new("select count(*) from tags where repo_id = $1 and is_attachment = $2 and lower(name) like $3 escape '\\'");
}
