using Staithe.Ldap;

namespace Staithe.Config;

/// <summary>A configuration and where it comes from.</summary>
/// <param name="Config">The configuration.</param>
/// <param name="Sources">Who gives each setting; one that is missing here has its default.</param>
internal sealed record LoadedConfig(StaitheConfig Config, IReadOnlyDictionary<Setting, string> Sources);

/// <summary>
/// Makes the configuration from the command line, the environment, the file and the defaults; what comes first in this list wins. Every
/// value is checked, even one that another overrides, and all problems are reported at once.
/// </summary>
internal static class ConfigLoader
{
    /// <exception cref="ConfigException">Something is wrong.</exception>
    public static LoadedConfig Load(ConfigFlags flags, IReadOnlyDictionary<string, string> environment)
    {
        var draft = new ConfigDraft();
        ReadFile(flags, environment, draft);
        ConfigEnvironment.Read(environment, draft);
        ReadFlags(flags, draft);
        CheckDatabase(draft);
        CheckTwice(draft);
        CheckTls(draft);
        CheckOidc(draft);
        CheckLdap(draft);
        var config = draft.Find(Settings.Data) is null ? draft.Config with { Data = DefaultData(environment, draft) } : draft.Config;
        return draft.Problems.Count == 0 ? new LoadedConfig(config, draft.Sources) : throw new ConfigException(draft.Problems);
    }

    static void ReadFile(ConfigFlags flags, IReadOnlyDictionary<string, string> environment, ConfigDraft draft)
    {
        if (flags.ConfigFile is { } option)
            ConfigFile.Read(option, Settings.FileOption, draft);
        else if (ConfigEnvironment.Find(environment, Settings.FileVariable) is { } variable)
            ConfigFile.Read(variable, Settings.FileVariable, draft);
        else if (UserDirectory(environment, "XDG_CONFIG_HOME", ".config") is { } directory && Path.Combine(directory, "staithe.json") is var path && File.Exists(path))
            ConfigFile.Read(path, path, draft);
    }

    static void ReadFlags(ConfigFlags flags, ConfigDraft draft)
    {
        foreach (var (setting, texts) in flags.Values)
        {
            var option = setting.Option!;
            draft.Add(new GivenSetting(setting, option, $"flag {option}", [.. texts.Select(text => new SettingText(option, text, Environment.CurrentDirectory))]));
        }
    }

    static void CheckDatabase(ConfigDraft draft)
    {
        if (draft.Find(Settings.Database) is { } url && draft.Find(Settings.DatabaseFile) is { } file)
            draft.Refuse(file.Place, $"the database is given already ({url.Source}): leave one of the two away");
    }

    static void CheckTwice(ConfigDraft draft)
    {
        foreach (var same in draft.Config.Listen.Where(address => address.Port != 0).GroupBy(address => address).Where(group => group.Count() > 1))
            draft.Refuse(draft.Find(Settings.Listen)!.Place, $"{same.Key} is given twice");
    }

    static void CheckTls(ConfigDraft draft)
    {
        var (certificate, key) = (draft.Find(Settings.TlsCertificate), draft.Find(Settings.TlsKey));
        if ((certificate is null) != (key is null))
            draft.Refuse((certificate ?? key)!.Place, $"TLS takes a certificate and its key: give {(certificate is null ? Settings.TlsCertificate : Settings.TlsKey).Key} too");
    }

    // The issuer tells whose word an identity is, the name where to go for it.
    static void CheckOidc(ConfigDraft draft)
    {
        foreach (var same in draft.Config.Oidc.GroupBy(one => one.Name).Where(group => group.Count() > 1))
            draft.Refuse(draft.Find(Settings.Oidc)!.Place, $"there are two with the name {same.Key}");
        foreach (var same in draft.Config.Oidc.GroupBy(one => one.Issuer).Where(group => group.Count() > 1))
            draft.Refuse(draft.Find(Settings.Oidc)!.Place, $"there are two with the issuer {same.Key}: one can have several groups and scopes");
    }

    static void CheckLdap(ConfigDraft draft)
    {
        if (draft.Find(Settings.LdapBindPassword) is { } password && draft.Find(Settings.LdapBindPasswordFile) is { } file)
            draft.Refuse(file.Place, $"the password is given already ({password.Source}): leave one of the two away");
        if (draft.Find(Settings.LdapUrl) is not { } url)
        {
            foreach (var alone in Settings.All.Where(setting => setting.Key.StartsWith("ldap", StringComparison.Ordinal)).Select(draft.Find).OfType<GivenSetting>())
                draft.Refuse(alone.Place, $"means nothing without a directory: give {Settings.LdapUrl.Key} too");
            return;
        }
        if (draft.Find(Settings.LdapBase) is null)
            draft.Refuse(url.Place, $"a directory is searched below an entry: give {Settings.LdapBase.Key} too");
        if ((draft.Config.LdapBindDn is null) != (draft.Config.LdapBindPassword is null))
            draft.Refuse(url.Place, $"who looks for people needs a password: give both {Settings.LdapBindDn.Key} and {Settings.LdapBindPasswordFile.Key}, or neither");
        if (draft.Find(Settings.LdapTeams) is { } teams && draft.Find(Settings.LdapGroupBase) is null)
            draft.Refuse(teams.Place, $"groups are looked for below an entry: give {Settings.LdapGroupBase.Key} too");
        if (draft.Config.LdapGroupBase is not { } groupBase || !DistinguishedName.TryParse(groupBase, out var top))
            return;
        foreach (var group in draft.Config.LdapTeams.Select(GroupMap.Parse).Select(map => map.Group))
        {
            if (DistinguishedName.TryParse(group, out var name) && name.Parts > 1 && !name.IsBelow(top))
            {
                draft.Refuse(
                    draft.Find(Settings.LdapTeams)!.Place,
                    $"{Settings.Shown(group)} is not below {Settings.Shown(groupBase)}, where groups are looked for: change it or {Settings.LdapGroupBase.Key}");
            }
        }
    }

    static string DefaultData(IReadOnlyDictionary<string, string> environment, ConfigDraft draft)
    {
        if (UserDirectory(environment, "XDG_DATA_HOME", ".local/share") is { } directory)
            return directory;
        draft.Refuse(
            Settings.Data.Key,
            $"has no default here, since neither XDG_DATA_HOME nor HOME is an absolute path: give {Settings.Data.Option} {Settings.Data.OptionValue} or {Settings.Data.Variable}");
        return "";
    }

    // XDG Base Directory Specification: a path that is not absolute is invalid and does not count.
    static string? UserDirectory(IReadOnlyDictionary<string, string> environment, string variable, string below)
    {
        if (ConfigEnvironment.Find(environment, variable) is { } directory && Path.IsPathFullyQualified(directory))
            return Path.Combine(directory, "staithe");
        return ConfigEnvironment.Find(environment, "HOME") is { } home && Path.IsPathFullyQualified(home) ? Path.Combine(home, below, "staithe") : null;
    }
}
