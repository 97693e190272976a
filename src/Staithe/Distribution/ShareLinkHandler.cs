using System.Globalization;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;
using Staithe.Door;
using Staithe.Oci;
using Staithe.Sharing;
using Staithe.Telemetry;

namespace Staithe.Distribution;

/// <summary>
/// Pulls by share links. The gate has turned the secret of the path into a repository; what follows is answered by the same handlers as
/// every pull, as far as the link goes: a link to one tag leads to its manifest and to what that leads to (<see cref="ManifestTree"/>), and all else is as if it were not there.
/// </summary>
/// <remarks>
/// One GET of a manifest is one pull, when it is asked for by tag, or by a digest that stands for itself: for the image, not for a platform
/// of it. HEAD counts nothing, so it tells no digest of a link that has been used up.
/// </remarks>
internal sealed class ShareLinkHandler(Db db, Gate gate, ShareLinkLookup links, Refusals refusals, ManifestHandler manifests, BlobHandler blobs, TagListHandler tags, ReferrerListHandler referrers)
{
    public async Task GetAsync(HttpContext http, OciRoute route, RequestFacts facts)
    {
        var (caller, link) = await gate.AdmitByLinkAsync(http, route);
        facts.Repository = link.Repository.Value;
        facts.Caller = string.Create(CultureInfo.InvariantCulture, $"{caller.Who.Name} by link {link.Id}");
        await (route switch
        {
            OciRoute.Manifest manifest => GetManifestAsync(http, manifest with { Name = link.Repository }, caller, link, facts),
            OciRoute.Blob blob => GetBlobAsync(http, blob with { Name = link.Repository }, link, facts),
            OciRoute.TagList list => GetTagsAsync(http, list, link),
            OciRoute.ReferrerList list => GetReferrersAsync(http, list, link),
            _ => throw new OciException(OciError.Unsupported, "this is not for share links"),
        });
    }

    async Task GetManifestAsync(HttpContext http, OciRoute.Manifest route, Caller caller, ShareLinkPass link, RequestFacts facts)
    {
        if (!await ReachesAsync(link, route.Reference, http.RequestAborted))
            throw new OciException(OciError.ManifestUnknown, $"this link leads to no manifest {route.Reference}");
        var manifest = await manifests.FindAsync(route, http.RequestAborted);
        var isHead = HttpMethods.IsHead(http.Request.Method);
        if (isHead ? route.Reference.Tag is not null && link.Use == ShareLinkUse.UsedUp : await IsPullAsync(link, route.Reference, http.RequestAborted) && !await links.TryPullAsync(link, http.RequestAborted))
        {
            refusals.Add(caller.Actor, new Deed("link.pull", link.Repository.Value, link.Repository.Space, string.Create(CultureInfo.InvariantCulture, $"link {link.Id} has been used up")));
            throw new OciException(OciError.Denied, string.Create(CultureInfo.InvariantCulture, $"this link was for {link.MaxPulls} pulls, and they have been used: ask whoever gave it to you for another"));
        }
        await manifests.SendAsync(http, manifest, facts);
    }

    async Task GetBlobAsync(HttpContext http, OciRoute.Blob route, ShareLinkPass link, RequestFacts facts)
    {
        if (link.Tag is { } tag && !await db.ReadAsync(session => ManifestTree.HasBlobAsync(session, link.RepoId, tag, route.Digest), http.RequestAborted))
            throw new OciException(OciError.BlobUnknown, $"this link leads to no blob {route.Digest}");
        await blobs.GetAsync(http, route, facts, mayRenew: false);
    }

    async Task GetTagsAsync(HttpContext http, OciRoute.TagList route, ShareLinkPass link)
    {
        if (link.Tag is not { } tag)
        {
            await tags.GetAsync(http, route with { Name = link.Repository }, route.Path);
            return;
        }
        var page = Page.Of(http.Request);
        var isThere = page.Limit > 0 && string.CompareOrdinal(tag.Value, page.Last) > 0 && await db.ReadAsync(session => ManifestTree.FindRootAsync(session, link.RepoId, tag), http.RequestAborted) is not null;
        await TagListHandler.SendAsync(http, link.Repository, isThere ? [tag.Value] : []);
    }

    async Task GetReferrersAsync(HttpContext http, OciRoute.ReferrerList route, ShareLinkPass link)
    {
        if (await ReachesAsync(link, Reference.To(route.Subject), http.RequestAborted))
            await referrers.GetAsync(http, route with { Name = link.Repository }, route.Path);
        else
            await ReferrerListHandler.SendNothingAsync(http);
    }

    async Task<bool> ReachesAsync(ShareLinkPass link, Reference reference, CancellationToken cancel) =>
        link.Tag is not { } tag
        || (reference.Tag is { } asked ? asked == tag : await db.ReadAsync(session => ManifestTree.HasManifestAsync(session, link.RepoId, tag, reference.Digest!), cancel));

    async Task<bool> IsPullAsync(ShareLinkPass link, Reference reference, CancellationToken cancel) =>
        reference.Digest is not { } digest
        || await db.ReadAsync(
            async session => link.Tag is { } tag
                ? (await ManifestTree.FindRootAsync(session, link.RepoId, tag))?.Digest == digest.Value
                : await ManifestTree.IsTopAsync(session, link.RepoId, digest),
            cancel);
}
