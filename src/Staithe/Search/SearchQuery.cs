using System.Globalization;
using System.Text;
using Staithe.Oci;

namespace Staithe.Search;

/// <summary>What somebody looks for besides words.</summary>
/// <param name="Field">Port, label, env, …: see <see cref="SearchQuery.Fields"/>.</param>
/// <param name="Value">What it must be, in lower case where the field has no case.</param>
/// <param name="IsPrefix">Whether what begins with it will do.</param>
/// <param name="IsExcluded">Whether it must not be.</param>
internal sealed record SearchFilter(string Field, string Value, bool IsPrefix, bool IsExcluded)
{
    /// <summary>Where values begin that the filter takes.</summary>
    public string Low => Value;

    /// <summary>Where they have ended.</summary>
    public string High => Value + (IsPrefix ? "\U0010FFFF" : "\u0001"); // no value holds a control character
}

/// <summary>How results are ordered.</summary>
internal enum SearchOrder
{
    /// <summary>The best first.</summary>
    Best,

    /// <summary>What changed last first.</summary>
    Updated,
}

/// <summary>
/// A search as people type it: words, which must all be there, if only as beginnings; <c>field:value</c>, with <c>*</c> at the end for a
/// beginning; <c>-field:value</c> for what must not be; quotes around what has spaces.
/// </summary>
internal sealed record SearchQuery(IReadOnlyList<string> Words, IReadOnlyList<SearchFilter> Filters)
{
    /// <summary>The most characters that are read.</summary>
    public const int MaxLength = 400;

    const int MaxWords = 8, MaxFilters = 5;

    /// <summary>What one can ask for, and what it means.</summary>
    public static IReadOnlyList<(string Field, string Meaning, string Example)> Fields { get; } =
    [
        ("space", "in this space", "space:team"),
        ("tag", "has this tag", "tag:1.2*"),
        ("port", "listens on this port", "port:5432"),
        ("label", "has this label, alone or with its value", "label:org.opencontainers.image.vendor=Example"),
        ("annotation", "has this annotation", "annotation:org.opencontainers.image.revision*"),
        ("env", "sets or reads this variable", "env:POSTGRES_PASSWORD"),
        ("entrypoint", "runs this program", "entrypoint:nginx"),
        ("volume", "keeps data here", "volume:/var/lib/mysql"),
        ("user", "runs as this user; root or nonroot too", "user:nonroot"),
        ("arch", "made for this processor", "arch:arm64"),
        ("os", "made for this system", "os:linux"),
        ("license", "under this licence", "license:MIT"),
        ("base", "built on this image, by name or digest", "base:docker.io/library/debian*"),
        ("digest", "holds this manifest, layer or config", "digest:sha256:…"),
        ("type", "of this kind: image, index or an artifact's type", "type:application/vnd.cncf.helm.chart.v1+tar"),
        ("has", "comes with a signature, sbom, attestation or readme", "has:sbom"),
    ];

    /// <summary>Whether it asks for nothing.</summary>
    public bool IsEmpty => Words.Count == 0 && Filters.Count == 0;

    /// <summary>Reads a search. What has no meaning is a word; what is too much is left out.</summary>
    public static SearchQuery Parse(string text)
    {
        var words = new List<string>();
        var filters = new List<SearchFilter>();
        foreach (var part in Split(text.Length > MaxLength ? text[..MaxLength] : text))
        {
            if (ReadFilter(part) is { } filter)
                filters.Add(filter);
            else
                words.AddRange(Tokens(part));
        }
        return new SearchQuery([.. words.Distinct().Take(MaxWords)], [.. filters.Distinct().Take(MaxFilters)]);
    }

    /// <summary>The words of a text as they are indexed: letters and digits, in lower case, without accents.</summary>
    public static IEnumerable<string> Tokens(string text)
    {
        var word = new StringBuilder();
        foreach (var rune in text.Normalize(NormalizationForm.FormD).EnumerateRunes())
        {
            if (Rune.IsLetterOrDigit(rune))
            {
                word.Append(Rune.ToLowerInvariant(rune));
            }
            else if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark && word.Length > 0)
            {
                yield return Take(word);
            }
        }
        if (word.Length > 0)
            yield return Take(word);

        static string Take(StringBuilder word)
        {
            var text = word.Length > 64 ? word.ToString(0, 64) : word.ToString();
            word.Clear();
            return text;
        }
    }

    // By spaces, except inside quotes.
    static IEnumerable<string> Split(string text)
    {
        var part = new StringBuilder();
        var quoted = false;
        foreach (var c in text)
        {
            if (c == '"')
            {
                quoted = !quoted;
            }
            else if (char.IsWhiteSpace(c) && !quoted)
            {
                if (part.Length > 0)
                    yield return part.ToString();
                part.Clear();
            }
            else if (!char.IsControl(c) && !char.IsSurrogate(c))
            {
                part.Append(c);
            }
        }
        if (part.Length > 0)
            yield return part.ToString();
    }

    static SearchFilter? ReadFilter(string part)
    {
        var excluded = part.StartsWith('-');
        var colon = part.IndexOf(':', StringComparison.Ordinal);
        if (colon < 1 || colon == part.Length - 1)
            return null;
        var field = part[(excluded ? 1 : 0)..colon].ToLowerInvariant();
        field = field is "licence" ? "license" : field is "architecture" ? "arch" : field;
        if (Fields.All(known => known.Field != field))
            return null;
        var value = part[(colon + 1)..];
        var prefix = value.EndsWith('*') && value.Length > 1;
        if (prefix)
            value = value[..^1];
        if (field == "digest")
            return Digest.TryParse(value, out var digest) ? new SearchFilter(field, digest.Value, false, excluded) : new SearchFilter(field, value, false, excluded);
        if (!IsCased(field))
            value = value.ToLowerInvariant();
        // A port stands with its protocol, a label with its value: what is left out may be anything.
        return field switch
        {
            "port" when !prefix && !value.Contains('/', StringComparison.Ordinal) => new SearchFilter(field, value + "/", true, excluded),
            "label" or "annotation" when !prefix && !value.Contains('=', StringComparison.Ordinal) => new SearchFilter(field, value + "=", true, excluded),
            _ => new SearchFilter(field, value, prefix, excluded),
        };
    }

    /// <summary>Whether upper and lower case differ in a field.</summary>
    public static bool IsCased(string field) => field is "label" or "annotation" or "env" or "volume" or "tag" or "entrypoint" or "type";
}
