using System.Collections.Concurrent;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>
/// Sees to it that one request at a time writes to an upload. A client whose connection broke may come back before the server has
/// noticed: a claim that has made no progress for a while gives way. Or it comes back while what came is still being kept: that is waited
/// for. Who waits stands in line, so nobody slips in between one that gives way and the one it makes way for.
/// </summary>
/// <remarks>
/// Where other servers may use the database, a claim is in the upload's row as well, taken by the statement that reads the row and ended
/// by the one that acknowledges. It lasts for some seconds by the database's clock and is renewed with the bytes that come, so one that
/// makes no progress gives way there too. Before the server writes or acknowledges, it knows by its own clock that the claim has not run
/// out.
/// </remarks>
/// <param name="clock">Tells how long a claim has made no progress.</param>
/// <param name="server">What rows call this server, of all that may use the database; null when no other server can.</param>
internal sealed class UploadClaims(TimeProvider clock, string? server = null)
{
    /// <summary>How long a claim in a row lasts unless it is renewed.</summary>
    public static readonly TimeSpan Lasts = TimeSpan.FromSeconds(15);

    static readonly TimeSpan RenewAfter = TimeSpan.FromSeconds(5);
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    readonly ConcurrentDictionary<UploadId, Claim> held = new(); // the last in line for each upload
    readonly TimeProvider clock = clock;

    /// <summary>What rows call this server; null when claims are not in rows.</summary>
    public string? Server => server;

    /// <summary>Now, for <see cref="Claim.Renewed"/>.</summary>
    public long Now => clock.GetTimestamp();

    /// <summary>Uploads that a request is writing to now.</summary>
    public string[] List() => [.. held.Keys.Select(id => id.Value)];

    /// <summary>Claims the upload until the claim is disposed.</summary>
    /// <param name="id">The upload.</param>
    /// <param name="force">The upload is to end: take it even from a request that is making progress.</param>
    /// <param name="cancel">Gives up waiting, and also ends the claim's own token.</param>
    /// <exception cref="OciException">RANGE_INVALID when another request is writing to it, or will next.</exception>
    /// <exception cref="OperationCanceledException">It was given up, or had to give way, before its turn came.</exception>
    public async Task<Claim> TakeAsync(UploadId id, bool force, CancellationToken cancel)
    {
        var ours = new Claim(this, id, cancel);
        if (force)
            ours.NothingMoreComes();
        while (held.GetOrAdd(id, ours) is var last && last != ours)
        {
            if (!force && !last.HasAll && last.IdleFor < Patience)
            {
                ours.Dispose();
                throw Taken();
            }
            if (held.TryUpdate(id, ours, last))
            {
                await ours.WaitBehindAsync(last);
                break;
            }
        }
        return ours;
    }

    /// <summary>The refusal for whoever is not the one that writes.</summary>
    public static OciException Taken() => new(
        OciError.RangeInvalid,
        "another request is writing to this upload: wait for it to end, then ask for the upload's Range and go on from there");

    /// <summary>The right to write to one upload.</summary>
    internal sealed class Claim : IDisposable
    {
        readonly UploadClaims owner;
        readonly UploadId id;
        readonly CancellationTokenSource stop;
        readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        long lastProgress;
        long renewedAt;
        volatile bool hasAll;

        public Claim(UploadClaims owner, UploadId id, CancellationToken cancel)
        {
            (this.owner, this.id) = (owner, id);
            stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            Progress();
        }

        /// <summary>Cancelled when the request ends or another one takes over.</summary>
        public CancellationToken Token => stop.Token;

        public TimeSpan IdleFor => Clock.GetElapsedTime(Volatile.Read(ref lastProgress));

        TimeProvider Clock => owner.clock;

        public void Progress() => Volatile.Write(ref lastProgress, Clock.GetTimestamp());

        /// <summary>Whether the claim has to be renewed in the row before anything else is done to the bytes.</summary>
        public bool IsOld => owner.Server is not null && Clock.GetElapsedTime(renewedAt) >= RenewAfter;

        /// <summary>Whether another server may have claimed the upload by now.</summary>
        public bool HasRunOut => owner.Server is not null && Clock.GetElapsedTime(renewedAt) >= Lasts;

        /// <summary>The row has the claim, by a statement that began at that time.</summary>
        public void Renewed(long time) => renewedAt = time;

        /// <summary>True when nothing more comes by this claim, and it ends as soon as what came is kept or dropped.</summary>
        public bool HasAll => hasAll;

        public void NothingMoreComes() => hasAll = true;

        public async Task WaitBehindAsync(Claim before)
        {
            if (!before.HasAll)
                before.GiveWay();
            try
            {
                await before.released.Task.WaitAsync(stop.Token);
            }
            catch (OperationCanceledException)
            {
                NothingMoreComes();
                _ = before.released.Task.ContinueWith(_ => Dispose(), TaskScheduler.Default); // who stands behind this one waits for both
                throw;
            }
            Progress();
        }

        public void Dispose()
        {
            owner.held.TryRemove(new KeyValuePair<UploadId, Claim>(id, this));
            stop.Dispose();
            released.TrySetResult();
        }

        void GiveWay()
        {
            try
            {
                stop.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // it has just ended by itself
            }
        }
    }
}
