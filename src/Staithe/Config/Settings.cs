using System.Globalization;
using System.Net;
using Staithe.Ldap;
using Staithe.Oci;

namespace Staithe.Config;

/// <summary>
/// The table of everything that can be set. The file, the environment, the command line, their help and docs/configuration.md all derive
/// from it: a setting is added here and in <see cref="StaitheConfig"/>, nowhere else.
/// </summary>
internal static class Settings
{
    /// <summary>How every environment variable of Staithe begins.</summary>
    public const string VariablePrefix = "STAITHE_";

    /// <summary>The environment variable that names the file.</summary>
    public const string FileVariable = "STAITHE_CONFIG";

    /// <summary>The option that names the file.</summary>
    public const string FileOption = "--config";

    /// <summary>Where the file is when nobody names one.</summary>
    public const string FileDefault = "$XDG_CONFIG_HOME/staithe/staithe.json, else ~/.config/staithe/staithe.json, if it exists";

    /// <summary>What the file is.</summary>
    public const string FileHelp = "The file to read settings from: JSON, in which comments and trailing commas are allowed.";

    public static readonly Setting Listen = new Setting<ListenAddress>(
        text => ListenAddress.Parse(text.Text),
        (config, addresses) => config with { Listen = addresses },
        config => string.Join(", ", config.Listen))
    {
        Key = "listen",
        Shape = SettingShape.TextList,
        Takes = "HOST:PORT, [IPv6]:PORT, or :PORT for all interfaces; several are allowed, in the environment with commas between them",
        Option = "--listen",
        OptionValue = "HOST:PORT",
        Help = "Where the server listens. Port 0 stands for any free port.",
    };

    public static readonly Setting Data = new Setting<string>(
        ParseData,
        One<string>((config, path) => config with { Data = path }),
        config => config.Data,
        "$XDG_DATA_HOME/staithe, else ~/.local/share/staithe")
    {
        Key = "data",
        Shape = SettingShape.Text,
        Takes = "a directory; relative to the file when it stands in the file",
        Option = "--data",
        OptionValue = "DIR",
        Help = "The directory that holds everything the registry keeps. Serve creates it when it is missing.",
    };

    public static readonly Setting Database = new Setting<string>(
        text => ParseDatabase(text.Text),
        One<string>((config, url) => config with { Database = url }),
        config => config.Database is null ? "SQLite, in the data directory" : PostgresUrl.Parse(config.Database).Redacted)
    {
        Key = "database",
        Shape = SettingShape.Text,
        Takes = "postgres://user:password@host:port/database, percent-encoded, with parameters such as ?sslmode=verify-full",
        Option = "--database",
        OptionValue = "URL",
        Help = "A PostgreSQL database to keep the facts in. A password on a command line can be seen by others on the machine: prefer databaseFile (STAITHE_DATABASE_FILE).",
    };

    public static readonly Setting DatabaseFile = new Setting<string>(
        text => ParseDatabase(ReadSecret(text)),
        One<string>((config, url) => config with { Database = url }),
        config => Database!.Show(config),
        "none")
    {
        Key = "databaseFile",
        Shape = SettingShape.Text,
        Takes = "a file; relative to the configuration file when it stands there",
        Help = "A file that holds the value of database, which then is not given itself.",
        FileOf = Database,
    };

    public static readonly Setting TlsCertificate = OfFile(
        "tlsCertificate",
        "a PEM file",
        "The certificate of the server and those above it. With it and tlsKey every address speaks TLS (HTTP/1.1 and 2). Both files are read again when they change.",
        config => config.TlsCertificate,
        (config, path) => config with { TlsCertificate = path });

    public static readonly Setting TlsKey = OfFile(
        "tlsKey",
        "a PEM file, not encrypted",
        "The private key of tlsCertificate.",
        config => config.TlsKey,
        (config, path) => config with { TlsKey = path });

    public static readonly Setting Proxies = new Setting<IPNetwork>(
        text => ParseNetwork(text.Text),
        (config, networks) => config with { Proxies = networks },
        config => config.Proxies.Count == 0 ? "none" : string.Join(", ", config.Proxies))
    {
        Key = "proxies",
        Shape = SettingShape.TextList,
        Takes = "IP addresses and networks such as 10.0.0.0/8; in the environment with commas between them",
        Help = "Proxies in front whose X-Forwarded-For, -Proto and -Host are believed. Nobody else's are.",
    };

    public static readonly Setting Hosts = new Setting<string>(
        text => ParseHostName(text.Text),
        (config, names) => config with { Hosts = names },
        config => config.Hosts.Count == 0 ? "none" : string.Join(", ", config.Hosts))
    {
        Key = "hosts",
        Shape = SettingShape.TextList,
        Takes = "host names without a port, *.example.com for all below one, or * for any; in the environment with commas between them",
        Help = "Names under which clients and browsers reach this registry, besides localhost and addresses. Requests for another are answered 421: a web page "
            + "could otherwise have its own name mean this registry, and use it as its reader could. Without this setting any name is taken, but by an open registry "
            + "that listens on loopback addresses only, which takes the names of this machine.",
    };

    public static readonly Setting MetricsFrom = new Setting<IPNetwork>(
        text => ParseNetwork(text.Text),
        (config, networks) => config with { MetricsFrom = networks },
        config => config.MetricsFrom.Count == 0 ? "none" : string.Join(", ", config.MetricsFrom))
    {
        Key = "metricsFrom",
        Shape = SettingShape.TextList,
        Takes = "IP addresses and networks such as 10.0.0.0/8; in the environment with commas between them",
        Help = "Addresses that may read /metrics without saying who they are. Otherwise admins may, and whoever sends metricsToken; on an open registry everybody.",
    };

    public static readonly Setting MetricsToken = new Setting<string>(
        text => ParseToken(text.Text),
        One<string>((config, token) => config with { MetricsToken = token }),
        config => config.MetricsToken is null ? "none" : "set, and not shown")
    {
        Key = "metricsToken",
        Shape = SettingShape.Text,
        Takes = "at least 16 characters without blanks",
        Help = "A bearer token that /metrics can be read with. Prefer metricsTokenFile (STAITHE_METRICS_TOKEN_FILE).",
    };

    public static readonly Setting MetricsTokenFile = new Setting<string>(
        text => ParseToken(ReadSecret(text)),
        One<string>((config, token) => config with { MetricsToken = token }),
        config => MetricsToken!.Show(config),
        "none")
    {
        Key = "metricsTokenFile",
        Shape = SettingShape.Text,
        Takes = "a file; relative to the configuration file when it stands there",
        Help = "A file that holds the value of metricsToken, which then is not given itself.",
        FileOf = MetricsToken,
    };

    public static readonly Setting Open = Switch(
        "open",
        "--open",
        "Ask nobody who they are: everybody who reaches the port may pull, push and delete. For a registry to throw away.",
        config => config.Open,
        (config, open) => config with { Open = open });

    public static readonly Setting Oidc = new Setting<OidcConfig>(
        OidcConfig.Parse,
        (config, providers) => config with { Oidc = providers },
        config => config.Oidc.Count == 0 ? "none" : string.Join(", ", config.Oidc))
    {
        Key = "oidc",
        Shape = SettingShape.ObjectList,
        Takes = "an object or an array of objects, as docs/configuration.md describes them; in the environment the same as JSON",
        Help = "Where people may sign in with OpenID Connect, besides here.",
    };

    public static readonly Setting TrustedIssuers = new Setting<string>(
        text => IssuerUrl.Check(text.Text),
        (config, issuers) => config with { TrustedIssuers = issuers },
        config => config.TrustedIssuers.Count == 0 ? "none" : string.Join(", ", config.TrustedIssuers))
    {
        Key = "trustedIssuers",
        Shape = SettingShape.TextList,
        Takes = "https URLs, as the tokens name their issuer; in the environment with commas between them",
        Help = "Issuers of OpenID Connect whose tokens robots without a secret may be told to trust, besides those of oidc.",
    };

    public static readonly Setting RequestsPerMinute = Number(
        "requestsPerMinute",
        0,
        100_000,
        "Requests that an account may make a minute, as many at once; 0 for no limit. Those beyond are answered 429 with Retry-After.",
        config => config.RequestsPerMinute,
        (config, requests) => config with { RequestsPerMinute = requests });

    public static readonly Setting AnonymousRequestsPerMinute = Number(
        "anonymousRequestsPerMinute",
        0,
        100_000,
        "The same for requests that do not say who makes them, or not rightly, by address (of IPv6 the first 64 bits).",
        config => config.AnonymousRequestsPerMinute,
        (config, requests) => config with { AnonymousRequestsPerMinute = requests });

    public static readonly Setting LdapUrl = Words(
        "ldapUrl",
        "ldap://HOST or ldaps://HOST, with :PORT if it is not the usual one",
        "An LDAP directory that keeps the passwords of people who have none here. See docs/accounts.md.",
        config => config.LdapUrl,
        (config, url) => config with { LdapUrl = url },
        text => LdapServer.Parse(text, startTls: true, null));

    public static readonly Setting LdapStartTls = Switch(
        "ldapStartTls",
        null,
        "Encrypt connections to ldap:// before anything is said. Without it, whoever is in between reads the passwords.",
        config => config.LdapStartTls,
        (config, startTls) => config with { LdapStartTls = startTls });

    public static readonly Setting LdapCertificates = OfFile(
        "ldapCertificates",
        "a PEM file",
        "The certificates of those who may have signed the directory's. Without it, those that the system trusts.",
        config => config.LdapCertificates,
        (config, path) => config with { LdapCertificates = path });

    public static readonly Setting LdapBindDn = Words(
        "ldapBindDn",
        "a DN",
        "Who looks for people in the directory. Without it, nobody in particular does.",
        config => config.LdapBindDn,
        (config, dn) => config with { LdapBindDn = dn });

    public static readonly Setting LdapBindPassword = new Setting<string>(
        text => text.Text,
        One<string>((config, password) => config with { LdapBindPassword = password }),
        config => config.LdapBindPassword is null ? "none" : "set, and not shown")
    {
        Key = "ldapBindPassword",
        Shape = SettingShape.Text,
        Takes = "a password",
        Help = "The password of ldapBindDn. Prefer ldapBindPasswordFile (STAITHE_LDAP_BIND_PASSWORD_FILE).",
    };

    public static readonly Setting LdapBindPasswordFile = new Setting<string>(
        ReadSecret,
        One<string>((config, password) => config with { LdapBindPassword = password }),
        config => LdapBindPassword!.Show(config),
        "none")
    {
        Key = "ldapBindPasswordFile",
        Shape = SettingShape.Text,
        Takes = "a file; relative to the configuration file when it stands there",
        Help = "A file that holds the value of ldapBindPassword, which then is not given itself.",
        FileOf = LdapBindPassword,
    };

    public static readonly Setting LdapBase = Words(
        "ldapBase",
        "a DN",
        "Below which entry of the directory people are looked for.",
        config => config.LdapBase,
        (config, dn) => config with { LdapBase = dn });

    public static readonly Setting LdapUserFilter = Words(
        "ldapUserFilter",
        "a filter, in which {name} stands for what was typed",
        "Finds the entry of a person. It has to find exactly one.",
        config => config.LdapUserFilter,
        (config, filter) => config with { LdapUserFilter = filter },
        text => LdapFilter.Parse(text, LdapSettings.UserWords));

    public static readonly Setting LdapNameAttribute = Words(
        "ldapNameAttribute",
        "an attribute",
        "Holds what the account of a person is called.",
        config => config.LdapNameAttribute,
        (config, attribute) => config with { LdapNameAttribute = attribute },
        CheckAttribute);

    public static readonly Setting LdapGroupBase = Words(
        "ldapGroupBase",
        "a DN",
        "Below which entry of the directory groups are looked for.",
        config => config.LdapGroupBase,
        (config, dn) => config with { LdapGroupBase = dn });

    public static readonly Setting LdapGroupFilter = Words(
        "ldapGroupFilter",
        "a filter, in which {dn} stands for the entry of a person and {name} for the name of the account",
        "Finds the groups that somebody is in.",
        config => config.LdapGroupFilter,
        (config, filter) => config with { LdapGroupFilter = filter },
        text => LdapFilter.Parse(text, LdapSettings.GroupWords));

    public static readonly Setting LdapGroupAttribute = Words(
        "ldapGroupAttribute",
        "an attribute",
        "Holds what a group is called in ldapTeams.",
        config => config.LdapGroupAttribute,
        (config, attribute) => config with { LdapGroupAttribute = attribute },
        CheckAttribute);

    public static readonly Setting LdapTeams = new Setting<string>(
        text => ParseGroupTeam(text.Text),
        (config, teams) => config with { LdapTeams = teams },
        config => config.LdapTeams.Count == 0 ? "none" : string.Join(", ", config.LdapTeams))
    {
        Key = "ldapTeams",
        Shape = SettingShape.TextList,
        Takes = "GROUP=SPACE/TEAM, the group by its name or its DN; several are allowed, in the environment with commas between them, so a DN goes into the file",
        Help = "Teams whose members are those of a group, taken in and out when they sign in.",
    };

    public static readonly Setting LdapNewAccounts = Switch(
        "ldapNewAccounts",
        null,
        "Give whoever the directory knows an account at the first sign-in. Otherwise an admin makes it, without a password.",
        config => config.LdapNewAccounts,
        (config, isOn) => config with { LdapNewAccounts = isOn });

    public static readonly Setting LdapSeconds = Number(
        "ldapSeconds",
        1,
        60,
        "Seconds that the directory has for its part of a sign-in.",
        config => config.LdapSeconds,
        (config, seconds) => config with { LdapSeconds = seconds });

    public static readonly Setting SpacesInviteNewUsers = Switch(
        "spacesInviteNewUsers",
        null,
        "Let those who manage a space invite people who have no account, and who then make one. Otherwise only admins may.",
        config => config.SpacesInviteNewUsers,
        (config, may) => config with { SpacesInviteNewUsers = may });

    public static readonly Setting OfficialSpaces = new Setting<string>(
        text => ParseSpace(text.Text),
        (config, spaces) => config with { OfficialSpaces = spaces },
        config => config.OfficialSpaces.Count == 0 ? "none" : string.Join(", ", config.OfficialSpaces))
    {
        Key = "officialSpaces",
        Shape = SettingShape.TextList,
        Takes = "names of spaces; in the environment with commas between them",
        Help = "Spaces whose repositories searches and pages call official: those that speak for whoever runs this registry.",
    };

    public static readonly Setting Sparse = Choice(
        "sparse",
        "Whether a manifest may name content that its repository lacks: refuse never, index an index may lack manifests, all anything may be missing.",
        config => config.Sparse,
        (config, policy) => config with { Sparse = policy });

    public static readonly Setting Log = Choice(
        "log",
        "How the log is written: text for people, json one object a line, quiet warnings and errors only, auto quiet on a terminal and json elsewhere.",
        config => config.Log,
        (config, format) => config with { Log = format });

    public static readonly Setting UploadHours = Number(
        "uploadHours",
        1,
        720,
        "Hours after which an upload that nobody touched is dropped.",
        config => config.UploadHours,
        (config, hours) => config with { UploadHours = hours });

    public static readonly Setting LeaseHours = Number(
        "leaseHours",
        2,
        720,
        "Hours for which a pushed blob waits for its manifest.",
        config => config.LeaseHours,
        (config, hours) => config with { LeaseHours = hours });

    public static readonly Setting TrashMinutes = Number(
        "trashMinutes",
        1,
        43200,
        "Minutes for which deleted bytes stay on disk.",
        config => config.TrashMinutes,
        (config, minutes) => config with { TrashMinutes = minutes });

    public static readonly Setting AuditDays = Number(
        "auditDays",
        1,
        36500,
        "Days for which the record of who did what is kept.",
        config => config.AuditDays,
        (config, days) => config with { AuditDays = days });

    public static readonly Setting OpenUploadsPerAccount = Number(
        "openUploadsPerAccount",
        1,
        100_000,
        "Uploads of one account that may be open at a time, or of one address without an account; those beyond are answered 429. One that nobody goes on with ends after uploadHours.",
        config => config.OpenUploadsPerAccount,
        (config, uploads) => config with { OpenUploadsPerAccount = uploads });

    public static readonly Setting OpenUploadsPerSpace = Number(
        "openUploadsPerSpace",
        1,
        100_000,
        "The same for the uploads to the repositories of one space.",
        config => config.OpenUploadsPerSpace,
        (config, uploads) => config with { OpenUploadsPerSpace = uploads });

    public static readonly Setting OpenUploads = Number(
        "openUploads",
        1,
        100_000,
        "The same for all uploads of the registry.",
        config => config.OpenUploads,
        (config, uploads) => config with { OpenUploads = uploads });

    public static readonly Setting ReserveMegabytes = Number(
        "reserveMegabytes",
        0,
        10_000,
        "Megabytes of the disk of the data directory that are set aside, at most an eighth of it. With them images can be deleted and people can sign in when the disk is full.",
        config => config.ReserveMegabytes,
        (config, megabytes) => config with { ReserveMegabytes = megabytes });

    public static readonly Setting StallSeconds = Number(
        "stallSeconds",
        2,
        3600,
        "Seconds after which a client that sends or takes nothing is cut off. A copy from a slow source pauses for minutes. When connections run out, one that "
            + "stands still for a minute makes room for another.",
        config => config.StallSeconds,
        (config, seconds) => config with { StallSeconds = seconds });

    public static readonly Setting Sendfile = Switch(
        "sendfile",
        null,
        "Let the kernel move blobs to plain connections (Linux). Otherwise they pass through the process, as they do on every other connection.",
        config => config.Sendfile,
        (config, sendfile) => config with { Sendfile = sendfile });

    public static readonly Setting Connections = Number(
        "connections",
        10,
        1_000_000,
        "Connections that are served at a time. Those beyond take the place of one that waits for a request, or are closed. Each may take two file descriptors (see ulimit -n).",
        config => config.Connections,
        (config, connections) => config with { Connections = connections });

    public static readonly Setting ConnectionsPerAddress = Number(
        "connectionsPerAddress",
        0,
        1_000_000,
        "How many of these one address (of IPv6 the first 64 bits) may have; 0 for a quarter, and at least 16. It is not counted for proxies.",
        config => config.ConnectionsPerAddress,
        (config, connections) => config with { ConnectionsPerAddress = connections });

    public static readonly Setting StopSeconds = Number(
        "stopSeconds",
        0,
        3600,
        "Seconds for which a graceful stop waits for running transfers.",
        config => config.StopSeconds,
        (config, seconds) => config with { StopSeconds = seconds });

    /// <summary>Every setting, in the order of the manual.</summary>
    public static readonly IReadOnlyList<Setting> All =
        [
            Listen, TlsCertificate, TlsKey, Proxies, Hosts, Data, Database, DatabaseFile, Open, Oidc, TrustedIssuers, SpacesInviteNewUsers, OfficialSpaces, Sparse, Log, UploadHours, OpenUploadsPerAccount, OpenUploadsPerSpace, OpenUploads, LeaseHours, TrashMinutes, ReserveMegabytes, AuditDays, StallSeconds, StopSeconds, Connections, ConnectionsPerAddress, Sendfile,
            MetricsFrom, MetricsToken, MetricsTokenFile,
            RequestsPerMinute, AnonymousRequestsPerMinute,
            LdapUrl, LdapStartTls, LdapCertificates, LdapBindDn, LdapBindPassword, LdapBindPasswordFile, LdapBase, LdapUserFilter, LdapNameAttribute, LdapGroupBase, LdapGroupFilter, LdapGroupAttribute, LdapTeams, LdapNewAccounts, LdapSeconds,
        ];

    /// <summary>A value for a message; not repeated when it could be a database URL that went to the wrong place, with its password.</summary>
    public static string Shown(string text) =>
        text.Contains("://", StringComparison.Ordinal) || (text.Contains(':', StringComparison.Ordinal) && text.Contains('@', StringComparison.Ordinal))
            ? "something that may hold a password and is not repeated here"
            : $"\"{OciException.Quote(text)}\"";

    static Setting<bool> Switch(string key, string? option, string help, Func<StaitheConfig, bool> get, Func<StaitheConfig, bool, StaitheConfig> with) => new(
        text => text.Text switch { "true" => true, "false" => false, _ => throw new FormatException($"expected true or false, found {Shown(text.Text)}") },
        One(with),
        config => get(config) ? "true" : "false")
    {
        Key = key,
        Shape = SettingShape.Flag,
        Takes = "true or false",
        Option = option,
        Help = help,
    };

    static Setting<int> Number(string key, int least, int most, string help, Func<StaitheConfig, int> get, Func<StaitheConfig, int, StaitheConfig> with) => new Setting<int>(
        text => int.TryParse(text.Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most
            ? number
            : throw new FormatException($"expected a whole number from {least} to {most}, found {Shown(text.Text)}"),
        One(with),
        config => get(config).ToString(CultureInfo.InvariantCulture))
    {
        Key = key,
        Shape = SettingShape.Number,
        Takes = $"a whole number from {least} to {most}",
        Help = help,
    };

    static Setting<string> OfFile(string key, string takes, string help, Func<StaitheConfig, string?> get, Func<StaitheConfig, string, StaitheConfig> with) => new(
        ParseFile,
        One(with),
        config => get(config) ?? "none")
    {
        Key = key,
        Shape = SettingShape.Text,
        Takes = $"{takes}; relative to the configuration file when it stands there",
        Help = help,
    };

    static Setting<string> Words(string key, string takes, string help, Func<StaitheConfig, string?> get, Func<StaitheConfig, string, StaitheConfig> with, Action<string>? check = null) => new(
        text =>
        {
            if (text.Text.Length == 0 || text.Text.Any(char.IsControl))
                throw new FormatException("expected some text");
            check?.Invoke(text.Text);
            return text.Text;
        },
        One(with),
        config => get(config) ?? "none")
    {
        Key = key,
        Shape = SettingShape.Text,
        Takes = takes,
        Help = help,
    };

    static Setting<T> Choice<T>(string key, string help, Func<StaitheConfig, T> get, Func<StaitheConfig, T, StaitheConfig> with) where T : struct, Enum
    {
        var choices = Enum.GetValues<T>().ToDictionary(Word);
        var words = $"{string.Join(", ", choices.Keys.SkipLast(1))} or {choices.Keys.Last()}";
        return new Setting<T>(
            text => choices.TryGetValue(text.Text, out var choice)
                ? choice
                : throw new FormatException($"expected {words}, found {Shown(text.Text)}"),
            One(with),
            config => Word(get(config)))
        {
            Key = key,
            Shape = SettingShape.Text,
            Takes = words,
            Help = help,
        };

        static string Word(T value) => value.ToString().ToLowerInvariant();
    }

    static Func<StaitheConfig, IReadOnlyList<T>, StaitheConfig> One<T>(Func<StaitheConfig, T, StaitheConfig> with) =>
        (config, values) => values.Count == 0 ? config : with(config, values[^1]);

    static string ParseData(SettingText text)
    {
        var path = ParsePath(text);
        return File.Exists(path) ? throw new FormatException($"{Shown(path)} is a file: name a directory") : path;
    }

    static string ParseFile(SettingText text)
    {
        var path = ParsePath(text);
        return File.Exists(path) ? path : throw new FormatException($"there is no file {Shown(path)}");
    }

    static IPNetwork ParseNetwork(string text)
    {
        if (IPAddress.TryParse(text, out var address))
            return new IPNetwork(address, address.GetAddressBytes().Length * 8);
        return IPNetwork.TryParse(text, out var network) ? network : throw new FormatException($"expected an IP address or a network such as 10.0.0.0/8, found {Shown(text)}");
    }

    static string ParseHostName(string text)
    {
        var name = text.StartsWith("*.", StringComparison.Ordinal) ? text[2..] : text;
        return text == "*" || (Uri.CheckHostName(name) != UriHostNameType.Unknown && !name.Contains(':', StringComparison.Ordinal))
            ? text
            : throw new FormatException($"expected a host name without a port, such as registry.example.com, found {Shown(text)}");
    }

    static string ParseToken(string text) => text.Length >= 16 && text.All(c => c is > ' ' and < '\x7f')
        ? text
        : throw new FormatException("expected a token of at least 16 characters without blanks");

    static string ParseSpace(string text) => RepositoryName.TryParse(text, out _) && !text.Contains('/', StringComparison.Ordinal)
        ? text
        : throw new FormatException($"expected the name of a space, such as team, found {Shown(text)}");

    static void CheckAttribute(string text)
    {
        if (!text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or ';'))
            throw new FormatException($"expected the name of an attribute, found {Shown(text)}");
    }

    // A DN that no directory can have written would match nobody, silently.
    static string ParseGroupTeam(string text)
    {
        var map = GroupMap.Parse(text);
        return DistinguishedName.IsMeant(map.Group) && !DistinguishedName.TryParse(map.Group, out _)
            ? throw new FormatException(
                $"{Shown(map.Group)} is not a DN, such as cn=developers,ou=groups,dc=example,dc=org: look for a comma, a quote or a backslash too many")
            : map.ToString();
    }

    static string ParseDatabase(string text)
    {
        _ = PostgresUrl.Parse(text);
        return text;
    }

    /// <summary>What a file holds, without the end of its line.</summary>
    /// <exception cref="FormatException">It cannot be read.</exception>
    public static string ReadSecret(SettingText text)
    {
        var path = ParsePath(text);
        try
        {
            return File.ReadAllText(path).TrimEnd('\r', '\n');
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new FormatException($"cannot read {Shown(path)}: {ConfigFile.Reason(fault, path)}");
        }
    }

    static string ParsePath(SettingText text)
    {
        if (text.Text.Length == 0 || text.Text.Any(char.IsControl))
            throw new FormatException("expected a path");
        if (text.Text.Contains("://", StringComparison.Ordinal))
            throw new FormatException("expected a path, found a URL: the URL of a database is the value of database");
        if (text.Text == "~" || text.Text.StartsWith("~/", StringComparison.Ordinal))
            throw new FormatException("~ stands for the home directory only in a shell: write the whole path");
        return Path.TrimEndingDirectorySeparator(Path.GetFullPath(text.Text, text.Directory));
    }
}
