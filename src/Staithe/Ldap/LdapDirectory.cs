using System.Text;

namespace Staithe.Ldap;

/// <summary>How people and groups are found.</summary>
/// <param name="BindDn">Who looks for people; null to look as nobody.</param>
/// <param name="Base">Where people are.</param>
/// <param name="UserFilter">Finds the one of a <c>{name}</c>.</param>
/// <param name="NameAttribute">Holds what the account is called.</param>
/// <param name="GroupBase">Where groups are; null for no groups.</param>
/// <param name="GroupFilter">Finds the groups of a <c>{dn}</c> or a <c>{name}</c>.</param>
/// <param name="GroupAttribute">Holds what a group is called.</param>
/// <param name="Timeout">How long the directory has for all of it.</param>
internal sealed record LdapSettings(
    LdapServer Server,
    string? BindDn,
    string? BindPassword,
    string Base,
    LdapFilter UserFilter,
    string NameAttribute,
    string? GroupBase,
    LdapFilter GroupFilter,
    string GroupAttribute,
    TimeSpan Timeout)
{
    /// <summary>What the filter for people may have in braces.</summary>
    public static readonly string[] UserWords = ["name"];

    /// <summary>What the filter for groups may have in braces.</summary>
    public static readonly string[] GroupWords = ["dn", "name"];
}

/// <summary>Somebody whose password the directory took.</summary>
/// <param name="Subject">What stays the same when the entry is renamed.</param>
/// <param name="Name">What the account is called.</param>
/// <param name="Groups">Their groups; null where none are asked for.</param>
internal sealed record LdapPerson(string Subject, string Name, LdapGroups? Groups);

/// <summary>People and their groups in an LDAP directory: the entry is looked for, then the password is tried by a bind as that entry.</summary>
internal sealed class LdapDirectory(LdapSettings settings)
{
    const int MaxGroups = 1000;

    // entryUUID (RFC 4530), and what Active Directory has instead.
    static readonly string[] SubjectAttributes = ["entryUUID", "objectGUID"];

    /// <summary>Whose name and password they are; null when they do not belong together.</summary>
    /// <param name="name">What was typed.</param>
    /// <param name="password">The password to try.</param>
    /// <param name="found">Is told which entry the name leads to, before the password is tried; what it throws comes out here.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="LdapException">The directory does not answer in time, or not as it should.</exception>
    public async Task<LdapPerson?> FindAsync(string name, string password, Func<string, Task> found, CancellationToken cancel)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        patience.CancelAfter(settings.Timeout);
        try
        {
            return await TryAsync(name, password, found, patience.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new LdapException($"the directory {settings.Server} does not answer within {settings.Timeout.TotalSeconds:F0} s");
        }
    }

    async Task<LdapPerson?> TryAsync(string name, string password, Func<string, Task> tell, CancellationToken cancel)
    {
        await using var connection = await LdapConnection.OpenAsync(settings.Server, cancel);
        await BindAsync(connection, cancel);
        var found = await connection.SearchAsync(settings.Base, writer => settings.UserFilter.Write(writer, _ => name), [settings.NameAttribute, .. SubjectAttributes], 2, mayBeMore: true, cancel);
        var person = found.Count == 1 && found[0].Texts(settings.NameAttribute).FirstOrDefault() is { } known ? (Entry: found[0], Name: known) : default;
        if (person.Entry is not null)
            await tell(Subject(person.Entry));
        // Whoever is not found is tried too, under a name that nobody has, so that the answer takes as long.
        var isRight = await connection.BindAsync(person.Entry?.Dn ?? $"{settings.NameAttribute}={Guid.NewGuid():N},{settings.Base}", password, cancel);
        if (!isRight || person.Entry is null)
            return null;
        return new LdapPerson(Subject(person.Entry), person.Name, await FindGroupsAsync(connection, person.Entry, person.Name, cancel));
    }

    async Task BindAsync(LdapConnection connection, CancellationToken cancel)
    {
        if (settings.BindDn is { } dn && !await connection.BindAsync(dn, settings.BindPassword ?? "", cancel))
            throw new LdapException($"the directory {settings.Server} does not take the name and password that Staithe was given to look for people with (ldapBindDn)");
    }

    async Task<LdapGroups?> FindGroupsAsync(LdapConnection connection, LdapEntry person, string name, CancellationToken cancel)
    {
        if (settings.GroupBase is not { } below)
            return null;
        await BindAsync(connection, cancel); // not everybody may look at groups
        var found = await connection.SearchAsync(
            below,
            writer => settings.GroupFilter.Write(writer, word => word == "dn" ? person.Dn : name),
            [settings.GroupAttribute],
            MaxGroups,
            mayBeMore: false,
            cancel);
        var groups = new LdapGroups();
        foreach (var group in found)
            groups.Add(group.Dn, group.Texts(settings.GroupAttribute));
        return groups;
    }

    static string Subject(LdapEntry entry)
    {
        foreach (var attribute in SubjectAttributes)
        {
            if (entry.Attributes.TryGetValue(attribute, out var values) && values.Count > 0)
                return attribute == SubjectAttributes[0] ? Encoding.UTF8.GetString(values[0]) : Convert.ToHexStringLower(values[0]);
        }
        return entry.Dn.ToLowerInvariant();
    }
}
