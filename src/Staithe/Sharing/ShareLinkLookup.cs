using System.Collections.Concurrent;
using System.Diagnostics;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Content;
using Staithe.Database;
using Staithe.Jobs;
using Staithe.Oci;

namespace Staithe.Sharing;

/// <summary>A link that works now, and what it lets its holder pull.</summary>
/// <param name="Tag">The one tag, with what it leads to; null for everything in the repository.</param>
/// <param name="MaxPulls">Null for as many as one likes.</param>
/// <param name="Use">How far it has been used; <see cref="ShareLinkUse.Ended"/> is never shown.</param>
internal sealed record ShareLinkPass(long Id, long RepoId, RepositoryName Repository, TagName? Tag, Decision Decision, long? MaxPulls, ShareLinkUse Use)
{
    /// <summary>What a decision is on a name whose link has ended, or never was.</summary>
    public static Decision DecisionOf(ShareLinkPass? pass) => pass?.Decision ?? Decision.Nothing;
}

/// <summary>A link as its page shows it.</summary>
/// <param name="Tags">Some of the tags that one may pull, those that moved last first.</param>
internal sealed record ShownShareLink(ShareLinkRow Link, IReadOnlyList<string> Tags);

/// <summary>
/// Finds the link of a secret, whether it still holds, and counts its pulls. What was found is remembered until something changes
/// (<see cref="AccessEpoch"/>), for half a minute at most and never beyond the link's end, so a revoked link ends with the answer to whoever revoked it.
/// </summary>
/// <remarks>
/// Pulls of a link that limits them are counted in the database one by one: the one write that a pull may cause. Those of others are
/// counted here and written from time to time.
/// </remarks>
internal sealed class ShareLinkLookup(Db db, AccessEpoch epoch, ServerSecret secret, UnitRunner runner) : GatheredWrites(runner, WorkKind.Links, TimeSpan.FromSeconds(10))
{
    const long CacheBytes = 2 * 1024 * 1024;
    const int EntryBytes = 1024;
    const int ShownTags = 30;
    static readonly TimeSpan Remembering = TimeSpan.FromSeconds(30); // what was given for a time ends without a change

    // For so long after the last pull of a limited link its layers may still be fetched.
    static readonly TimeSpan Grace = TimeSpan.FromHours(24);

    readonly BoundedCache<Remembered> cache = new(CacheBytes);
    readonly ConcurrentDictionary<long, long> pulls = new();
    readonly GatheredUnits<(long Id, long Pulls)> counts = new(
        runner,
        WorkKind.Links,
        one => $"link {one.Id}",
        async (session, some) =>
        {
            foreach (var (id, count) in some.Order())
                await ShareLinkTable.AddPullsAsync(session, id, count);
        },
        most: 10_000);

    /// <summary>The link; null when there is none of that secret, its time is over, it was revoked or used up, or who made it may no longer share that.</summary>
    public async Task<ShareLinkPass?> FindAsync(string text, CancellationToken cancel)
    {
        if (!Secret.IsForPath(text))
            return null;
        var hash = secret.Hash(text);
        var pass = FindRemembered(hash) ?? await ReadAsync(hash, cancel);
        if (pass?.MaxPulls is null)
            return pass;
        var use = await db.ReadAsync(session => ShareLinkTable.FindUseAsync(session, pass.Id, Grace), cancel);
        return use == ShareLinkUse.Ended ? null : pass with { Use = use };
    }

    /// <summary>The link as its page shows it, with the tags that one may pull; null also when it has just been used up.</summary>
    public async Task<ShownShareLink?> ShowAsync(string text, CancellationToken cancel)
    {
        if (await FindAsync(text, cancel) is not { Use: ShareLinkUse.Open } pass)
            return null;
        return await db.ReadAsync(
            async session => await ShareLinkTable.FindBySecretAsync(session, secret.Hash(text)) is { } link ? new ShownShareLink(link, await ShareLinkTable.ListNewestTagsAsync(session, link.RepoId, link.Tag, ShownTags)) : null,
            cancel);
    }

    /// <summary>Counts one pull; false when there is none left.</summary>
    public async Task<bool> TryPullAsync(ShareLinkPass pass, CancellationToken cancel)
    {
        if (pass.MaxPulls is not null)
            return await db.WriteAsync(SpaceUse.Small, session => ShareLinkTable.TakeAsync(session, pass.Id), cancel);
        pulls.AddOrUpdate(pass.Id, 1, (_, count) => count + 1);
        return true;
    }

    /// <summary>Writes the pulls that were counted here.</summary>
    public override async Task FlushAsync(CancellationToken cancel)
    {
        var counted = new List<(long Id, long Pulls)>();
        foreach (var id in pulls.Keys)
        {
            if (pulls.TryRemove(id, out var count))
                counted.Add((id, count));
        }
        await counts.WriteAsync(counted, cancel);
    }

    async Task<ShareLinkPass?> ReadAsync(string hash, CancellationToken cancel)
    {
        var stamp = epoch.Stamp;
        var found = await db.ReadAsync(
            async session => await ShareLinkTable.FindBySecretAsync(session, hash) is { } link && await ShareLinks.DecideAsync(session, link) is var decision && decision.May(Rights.Pull)
                ? (Link: link, Decision: decision)
                : default,
            cancel);
        if (found.Link is not { } row)
            return null;
        var pass = new ShareLinkPass(row.Id, row.RepoId, RepositoryName.Parse(row.Repository), row.Tag is null ? null : TagName.Parse(row.Tag), found.Decision, row.MaxPulls, ShareLinkUse.Open);
        var ends = TimeSpan.FromMilliseconds(Math.Min(row.Left, Remembering.TotalMilliseconds));
        cache.Remove(hash);
        cache.TryAdd(hash, new Remembered(pass, stamp, Stopwatch.GetTimestamp(), ends), EntryBytes, cache.Version(hash));
        return pass;
    }

    ShareLinkPass? FindRemembered(string hash) =>
        cache.Find(hash) is { } found && found.Stamp == epoch.Stamp && Stopwatch.GetElapsedTime(found.At) < found.Lasts ? found.Pass : null;

    sealed record Remembered(ShareLinkPass Pass, long Stamp, long At, TimeSpan Lasts);
}
