using Staithe.Database;

namespace Staithe.Search;

/// <summary>
/// The words of a search as each engine wants them: all of them, if only as beginnings. For a beginning SQLite puts together what has any of the
/// words that begin so, as often as it is asked; so a word that no other one begins with, as most are, is looked for as it is.
/// </summary>
internal sealed class SearchWords
{
    const int RankedCount = 2000; // words that more have are not weighed against each other: that would take as long as there are such

    readonly IReadOnlyList<string> words;
    readonly HashSet<string> whole;

    SearchWords(IReadOnlyList<string> words, HashSet<string> whole) => (this.words, this.whole) = (words, whole);

    /// <summary>Whether so much has them that it is not weighed.</summary>
    public bool AreCommon { get; private set; }

    public int Count => words.Count;

    public string First => words[0];

    /// <summary>Asks what there is of them.</summary>
    public static async Task<SearchWords> ReadAsync(DbSession session, IReadOnlyList<string> words)
    {
        // The index has plain words as they are here; of all others it alone knows how it has them.
        string[] plain = [.. words.Where(word => word.All(char.IsAsciiLetterOrDigit))];
        var whole = plain.Length == 0 ? [] : await session.ListAsync(WholeSql, row => row.GetString(0), [plain]);
        var read = new SearchWords(words, [.. whole]);
        read.AreCommon = await session.FindNumberAsync(CountSql, [.. read.Arguments(), (long)RankedCount]) >= RankedCount;
        return read;
    }

    /// <summary>What a statement reads: the words for SQLite, the words for PostgreSQL.</summary>
    /// <param name="inNames">Whether they are to be in the name.</param>
    public object?[] Arguments(bool inNames = false) =>
    [
        $"{(inNames ? "name : " : "")}({string.Join(" AND ", words.Select(word => $"\"{word}\"{(whole.Contains(word) ? "" : "*")}"))})",
        string.Join(" & ", words.Select(word => $"{word}:*{(inNames ? "A" : "")}")),
    ];

    /// <summary>The same for words that must all be there, if only as beginnings, when nobody has asked what there is of them.</summary>
    public static object?[] Match(IReadOnlyList<string> words) => [string.Join(" AND ", words.Select(word => $"\"{word}\"*")), string.Join(" & ", words.Select(word => $"{word}:*"))];

    /// <summary>Which of a few repositories have them; null where going through everything that has them is as little work.</summary>
    public async Task<HashSet<long>?> AmongAsync(DbSession session, long[] repositories) =>
        whole.Count < words.Count ? null : [.. await session.ListAsync(AmongSql, row => row.GetInt64(0), [.. Arguments(), repositories])];

    // Those that no other word begins with. To PostgreSQL it is all the same: it reads on where the word ends.
    static readonly Sql WholeSql = new(
        "select w.value from json_each($1) w where not exists (select 1 from search_words_vocabulary v where v.term >= w.value || char(1) and v.term < w.value || char(0x10ffff))",
        "select w.value from unnest($1::text[]) as w(value)");

    static readonly Sql AmongSql = new(
        "select rowid from search_words where search_words match $1 and $2 <> '' and rowid in (select value from json_each($3))",
        "select repo_id from search_words where words @@ to_tsquery('simple', $2) and $1 <> '' and repo_id = any($3)");

    static readonly Sql CountSql = new(
        "select count(*) from (select 1 from search_words where search_words match $1 and $2 <> '' limit $3) x",
        "select count(*) from (select 1 from search_words where words @@ to_tsquery('simple', $2) and $1 <> '' limit $3) x");
}
