using Staithe.Config;

namespace Staithe.Federation;

/// <summary>
/// The issuers that the settings trust, and no others: the only addresses that this registry ever asks because of a token or of what somebody wrote
/// into a rule.
/// </summary>
internal sealed class Issuers : IDisposable
{
    readonly IssuerClient client = new();
    readonly Dictionary<string, Issuer> issuers;

    public Issuers(IReadOnlyList<OidcConfig> oidc, IReadOnlyList<string> trusted, TimeProvider clock) =>
        issuers = oidc.Select(one => one.Issuer).Concat(trusted).Distinct().ToDictionary(url => url, url => new Issuer(url, client, clock));

    /// <summary>What asks them.</summary>
    public IssuerClient Client => client;

    /// <summary>What they are called.</summary>
    public IReadOnlyCollection<string> Urls => issuers.Keys;

    /// <summary>The issuer of that name; null when it is not trusted.</summary>
    public Issuer? Find(string url) => issuers.GetValueOrDefault(url);

    public void Dispose()
    {
        foreach (var issuer in issuers.Values)
            issuer.Dispose();
        client.Dispose();
    }
}
