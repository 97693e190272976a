using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Staithe.Oci;
using Staithe.Versions;

namespace Staithe.Search;

/// <summary>What somebody looks for besides words.</summary>
/// <param name="Field">Port, label, env, …: see <see cref="SearchQuery.Fields"/>.</param>
/// <param name="Value">What it must be, in lower case where the field has no case.</param>
/// <param name="IsPrefix">Whether what begins with it will do.</param>
/// <param name="IsExcluded">Whether it must not be.</param>
internal sealed record SearchFilter(string Field, string Value, bool IsPrefix, bool IsExcluded)
{
    /// <summary>The name of a package as it was typed: some package systems tell upper and lower case apart.</summary>
    public string? Name { get; init; }

    /// <summary>How the version of a package is to stand to another one; null for any version.</summary>
    public VersionBound? Bound { get; init; }

    /// <summary>Where values begin that the filter takes.</summary>
    public string Low => Value;

    /// <summary>Where they have ended.</summary>
    public string High => Value + (IsPrefix ? "\U0010FFFF" : "\u0001"); // no value holds a control character
}

/// <summary>What a version must be.</summary>
/// <param name="Operator">One of &lt; &lt;= = &gt;= &gt;.</param>
/// <param name="Version">The version to compare with; behind an equals sign it may end with <c>*</c>.</param>
internal sealed record VersionBound(string Operator, string Version)
{
    /// <summary>Whether a version of a package of that system is so.</summary>
    public bool Takes(string ecosystem, string version)
    {
        if (Operator == "=" && Version.EndsWith('*'))
            return version.StartsWith(Version[..^1], StringComparison.Ordinal);
        var order = VersionOrder.Compare(ecosystem, version, Version);
        return Operator switch
        {
            "<" => order < 0,
            "<=" => order <= 0,
            "=" => order == 0,
            ">=" => order >= 0,
            _ => order > 0,
        };
    }
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
/// beginning; <c>-word</c> and <c>-field:value</c> for what must not be; quotes around what has spaces, or is to be words and no field.
/// An image that was pasted (<see cref="PastedName"/>) means its repository.
/// </summary>
internal sealed partial record SearchQuery(IReadOnlyList<string> Words, IReadOnlyList<SearchFilter> Filters)
{
    /// <summary>The most characters that are read.</summary>
    public const int MaxLength = 400;

    /// <summary>Fields that nobody types: words that must not be there, and a repository by its whole name or the end of it.</summary>
    public const string WordField = "word", RepositoryField = "repository";

    const int MaxWords = 8, MaxFilters = 8, MaxProblems = 5;
    const int MinDigestLetters = 6; // fewer would be those of too many
    const int MaxDays = 36_500;

    /// <summary>What one can ask for, and what it means.</summary>
    public static IReadOnlyList<(string Field, string Meaning, string Example)> Fields { get; } =
    [
        ("name", "is called so, in whatever space", "name:nginx"),
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
        ("base", "built on this image, as its layers or its labels tell", "base:team/debian:12"),
        ("package", "has this package, or one built from it, in a version: < <= = >= >", "package:openssl<3.0.20"),
        ("file", "has this file in a layer", "file:/etc/nginx/nginx.conf"),
        ("digest", "holds this manifest, layer or config, whole or its beginning", "digest:sha256:…"),
        ("type", "of this kind: image, index or an artifact's type", "type:application/vnd.cncf.helm.chart.v1+tar"),
        ("has", "comes with a signature, sbom, attestation, buildfile or readme", "has:sbom"),
        ("is", "official: in a space that speaks for this registry", "is:official"),
        ("updated", "changed in the last days, weeks, months or years", "updated:7d"),
    ];

    /// <summary>Whether it asks for nothing.</summary>
    public bool IsEmpty => Words.Count == 0 && Filters.Count == 0;

    /// <summary>
    /// What was not understood, for whoever refuses such a search; empty otherwise. Whoever goes on has in its place the words of it, and not what is too much.
    /// </summary>
    public IReadOnlyList<string> Problems { get; init; } = [];

    /// <summary>All that was not understood in one line; null when there is nothing.</summary>
    public string? Problem => Problems.Count == 0 ? null : string.Join("; ", Problems);

    /// <summary>Reads a search.</summary>
    public static SearchQuery Parse(string text)
    {
        if (PastedName.TryReadDigest(text) is { } digest)
            return new SearchQuery([], [new SearchFilter("digest", digest.Value, false, false)]);
        if (PastedName.TryRead(text) is { } pasted)
            return Of(pasted);
        var (words, filters, problems) = (new List<string>(), new List<SearchFilter>(), new List<string>());
        if (text.Length > MaxLength)
            problems.Add($"a search has at most {MaxLength} characters");
        foreach (var part in Split((text.Length > MaxLength ? text[..MaxLength] : text).Replace('\0', ' ')))
            Read(part, words, filters, problems);
        if (words.Distinct().Count() > MaxWords)
            problems.Add($"a search has at most {MaxWords} words");
        if (filters.Distinct().Count() > MaxFilters)
            problems.Add($"a search has at most {MaxFilters} conditions");
        return new SearchQuery([.. words.Distinct().Take(MaxWords)], [.. filters.Distinct().Take(MaxFilters)]) { Problems = [.. problems.Distinct().Take(MaxProblems)] };
    }

    static SearchQuery Of(PastedName pasted) => pasted.Space.Length > 0
        ? new SearchQuery([], [new SearchFilter("space", pasted.Space, false, false)])
        : new SearchQuery([], [new SearchFilter("name", pasted.Repository.Split('/')[^1], false, false), new SearchFilter(RepositoryField, pasted.Repository, false, false)]);

    static void Read(Part part, List<string> words, List<SearchFilter> filters, List<string> problems)
    {
        var isExcluded = part.Text is ['-', _, ..];
        var body = isExcluded ? part.Text[1..] : part.Text;
        var colon = body.IndexOf(':', StringComparison.Ordinal);
        if (colon > 0)
        {
            var field = Alias(body[..colon].ToLowerInvariant());
            var value = body[(colon + 1)..];
            if (Fields.FirstOrDefault(known => known.Field == field) is { Field: not null } known)
            {
                var (filter, problem) = ReadFilter(field, value, isExcluded);
                if (filter is not null)
                    filters.Add(filter);
                else
                    words.AddRange(Tokens(part.Text));
                if (problem is not null)
                    problems.Add($"{field}:{OciException.Quote(value)} is not understood: {problem}, such as {known.Example}");
                return;
            }
            if (!part.IsColonQuoted && IsFieldLike(field) && value is not [':' or '/', ..])
            {
                problems.Add(
                    $"there is no field {OciException.Quote(field)}: the fields are {string.Join(", ", Fields.Select(one => one.Field))}; to search for the words write \"{OciException.Quote(body)}\" in quotes"
                    + (TagName.TryParse(value, out _) ? $", and for an image name:{field} tag:{OciException.Quote(value)}" : ""));
            }
        }
        if (!isExcluded || part.IsDashQuoted)
            words.AddRange(Tokens(part.Text));
        else if (string.Join(' ', Tokens(body)) is { Length: > 0 } excluded)
            filters.Add(new SearchFilter(WordField, excluded, true, true));
    }

    static string Alias(string field) => field is "licence" ? "license" : field is "architecture" ? "arch" : field;

    static bool IsFieldLike(string text) => text.Length <= 40 && char.IsAsciiLetter(text[0]) && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');

    /// <summary>The words of a text as they are indexed: letters and digits, in lower case, without accents.</summary>
    public static IEnumerable<string> Tokens(string text)
    {
        var word = new StringBuilder();
        foreach (var rune in Sound(text).Normalize(NormalizationForm.FormD).EnumerateRunes())
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

    // Half a character, and the one that is none, cannot be brought into a normal form; images may say anything.
    static string Sound(string text) => text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF') < 0 && !text.Contains('\uFFFE', StringComparison.Ordinal)
        ? text
        : string.Concat(text.EnumerateRunes().Select(rune => rune.Value == 0xFFFE ? " " : rune.ToString()));

    // By spaces, except inside quotes.
    static IEnumerable<Part> Split(string text)
    {
        var part = new StringBuilder();
        var (quoted, dashQuoted, colonQuoted, colons) = (false, false, false, 0);
        foreach (var c in text + " ")
        {
            if (c == '"')
            {
                quoted = !quoted;
            }
            else if (char.IsWhiteSpace(c) && !quoted)
            {
                if (part.Length > 0)
                    yield return new Part(part.ToString(), dashQuoted, colonQuoted);
                part.Clear();
                (dashQuoted, colonQuoted, colons) = (false, false, 0);
            }
            else if (!char.IsControl(c) && !char.IsSurrogate(c))
            {
                dashQuoted |= part.Length == 0 && quoted;
                if (c == ':' && colons++ == 0)
                    colonQuoted = quoted;
                part.Append(c);
            }
        }
        if (part.Length > 0)
            yield return new Part(part.ToString(), dashQuoted, colonQuoted); // a quote was not closed
    }

    /// <param name="IsDashQuoted">Whether the first character stands in quotes.</param>
    /// <param name="IsColonQuoted">Whether the first colon does.</param>
    readonly record struct Part(string Text, bool IsDashQuoted, bool IsColonQuoted);

    static (SearchFilter? Filter, string? Problem) ReadFilter(string field, string value, bool excluded)
    {
        if (value.Length == 0)
            return (null, "it needs a value");
        switch (field)
        {
            case "package":
                return ReadPackage(value, excluded) is { } package ? (package, null) : (null, "write a name, and perhaps < <= = >= or > and a version");
            case "file":
                return ReadFile(value, excluded) is { } file ? (file, null) : (null, "write a path");
            case "digest":
                return ReadDigest(value, excluded);
            case "updated":
                return ReadDays(value) is { } days
                    ? (new SearchFilter(field, days.ToString(CultureInfo.InvariantCulture), false, excluded), null)
                    : (null, "write a number with d, w, m or y");
            case "is" when !value.Equals("official", StringComparison.OrdinalIgnoreCase):
                return (null, "the only value is official");
            case "port" when !Port().IsMatch(value):
                return (null, "write a number from 1 to 65535, and perhaps /tcp, /udp or /sctp");
        }
        var prefix = value.EndsWith('*') && value.Length > 1;
        if (prefix)
            value = value[..^1];
        if (!IsCased(field))
            value = value.ToLowerInvariant();
        if (field == "license")
            value = prefix ? SpdxLicense.KeyPrefix(value) : SpdxLicense.Key(value);
        // A port stands with its protocol, a label with its value: what is left out may be anything.
        return (field switch
        {
            "port" when !prefix && !value.Contains('/', StringComparison.Ordinal) => new SearchFilter(field, value + "/", true, excluded),
            "label" or "annotation" when !prefix && !value.Contains('=', StringComparison.Ordinal) => new SearchFilter(field, value + "=", true, excluded),
            _ => new SearchFilter(field, value, prefix, excluded),
        }, null);
    }

    [GeneratedRegex(@"\A([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])(/(tcp|udp|sctp))?\*?\z", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant)]
    private static partial Regex Port();

    // NAME, NAME<VERSION, NAME*: where a name ends that has an operator behind it.
    static SearchFilter? ReadPackage(string value, bool excluded)
    {
        var end = value.AsSpan().IndexOfAny('<', '=', '>');
        var name = end < 0 ? value : value[..end];
        VersionBound? bound = null;
        if (end >= 0)
        {
            var isWide = end + 1 < value.Length && value[end + 1] == '=';
            var version = value[(end + (isWide ? 2 : 1))..];
            if (version.Length == 0)
                return null;
            bound = new VersionBound(isWide && value[end] != '=' ? value[end..(end + 2)] : value[end..(end + 1)], version);
        }
        var prefix = name.EndsWith('*');
        name = prefix ? name[..^1] : name;
        return name.Length == 0 ? null : new SearchFilter("package", name.ToLowerInvariant(), prefix, excluded) { Bound = bound, Name = name };
    }

    // Names are kept without the slash at their beginning.
    static SearchFilter? ReadFile(string value, bool excluded)
    {
        var prefix = value.EndsWith('*');
        value = (prefix ? value[..^1] : value).TrimStart('/');
        if (value.StartsWith("./", StringComparison.Ordinal))
            value = value[2..].TrimStart('/');
        return value.Length == 0 ? null : new SearchFilter("file", value, prefix, excluded);
    }

    // Whole, or its beginning as pages show it.
    static (SearchFilter? Filter, string? Problem) ReadDigest(string value, bool excluded)
    {
        if (Digest.TryParse(value, out var digest))
            return (new SearchFilter("digest", digest.Value, false, excluded), null);
        var text = value.TrimEnd('*', '…').ToLowerInvariant();
        text = text.Contains(':', StringComparison.Ordinal) ? text : $"sha256:{text}";
        var letters = text[(text.IndexOf(':', StringComparison.Ordinal) + 1)..];
        return letters.Length > 0 && letters.All(char.IsAsciiHexDigitLower)
            ? (new SearchFilter("digest", text, letters.Length >= MinDigestLetters, excluded), null)
            : (null, $"write a digest, or at least {MinDigestLetters} of its hexadecimal digits");
    }

    static int? ReadDays(string value)
    {
        var unit = value[^1] switch { 'd' => 1, 'w' => 7, 'm' => 30, 'y' => 365, _ => 0 };
        return unit > 0 && int.TryParse(value.AsSpan(0, value.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= MaxDays
            ? Math.Min(number * unit, MaxDays)
            : null;
    }

    /// <summary>Whether upper and lower case differ in a field.</summary>
    public static bool IsCased(string field) => field is "label" or "annotation" or "env" or "volume" or "tag" or "entrypoint" or "type" or "base" or "license";
}
