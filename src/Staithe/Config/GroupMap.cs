using Staithe.Oci;

namespace Staithe.Config;

/// <summary>A group elsewhere, and the team whose members its people become here.</summary>
internal sealed record GroupMap(string Group, string Space, string Team)
{
    /// <summary>As accounts and the audit write the team: <c>space/team</c>.</summary>
    public string FullName => $"{Space}/{Team}";

    /// <summary>
    /// Reads <c>GROUP=SPACE/TEAM</c>, with or without blanks around each part. A group's name may hold anything, as a DN does; a team's may not.
    /// </summary>
    /// <exception cref="FormatException">It is something else.</exception>
    public static GroupMap Parse(string text)
    {
        var equals = text.LastIndexOf('=');
        var (group, place) = equals < 0 ? ("", text) : (text[..equals].TrimEnd(), text[(equals + 1)..].Trim());
        // A blank that is escaped at the end of a DN belongs to it.
        if (group.EndsWith('\\') && equals > group.Length)
            group = text[..(group.Length + 1)];
        return group.Trim().Length > 0 && RepositoryName.TryParse(place, out var team) && team.Value.Split('/') is [var space, var name]
            ? new GroupMap(group.TrimStart(), space, name)
            : throw new FormatException($"expected GROUP=SPACE/TEAM, found {Settings.Shown(text)}");
    }

    public override string ToString() => $"{Group}={FullName}";
}
