using System.Net;

namespace Staithe.Config;

/// <summary>
/// Everything that can be set, as one immutable value: complete and checked when it comes from <see cref="ConfigLoader"/>. What each
/// setting is called outside and what it takes is in <see cref="Settings"/>.
/// </summary>
internal sealed record StaitheConfig
{
    /// <summary>Where the server listens; at least one address.</summary>
    public IReadOnlyList<ListenAddress> Listen { get; init; } = [new(ListenAddress.Localhost, 5000)];

    /// <summary>The certificate chain and its key, as PEM files: both or neither.</summary>
    public string? TlsCertificate { get; init; }

    /// <inheritdoc cref="TlsCertificate"/>
    public string? TlsKey { get; init; }

    /// <summary>Who may say for whom a request is forwarded.</summary>
    public IReadOnlyList<IPNetwork> Proxies { get; init; } = [];

    /// <summary>Host names that requests may be for; none for any, but on an open registry that listens on loopback addresses only.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>The directory for everything that is kept; an absolute path.</summary>
    public required string Data { get; init; }

    /// <summary>The URL of a PostgreSQL database, password included (see <see cref="PostgresUrl"/>); null for a SQLite file in <see cref="Data"/>.</summary>
    public string? Database { get; init; }

    /// <summary>Whether nobody is asked who they are, and everybody who reaches the port may pull, push and delete.</summary>
    public bool Open { get; init; }

    /// <summary>Where people may sign in besides here.</summary>
    public IReadOnlyList<OidcConfig> Oidc { get; init; } = [];

    /// <summary>The issuers whose tokens robots may be told to trust, besides those of <see cref="Oidc"/>.</summary>
    public IReadOnlyList<string> TrustedIssuers { get; init; } = [];

    /// <summary>How many requests a minute an account may make; 0 for as many as come.</summary>
    public int RequestsPerMinute { get; init; }

    /// <summary>How many requests a minute an address may make whose requests do not say who makes them; 0 for as many as come.</summary>
    public int AnonymousRequestsPerMinute { get; init; }

    /// <summary>Where the directory is that keeps passwords; null for none. The other settings of it mean nothing then.</summary>
    public string? LdapUrl { get; init; }

    /// <summary>Whether a connection to <c>ldap://</c> is encrypted by StartTLS before anything is said.</summary>
    public bool LdapStartTls { get; init; } = true;

    /// <summary>The certificates that may have signed the directory's; null for those that the system trusts.</summary>
    public string? LdapCertificates { get; init; }

    /// <summary>Who looks for people, and the password for that: both or neither.</summary>
    public string? LdapBindDn { get; init; }

    /// <inheritdoc cref="LdapBindDn"/>
    public string? LdapBindPassword { get; init; }

    /// <summary>Where people are.</summary>
    public string? LdapBase { get; init; }

    /// <summary>Finds the entry of a name.</summary>
    public string LdapUserFilter { get; init; } = "(uid={name})";

    /// <summary>The attribute that holds what an account is called.</summary>
    public string LdapNameAttribute { get; init; } = "uid";

    /// <summary>Where groups are; null for no groups.</summary>
    public string? LdapGroupBase { get; init; }

    /// <summary>Finds the groups of an entry.</summary>
    public string LdapGroupFilter { get; init; } = "(member={dn})";

    /// <summary>The attribute that holds what a group is called.</summary>
    public string LdapGroupAttribute { get; init; } = "cn";

    /// <summary>Which group's members are whose team's, as <c>group=space/team</c>.</summary>
    public IReadOnlyList<string> LdapTeams { get; init; } = [];

    /// <summary>Whether whoever the directory knows gets an account at the first sign-in.</summary>
    public bool LdapNewAccounts { get; init; }

    /// <summary>How long the directory has for its part of a sign-in.</summary>
    public int LdapSeconds { get; init; } = 5;

    /// <summary>Whether those who manage a space may invite people who have no account, as admins may.</summary>
    public bool SpacesInviteNewUsers { get; init; }

    /// <summary>The spaces whose repositories are called official.</summary>
    public IReadOnlyList<string> OfficialSpaces { get; init; } = [];

    /// <summary>Whether a manifest may name content that is missing.</summary>
    public SparsePolicy Sparse { get; init; }

    /// <summary>How the log is written.</summary>
    public LogFormat Log { get; init; }

    /// <summary>An upload that is not touched for so long is dropped.</summary>
    public int UploadHours { get; init; } = 24;

    /// <summary>How many uploads of one account, or of an address without one, may be open at a time.</summary>
    public int OpenUploadsPerAccount { get; init; } = 256;

    /// <summary>How many uploads to one space may be open at a time.</summary>
    public int OpenUploadsPerSpace { get; init; } = 512;

    /// <summary>How many uploads may be open at a time.</summary>
    public int OpenUploads { get; init; } = 4096;

    /// <summary>How long an acknowledged blob waits for its manifest.</summary>
    public int LeaseHours { get; init; } = 24;

    /// <summary>How long deleted bytes stay on disk.</summary>
    public int TrashMinutes { get; init; } = 60;

    /// <summary>How much of the disk is set aside, so that deletions work when it is full.</summary>
    public int ReserveMegabytes { get; init; } = 16;

    /// <summary>How long the record of who did what is kept.</summary>
    public int AuditDays { get; init; } = 365;

    /// <summary>
    /// A client that sends or takes nothing for so long is cut off. Copies from a slow source pause for minutes; what a crowd needs is in <see cref="Connections"/>.
    /// </summary>
    public int StallSeconds { get; init; } = 600;

    /// <summary>How long a graceful stop waits for running transfers.</summary>
    public int StopSeconds { get; init; } = 30;

    /// <summary>How many connections are served at a time.</summary>
    public int Connections { get; init; } = 10_000;

    /// <summary>How many of them one address may have; 0 for a quarter.</summary>
    public int ConnectionsPerAddress { get; init; }

    /// <summary>The addresses that may read the metrics without saying who they are.</summary>
    public IReadOnlyList<IPNetwork> MetricsFrom { get; init; } = [];

    /// <summary>The token that the metrics can be read with; null for none.</summary>
    public string? MetricsToken { get; init; }

    /// <summary>Whether the kernel moves blobs to plain connections by itself, where it can.</summary>
    public bool Sendfile { get; init; } = true;

    /// <summary>The settings on one line, without secrets: what a record prints of itself would show the database's password.</summary>
    public override string ToString() =>
        string.Join("; ", Settings.All.Where(setting => setting.FileOf is null).Select(setting => $"{setting.Key} = {setting.Show(this)}"));
}
