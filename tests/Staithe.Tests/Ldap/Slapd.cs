using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Staithe.Config;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Ldap;

/// <summary>OpenLDAP's server on the loopback address with a directory of a few people, and a certificate by an authority of its own.</summary>
public sealed class Slapd : IAsyncLifetime
{
    internal const string Suffix = "dc=example,dc=org";
    internal const string People = $"ou=people,{Suffix}";
    internal const string Groups = $"ou=groups,{Suffix}";
    internal const string Admin = $"cn=admin,{Suffix}";
    internal const string AdminPassword = "secret of the admin";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    readonly TempDirectory directory = new();
    Process? server;

    internal int Port { get; private set; }

    internal int TlsPort { get; private set; }

    internal string Url => $"ldap://127.0.0.1:{Port}";

    internal string TlsUrl => $"ldaps://127.0.0.1:{TlsPort}";

    /// <summary>The certificate of who signed the server's, and of somebody else.</summary>
    internal string Authority => directory["ca.pem"];

    internal string OtherAuthority => directory["other.pem"];

    /// <summary>Everybody's.</summary>
    internal static string Password(string uid) => $"{uid} of the directory";

    /// <summary>Settings for it; plain, since what goes over the wire is nobody's secret.</summary>
    internal StaitheConfig Configure(StaitheConfig config) => config with
    {
        Open = false,
        LdapUrl = Url,
        LdapStartTls = false,
        LdapBindDn = Admin,
        LdapBindPassword = AdminPassword,
        LdapBase = People,
        LdapGroupBase = Groups,
        LdapNewAccounts = true,
    };

    public async ValueTask InitializeAsync()
    {
        WriteCertificates();
        Directory.CreateDirectory(directory["db"]);
        // An empty password is taken for a bind as nobody, as some directories do: not by us.
        await File.WriteAllTextAsync(directory["slapd.conf"], $"""
            include /etc/ldap/schema/core.schema
            include /etc/ldap/schema/cosine.schema
            include /etc/ldap/schema/inetorgperson.schema
            modulepath /usr/lib/ldap
            moduleload back_mdb
            allow bind_anon_cred
            pidfile {directory["pid"]}
            TLSCACertificateFile {directory["ca.pem"]}
            TLSCertificateFile {directory["cert.pem"]}
            TLSCertificateKeyFile {directory["key.pem"]}
            database mdb
            maxsize 16777216
            suffix "{Suffix}"
            rootdn "{Admin}"
            rootpw "{AdminPassword}"
            directory {directory["db"]}
            access to attrs=userPassword by anonymous auth by * none
            access to * by dn.exact="{Admin}" read by users read by * none

            """);
        await RunAsync("/usr/sbin/slapadd", ["-f", directory["slapd.conf"]], $"""
            dn: {Suffix}
            objectClass: domain
            dc: example

            dn: {People}
            objectClass: organizationalUnit
            ou: people

            dn: {Groups}
            objectClass: organizationalUnit
            ou: groups

            """);
        for (var attempt = 0; ; attempt++)
        {
            (Port, TlsPort) = (FreePort(), FreePort());
            server = Process.Start(new ProcessStartInfo("/usr/sbin/slapd", ["-d", "0", "-f", directory["slapd.conf"], "-h", $"{Url}/ {TlsUrl}/"]) { RedirectStandardError = true })!;
            if (await AnswersAsync())
                return;
            Assert.True(attempt < 5, $"slapd does not start: {await server.StandardError.ReadToEndAsync()}");
            server.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
        {
            if (!server.HasExited)
                server.Kill();
            await server.WaitForExitAsync();
            server.Dispose();
        }
        directory.Dispose();
    }

    /// <summary>Adds a person, whose names all are the uid unless told.</summary>
    internal Task AddPersonAsync(string uid, string? mail = null) => ModifyAsync($"""
        dn: uid={uid},{People}
        changetype: add
        objectClass: inetOrgPerson
        uid: {uid}
        cn: {uid}
        sn: {uid}
        mail: {mail ?? $"{uid}@example.org"}
        userPassword: {Password(uid)}

        """);

    internal Task RemovePersonAsync(string uid) => ModifyAsync($"dn: uid={uid},{People}\nchangetype: delete\n");

    internal Task AddGroupAsync(string name, params string[] uids) => ModifyAsync($"dn: cn={name},{Groups}\nchangetype: add\nobjectClass: groupOfNames\ncn: {name}\n{string.Concat(uids.Prepend("nobody").Select(uid => $"member: uid={uid},{People}\n"))}");

    internal Task AddMemberAsync(string group, string uid) => ModifyAsync($"dn: cn={group},{Groups}\nchangetype: modify\nadd: member\nmember: uid={uid},{People}\n");

    internal Task RemoveMemberAsync(string group, string uid) => ModifyAsync($"dn: cn={group},{Groups}\nchangetype: modify\ndelete: member\nmember: uid={uid},{People}\n");

    Task ModifyAsync(string ldif) => RunAsync("/usr/bin/ldapmodify", ["-x", "-H", Url, "-D", Admin, "-w", AdminPassword], ldif);

    static async Task RunAsync(string program, string[] args, string input)
    {
        using var process = Process.Start(new ProcessStartInfo(program, args) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync().WaitAsync(Patience);
        Assert.True(process.ExitCode == 0, $"{program}: {await output}{await error}");
    }

    // It listens on both ports, or has ended because somebody else has one.
    async Task<bool> AnswersAsync()
    {
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        var end = Stopwatch.GetTimestamp() + (long)(Patience.TotalSeconds * Stopwatch.Frequency);
        while (Stopwatch.GetTimestamp() < end && !server!.HasExited)
        {
            try
            {
                foreach (var port in (int[])[Port, TlsPort])
                {
                    using var client = new TcpClient();
                    await client.ConnectAsync(IPAddress.Loopback, port);
                }
                return true;
            }
            catch (SocketException)
            {
                await pace.WaitForNextTickAsync();
            }
        }
        return false;
    }

    static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    void WriteCertificates()
    {
        var now = TimeProvider.System.GetUtcNow();
        using var caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var ca = MakeAuthority("CN=authority", caKey, now);
        using var otherKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var other = MakeAuthority("CN=somebody else", otherKey, now);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=directory", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(ca, now.AddDays(-1), now.AddDays(1), [1, 2, 3, 4]);
        File.WriteAllText(directory["ca.pem"], ca.ExportCertificatePem());
        File.WriteAllText(directory["other.pem"], other.ExportCertificatePem());
        File.WriteAllText(directory["cert.pem"], certificate.ExportCertificatePem());
        File.WriteAllText(directory["key.pem"], key.ExportPkcs8PrivateKeyPem());
    }

    static X509Certificate2 MakeAuthority(string name, ECDsa key, DateTimeOffset now)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        return request.CreateSelfSigned(now.AddDays(-2), now.AddDays(2));
    }
}
