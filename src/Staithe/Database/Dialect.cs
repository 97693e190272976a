using System.Text.RegularExpressions;

namespace Staithe.Database;

/// <summary>Everything that SQLite and PostgreSQL say differently, as words that stand in braces in a statement.</summary>
internal sealed partial class Dialect
{
    /// <summary>SQLite has one writer, so it needs no row locks; its arrays travel as JSON.</summary>
    public static Dialect Sqlite { get; } = new(
        argument => $"in (select value from json_each({argument}))",
        argument => $"json_each({argument})",
        new()
        {
            ["now"] = "cast(unixepoch('subsec') * 1000 as integer)",
            ["identity"] = "integer primary key autoincrement",
            ["bytes"] = "blob",
            ["text"] = "text",
            ["bytewise"] = "",
            ["for update"] = "",
            ["without rowid"] = "without rowid",
            ["keep links"] = "",
            ["keep manifests"] = "",
            ["word index"] = "create virtual table search_words using fts5 (name, title, description, words, content = '', contentless_delete = 1, prefix = '2 3')",
            ["word list"] = "create virtual table search_words_vocabulary using fts5vocab (search_words, row);",
            ["keep repository"] = "",
            ["keep space"] = "",
            ["share starts"] = "1",
            ["lock starts"] = "1",
            ["lock rights"] = "1",
            ["transaction"] = "0",
            ["skip locked"] = "",
            ["event order"] = "",
            ["manifest text"] = "cast(m.content as text)",
        });

    /// <summary>PostgreSQL. <c>now()</c> would stand still while a transaction waits for a lock; a sorted name must sort by bytes.</summary>
    public static Dialect Postgres { get; } = new(
        argument => $"= any({argument})",
        argument => $"unnest({argument}) as each(value)",
        new()
        {
            ["now"] = "(extract(epoch from clock_timestamp()) * 1000)::bigint",
            ["identity"] = "bigint generated always as identity primary key",
            ["bytes"] = "bytea",
            ["text"] = "text collate \"C\"",
            ["bytewise"] = "collate \"C\"",
            ["for update"] = "for update",
            ["without rowid"] = "",
            ["keep links"] = "for key share of rb",
            ["keep manifests"] = "for key share of m",
            ["word index"] = "create table search_words (repo_id bigint primary key, words tsvector not null); create index search_words_by_word on search_words using gin (words)",
            ["word list"] = "",
            ["keep repository"] = "for key share of r",
            ["keep space"] = "for key share of s",
            ["share starts"] = "pg_advisory_xact_lock_shared(5742478)",
            ["lock starts"] = "pg_advisory_xact_lock(5742478)",
            ["lock rights"] = "pg_advisory_xact_lock(5742479)",
            ["transaction"] = "pg_current_xact_id()::text::bigint",
            ["skip locked"] = "for update of j skip locked",
            ["event order"] = "alter table events drop constraint events_pkey, add primary key (tx, id);",
            ["manifest text"] = "encode(m.content, 'escape')", // which holds what is ASCII as it is
        });

    readonly Func<string, string> any;
    readonly Func<string, string> each;
    readonly Dictionary<string, string> words;

    Dialect(Func<string, string> any, Func<string, string> each, Dictionary<string, string> words) => (this.any, this.each, this.words) = (any, each, words);

    /// <summary>
    /// Replaces the words, and <c>{any $n}</c>: the column before it is one of the array's; <c>{each $n}</c>: the array as a table with the column
    /// <c>value</c>. <c>{keep links}</c> and <c>{keep manifests}</c>
    /// hold the rows read under the aliases <c>rb</c> and <c>m</c> against deletion until the transaction ends; <c>{keep repository}</c> and
    /// <c>{keep space}</c>, of <c>r</c> and <c>s</c>, against another name too.
    /// </summary>
    public string Expand(string template) => Braces().Replace(template, match => match.Groups["argument"] is { Success: true } argument
        ? (match.Groups["list"].Value == "any" ? any : each)(argument.Value)
        : words[match.Groups["word"].Value]);

    [GeneratedRegex(@"\{((?<list>any|each) (?<argument>\$\d+)|(?<word>[a-z ]+))\}")]
    private static partial Regex Braces();
}
