using System.Net;
using System.Security.Cryptography;
using System.Text;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Oci;

namespace Staithe.Door;

/// <summary>
/// Who may read the metrics, which tell how much is pulled and pushed here: on an open registry everybody, on one with accounts its admins, whoever has the
/// token that was set for it, and the addresses that were named. Nobody else, from wherever: behind a proxy on the same machine, everybody's address may be
/// a loopback one.
/// </summary>
/// <param name="callers">Who makes a request.</param>
/// <param name="limits">Counts those who are refused.</param>
/// <param name="networks">The addresses that may.</param>
/// <param name="token">The token; null for none.</param>
/// <param name="isOpen">Whether the registry is open.</param>
internal sealed class MetricsReaders(
    CallerLookup callers,
    RequestLimits limits,
    IReadOnlyList<IPNetwork> networks,
    string? token,
    bool isOpen)
{
    readonly byte[]? tokenHash = token is null ? null : Hash(token);

    /// <exception cref="OciException">UNAUTHORIZED or DENIED: it may not.</exception>
    /// <exception cref="TooManyRequestsException">It was refused too often.</exception>
    public async Task RequireAsync(HttpContext http)
    {
        var address = http.Connection.RemoteIpAddress;
        if (isOpen || IsNamed(address))
            return;
        if (http.Request.Headers.Authorization is [{ } sent] && sent.StartsWith(BearerTokens.Scheme, StringComparison.OrdinalIgnoreCase))
        {
            if (tokenHash is not null && CryptographicOperations.FixedTimeEquals(tokenHash, Hash(sent[BearerTokens.Scheme.Length..].Trim())))
                return;
            limits.RequireStranger(address);
            throw Unauthorized("the token is not the one of metricsToken (STAITHE_METRICS_TOKEN)");
        }
        // This is no endpoint that tokens of the registry are for.
        var who = (await callers.MeetAsync(http, Accepts.Nobody | Accepts.Basic | Accepts.Session, CallerLookup.AskBasic)).Who;
        if (who.Kind == IdentityKind.Anonymous)
            throw Unauthorized("the metrics are for admins, for whoever sends metricsToken, and for the addresses of metricsFrom");
        if (!who.IsAdmin || who.Limit is { Target: not null } || who.Limit?.Rights.HasFlag(Rights.Manage) == false)
        {
            throw new OciException(OciError.Denied, who is { IsAdminHeldBack: true, Limit: { } limit }
                ? $"the metrics are for admins, and {RefusalReason.OfCredential(limit, "", Rights.Manage)}: "
                    + "use one with admin and no target, or your password; programs have metricsToken and metricsFrom"
                : "the metrics are for admins, with a password or a token that may manage everything; programs have metricsToken and metricsFrom");
        }
    }

    bool IsNamed(IPAddress? address)
    {
        if (address is null)
            return false;
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return networks.Any(network => network.Contains(plain));
    }

    static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    static OciException Unauthorized(string message) => CallerLookup.Unauthorized(message, BasicCredentials.Challenge);
}
