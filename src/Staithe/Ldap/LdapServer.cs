using System.Security.Cryptography.X509Certificates;

namespace Staithe.Ldap;

/// <summary>When a connection is encrypted.</summary>
internal enum LdapTls
{
    /// <summary>Never: whoever is in between reads the passwords.</summary>
    None,

    /// <summary>By StartTLS (RFC 4511 section 4.14), before anything is said.</summary>
    StartTls,

    /// <summary>From its first byte on (<c>ldaps</c>).</summary>
    Always,
}

/// <summary>Where the directory is.</summary>
/// <param name="Authorities">Who may have signed its certificate; null for whom the system trusts.</param>
internal sealed record LdapServer(string Host, int Port, LdapTls Tls, X509Certificate2Collection? Authorities)
{
    const int PlainPort = 389, TlsPort = 636;

    /// <summary>Reads <c>ldap://host[:port]</c> or <c>ldaps://host[:port]</c>.</summary>
    /// <exception cref="FormatException">It is neither.</exception>
    public static LdapServer Parse(string url, bool startTls, X509Certificate2Collection? authorities)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("ldap" or "ldaps") || parsed.Host.Length == 0 || parsed.PathAndQuery.Length > 1 || parsed.Fragment.Length > 0 || parsed.UserInfo.Length > 0)
            throw new FormatException("expected ldap://HOST or ldaps://HOST, with a port if it is not the usual one, and nothing behind");
        var isTls = parsed.Scheme == "ldaps";
        var port = parsed.IsDefaultPort || parsed.Port <= 0 ? (isTls ? TlsPort : PlainPort) : parsed.Port;
        return new LdapServer(parsed.IdnHost.Trim('[', ']'), port, isTls ? LdapTls.Always : startTls ? LdapTls.StartTls : LdapTls.None, authorities);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Host}:{Port}";
}
