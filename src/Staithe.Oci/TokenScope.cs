using System.Diagnostics.CodeAnalysis;

namespace Staithe.Oci;

/// <summary>
/// What a token is asked for (Docker Registry token specification, "Token Scope"): <c>repository:team/app:pull,push</c> or
/// <c>registry:catalog:*</c>. A type may have a class in brackets, which is dropped.
/// </summary>
/// <param name="Type">What kind of thing; <c>repository</c> and <c>registry</c> are known.</param>
/// <param name="Name">Which one.</param>
/// <param name="Actions">What is to be done with it.</param>
public sealed record TokenScope(string Type, string Name, IReadOnlyList<string> Actions)
{
    /// <summary>The type of a repository's scopes.</summary>
    public const string Repository = "repository";

    /// <summary>The type of what belongs to the registry as a whole.</summary>
    public const string Registry = "registry";

    /// <summary>The most characters a scope may have: a repository's name and the actions.</summary>
    public const int MaxLength = 512;

    const int MaxActions = 16;

    /// <summary>
    /// Reads one scope; false when it has not the form, is too long, or names a repository that cannot be. The grammar allows a host before
    /// the name of a repository: this registry's own is dropped, and there is nothing here below another.
    /// </summary>
    public static bool TryParse(string? text, string? host, [NotNullWhen(true)] out TokenScope? scope)
    {
        scope = null;
        if (text is not { Length: > 0 and <= MaxLength })
            return false;
        var (first, last) = (text.IndexOf(':', StringComparison.Ordinal), text.LastIndexOf(':'));
        if (first <= 0 || last <= first + 1)
            return false;
        var type = text[..first];
        if (type.IndexOf('(', StringComparison.Ordinal) is > 0 and var bracket && type.EndsWith(')'))
            type = type[..bracket];
        var name = text[(first + 1)..last];
        if (host is { Length: > 0 } && name.StartsWith($"{host}/", StringComparison.OrdinalIgnoreCase))
            name = name[(host.Length + 1)..];
        var actions = text[(last + 1)..].Split(',', StringSplitOptions.RemoveEmptyEntries);
        if (actions.Length > MaxActions || (type == Repository && !RepositoryName.TryParse(name, out _)))
            return false;
        scope = new TokenScope(type, name, actions);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Type}:{Name}:{string.Join(',', Actions)}";
}
