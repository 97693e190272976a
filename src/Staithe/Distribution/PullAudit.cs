using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Oci;

namespace Staithe.Distribution;

/// <summary>Notes a pull of a manifest where its space asks for that, without making the pull wait.</summary>
internal sealed class PullAudit(AuditedSpaces spaces, Pulls pulls)
{
    /// <summary>Whether a pull from there is noted; almost always no, and then it costs nothing.</summary>
    public bool Asks(RepositoryName name) => spaces.Any && spaces.Contains(name.Space);

    public void Note(HttpContext http, OciRoute.Manifest route, string digest, string caller) => pulls.Add(
        new Actor(caller, http.Connection.RemoteIpAddress?.ToString()),
        route.Reference.Tag is { } tag ? new Deed("manifest.pull", $"{route.Name}:{tag}", route.Name.Space, digest) : new Deed("manifest.pull", $"{route.Name}@{digest}", route.Name.Space));
}
