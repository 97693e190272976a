using Staithe.Access;
using Staithe.Accounts;
using Staithe.Oci;

namespace Staithe.Door;

/// <summary>
/// Which right a request for <c>/v2</c> needs, and whether what was decided gives it. A request comes here by a fast way, with what is remembered, and by a slow one, with what
/// was looked up; nothing else decides.
/// </summary>
internal static class Admission
{
    /// <summary>The right that a request needs.</summary>
    public static Rights Needed(OciRoute route, string method) => (route, method) switch
    {
        (OciRoute.Manifest or OciRoute.Blob or OciRoute.TagList or OciRoute.ReferrerList, "GET" or "HEAD") => Rights.Pull,
        (OciRoute.Manifest or OciRoute.Blob, "DELETE") => Rights.Delete,
        _ => Rights.Push,
    };

    /// <summary>Whether the request may go on.</summary>
    /// <param name="decision">What the caller may do with the repository; null where a token was not asked for it.</param>
    /// <param name="route">What the request is for.</param>
    /// <param name="needed">The right that it needs.</param>
    public static bool Allows(Decision? decision, OciRoute route, Rights needed)
    {
        if (decision is null)
            return false;
        // A right to delete some tags is none to delete blobs, which have no tag.
        return route is OciRoute.Blob && needed == Rights.Delete ? decision.Always.HasFlag(needed) : decision.May(needed);
    }
}
