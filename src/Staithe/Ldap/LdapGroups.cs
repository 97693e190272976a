namespace Staithe.Ldap;

/// <summary>The groups of somebody, by their names and by their DNs.</summary>
internal sealed class LdapGroups
{
    readonly HashSet<string> names = new(StringComparer.Ordinal);
    readonly HashSet<DistinguishedName> dns = [];
    readonly List<string> given = [];

    /// <summary>The DNs as the directory wrote them.</summary>
    public IReadOnlyList<string> Given => given;

    public void Add(string dn, IEnumerable<string> called)
    {
        given.Add(dn);
        if (DistinguishedName.TryParse(dn, out var parsed))
            dns.Add(parsed);
        names.UnionWith(called.Select(DirectoryText.Reduce));
    }

    /// <summary>
    /// Whether one of them is called so. A DN is held against DNs alone: a group whose name is text that looks like a DN is another group.
    /// </summary>
    public bool Contains(string group)
    {
        var isDn = DistinguishedName.TryParse(group, out var dn);
        return (isDn && dns.Contains(dn!)) || (dn is not { Parts: > 1 } && names.Contains(DirectoryText.Reduce(group)));
    }
}
