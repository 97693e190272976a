using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Staithe.Accounts;
using Staithe.Oci;

namespace Staithe.Federation;

/// <summary>What a token has to say about whoever shows it: claims, each with a value in which <c>*</c> stands for anything, also for nothing and for slashes.</summary>
internal sealed record ClaimRules
{
    const int MaxRules = 20;
    const int MaxNameLength = 100;
    const int MaxValueLength = 500;

    readonly SortedDictionary<string, string> rules;

    ClaimRules(IReadOnlyDictionary<string, string> rules) => this.rules = new SortedDictionary<string, string>(rules.ToDictionary(), StringComparer.Ordinal);

    /// <summary>The rules as they were given.</summary>
    public IReadOnlyDictionary<string, string> Rules => rules;

    /// <summary>What a row keeps.</summary>
    public string Text => JsonSerializer.Serialize(rules);

    /// <summary>Reads what somebody wants.</summary>
    /// <exception cref="AccountException">There is none that says anything, or one that cannot be.</exception>
    public static ClaimRules Of(IReadOnlyDictionary<string, string> rules)
    {
        if (rules.Count > MaxRules || rules.Any(rule => rule.Key.Length is 0 or > MaxNameLength || rule.Value is not { Length: > 0 and <= MaxValueLength }))
            throw new AccountException(AccountProblem.Invalid, $"a rule has up to {MaxRules} claims, each with a name of up to {MaxNameLength} characters and a value of up to {MaxValueLength}");
        // An issuer that serves the whole world vouches for the whole world.
        if (rules.All(rule => rule.Value.All(c => c == '*')))
            throw new AccountException(AccountProblem.Invalid, "say which tokens of this issuer are trusted: give at least one claim with a value that is not only *, such as \"sub\"");
        return new ClaimRules(rules);
    }

    /// <summary>Reads what a row holds.</summary>
    public static ClaimRules Read(string text) => new(JsonSerializer.Deserialize<Dictionary<string, string>>(text) ?? throw new InvalidDataException("a robot's rules are not an object"));

    /// <summary>Whether a token says all of it; else what it lacks.</summary>
    public bool Match(JsonElement claims, [NotNullWhen(false)] out string? lacks)
    {
        foreach (var (name, pattern) in rules)
        {
            var values = IdToken.Values(claims, name);
            if (values.Any(value => IsLike(pattern, value)))
                continue;
            lacks = values.Count == 0 ? $"there is no claim {OciException.Quote(name)}" : $"{OciException.Quote(name)} is {IdToken.Listed(values)}";
            return false;
        }
        lacks = null;
        return true;
    }

    public override string ToString() => string.Join(", ", rules.Select(rule => $"{rule.Key}={rule.Value}"));

    public bool Equals(ClaimRules? other) => other is not null && Text == other.Text;

    public override int GetHashCode() => Text.GetHashCode(StringComparison.Ordinal);

    // Each piece between two stars at the first place where it fits, the last one at the end.
    internal static bool IsLike(string pattern, string value)
    {
        var pieces = pattern.Split('*');
        if (pieces.Length == 1)
            return value == pattern;
        if (!value.StartsWith(pieces[0], StringComparison.Ordinal))
            return false;
        var at = pieces[0].Length;
        foreach (var piece in pieces[1..^1])
        {
            var found = value.IndexOf(piece, at, StringComparison.Ordinal);
            if (found < 0)
                return false;
            at = found + piece.Length;
        }
        return value.Length - at >= pieces[^1].Length && value.EndsWith(pieces[^1], StringComparison.Ordinal);
    }
}
