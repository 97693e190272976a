using System.Net;
using Staithe.Oci;

namespace Staithe.Transport;

/// <summary>
/// The host names under which a registry answers. A web page can have its own name resolve to any address that its reader reaches, and then speak
/// with what listens there as if it were its own server (DNS rebinding): a registry that asks nobody who they are must look at the name.
/// </summary>
internal sealed class HostNames
{
    /// <summary>The name that stands for all names.</summary>
    public const string Any = "*";

    // What containers call the machine that they run on. No public name ends so.
    static readonly string[] OfThisMachine = ["localhost", "host.containers.internal", "host.docker.internal"];

    readonly string[] named;
    readonly bool isBehindProxies;
    string? lastTaken;

    /// <param name="named">Names that are taken besides those of this machine; one that begins with <c>*.</c> stands for all names below it.</param>
    /// <param name="isOpenHere">Whether the registry is open and listens on loopback addresses only.</param>
    /// <param name="isBehindProxies">Whether a proxy may say which name the client used.</param>
    public HostNames(IReadOnlyList<string> named, bool isOpenHere, bool isBehindProxies)
    {
        this.named = [.. named.Select(Normal)];
        this.isBehindProxies = isBehindProxies;
        AreChecked = named.Count > 0 ? !named.Contains(Any) : isOpenHere;
    }

    /// <summary>Whether any name is refused.</summary>
    public bool AreChecked { get; }

    /// <summary>The refusal of a request for another name; null for one that may go on.</summary>
    public OciException? Check(HttpRequest request)
    {
        if (!AreChecked)
            return null;
        var host = request.Host;
        if (host.Value != lastTaken)
        {
            if (!Takes(host.Host))
                return Refuse(host.Host);
            lastTaken = host.Value;
        }
        // A page cannot choose the name in Host, but it can choose what a proxy would say.
        return isBehindProxies && request.Headers["X-Original-Host"] is [{ } sent, ..] && !Takes(new HostString(sent).Host)
            ? Refuse(new HostString(sent).Host)
            : null;
    }

    /// <summary>Whether the name, without a port, is one of this machine or of those that were named. No name is taken: browsers always send one.</summary>
    public bool Takes(string? host)
    {
        var name = Normal(host ?? "");
        if (name.Length == 0 || OfThisMachine.Contains(name) || name.EndsWith(".localhost", StringComparison.Ordinal))
            return true;
        if (IPAddress.TryParse(name, out var address))
            return IPAddress.IsLoopback(address) || named.Length > 0; // an address cannot be made to mean another
        return named.Any(one => one == name || (one.StartsWith("*.", StringComparison.Ordinal) && name.EndsWith(one[1..], StringComparison.Ordinal)));
    }

    static string Normal(string name) => (name.EndsWith('.') ? name[..^1] : name).ToLowerInvariant();

    OciException Refuse(string host) => new(
        OciError.Misdirected,
        named.Length > 0
            ? $"this registry does not answer to the name \"{OciException.Quote(host)}\": use a name that the setting hosts has, or add this one to it"
            : $"this registry is open and listens on this machine only, so it answers to names such as localhost, and not to \"{OciException.Quote(host)}\", "
                + "by which a web page could reach it: if the name is yours, add it to the setting hosts (STAITHE_HOSTS)");
}
