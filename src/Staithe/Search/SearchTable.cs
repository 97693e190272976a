using System.Data.Common;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Search;

/// <summary>What is known of a repository, to be found by.</summary>
internal sealed class SearchDocument
{
    /// <summary>The most terms that are kept of one repository.</summary>
    const int MaxTerms = 2000;

    const int MaxValueLength = 300;

    readonly HashSet<(string Field, string Value)> terms = [];
    readonly HashSet<string> words = new(StringComparer.Ordinal);

    public required string Name { get; init; }

    public string Title { get; set; } = "";

    public string Description { get; set; } = "";

    /// <summary>Bytes of the newest image, compressed.</summary>
    public long Size { get; set; }

    public long UpdatedAt { get; set; }

    public IReadOnlyCollection<(string Field, string Value)> Terms => terms;

    /// <summary>Further words that it is found by.</summary>
    public string Words => string.Join(' ', words);

    public void AddTerm(string field, string? value)
    {
        if (string.IsNullOrEmpty(value) || terms.Count >= MaxTerms || value.Any(char.IsControl))
            return;
        value = ForeignText.Clean(value, MaxValueLength); // cuts between characters, not inside of one
        terms.Add((field, SearchQuery.IsCased(field) ? value : value.ToLowerInvariant()));
    }

    public void AddWords(string? text)
    {
        const int MaxWords = 5000;
        foreach (var word in SearchQuery.Tokens(text ?? ""))
        {
            if (words.Count >= MaxWords)
                return;
            words.Add(word);
        }
    }
}

/// <summary>A repository in a list.</summary>
internal sealed record SearchRow(long RepoId, string Name, string Visibility, string Title, string Description, long Size, long UpdatedAt, long Stars, long Pulls)
{
    /// <summary>Of columns in the order of the members.</summary>
    public static SearchRow Read(DbDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetInt64(5), row.GetInt64(6), row.GetInt64(7), row.GetInt64(8));

    /// <summary>Whether it is in a space that speaks for this registry.</summary>
    public bool IsOfficial { get; init; }

    /// <summary>Whether something is to be left out by what is inside of images, and not all of its images could be read.</summary>
    public bool IsUnread { get; init; }

    /// <summary>In which of its images that was found which was looked for inside of images.</summary>
    public IReadOnlyList<SearchMatch> Matches { get; init; } = [];
}

/// <summary>An image in which something was found.</summary>
/// <param name="Image">Its name, by the tag that moved to it last, or by its digest where it has none.</param>
/// <param name="Digest">Its digest.</param>
/// <param name="What">What was found: a package with its version, a file, a layer.</param>
internal sealed record SearchMatch(string Image, string Digest, string What);

/// <summary>The index that searches read. It is made from the content, and may be made anew at any time.</summary>
internal static class SearchTable
{
    /// <summary>Replaces what is known of a repository.</summary>
    public static async Task PutAsync(DbSession session, long repoId, SearchDocument document)
    {
        await RemoveAsync(session, repoId);
        await session.ExecuteAsync(PutDocumentSql, repoId, document.Title, document.Description, document.Size, document.UpdatedAt);
        await session.ExecuteAsync(PutWordsSql, repoId, Join(document.Name), Join(document.Title), Join(document.Description), document.Words);
        await session.ExecuteAsync(PutTermsSql, repoId, document.Terms.Select(term => term.Field).ToArray(), document.Terms.Select(term => term.Value).ToArray());
        await session.ExecuteAsync(PutPiecesSql, repoId, Pieces(document.Name).ToArray());
    }

    /// <summary>Forgets a repository, whether it is still there or not.</summary>
    public static async Task RemoveAsync(DbSession session, long repoId)
    {
        await session.ExecuteAsync(RemoveWordsSql, repoId);
        await session.ExecuteAsync(RemoveTermsSql, repoId);
        await session.ExecuteAsync(RemovePiecesSql, repoId);
        await session.ExecuteAsync(RemoveDocumentSql, repoId);
    }

    /// <summary>The pieces of three letters of a name, by which names that are nearly it are found.</summary>
    public static IEnumerable<string> Pieces(string name) =>
        SearchQuery.Tokens(name).SelectMany(word => Enumerable.Range(0, Math.Max(0, word.Length - 2)).Select(i => word.Substring(i, 3))).Distinct();

    static string Join(string text) => string.Join(' ', SearchQuery.Tokens(text));

    static readonly Sql PutDocumentSql = new("insert into search_documents (repo_id, title, description, size, updated_at) values ($1, $2, $3, $4, $5)");

    static readonly Sql PutWordsSql = new(
        "insert into search_words (rowid, name, title, description, words) values ($1, $2, $3, $4, $5)",
        """
        insert into search_words (repo_id, words) values ($1,
            setweight(to_tsvector('simple', $2), 'A') || setweight(to_tsvector('simple', $3), 'B') || setweight(to_tsvector('simple', $4), 'C') || to_tsvector('simple', $5))
        """);

    static readonly Sql PutTermsSql = new(
        "insert into search_terms (repo_id, field, value) select $1, f.value, v.value from json_each($2) f join json_each($3) v on v.key = f.key",
        "insert into search_terms (repo_id, field, value) select $1, t.field, t.value from unnest($2::text[], $3::text[]) as t (field, value)");

    static readonly Sql PutPiecesSql = new(
        "insert into search_pieces (repo_id, piece) select $1, value from json_each($2)",
        "insert into search_pieces (repo_id, piece) select $1, piece from unnest($2::text[]) as piece");

    static readonly Sql RemoveWordsSql = new("delete from search_words where rowid = $1", "delete from search_words where repo_id = $1");
    static readonly Sql RemoveTermsSql = new("delete from search_terms where repo_id = $1");
    static readonly Sql RemovePiecesSql = new("delete from search_pieces where repo_id = $1");
    static readonly Sql RemoveDocumentSql = new("delete from search_documents where repo_id = $1");
}
