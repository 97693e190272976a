using System.Collections.Concurrent;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>
/// Sees to it that one request at a time writes to an upload. A client whose connection broke may come back before the server has noticed:
/// a claim that has made no progress for a while gives way. Or it comes back while what came is still being kept: that is waited for.
/// </summary>
internal sealed class UploadClaims(TimeProvider clock)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    readonly ConcurrentDictionary<UploadId, Claim> held = new();
    readonly TimeProvider clock = clock;

    /// <summary>Uploads that a request is writing to now.</summary>
    public string[] List() => [.. held.Keys.Select(id => id.Value)];

    /// <summary>Claims the upload until the claim is disposed.</summary>
    /// <param name="id">The upload.</param>
    /// <param name="force">Take it even from a request that is making progress, because the upload is to end.</param>
    /// <param name="cancel">Gives up waiting, and also ends the claim's own token.</param>
    /// <exception cref="OciException">RANGE_INVALID when another request is writing to it.</exception>
    public async Task<Claim> TakeAsync(UploadId id, bool force, CancellationToken cancel)
    {
        var ours = new Claim(this, id, cancel);
        try
        {
            while (held.GetOrAdd(id, ours) is var other && other != ours)
            {
                if (!other.HasAll)
                {
                    if (!force && other.IdleFor < Patience)
                        throw new OciException(OciError.RangeInvalid, "another request is writing to this upload: wait for it to end, then ask for the upload's Range and go on from there");
                    other.GiveWay();
                }
                await other.Released.WaitAsync(cancel);
            }
            return ours;
        }
        catch
        {
            ours.Discard();
            throw;
        }
    }

    /// <summary>The right to write to one upload.</summary>
    internal sealed class Claim : IDisposable
    {
        readonly UploadClaims owner;
        readonly UploadId id;
        readonly CancellationTokenSource stop;
        readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        long lastProgress;
        volatile bool hasAll;

        public Claim(UploadClaims owner, UploadId id, CancellationToken cancel)
        {
            (this.owner, this.id) = (owner, id);
            stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            Progress();
        }

        /// <summary>Cancelled when the request ends or another one takes over.</summary>
        public CancellationToken Token => stop.Token;

        public Task Released => released.Task;

        public TimeSpan IdleFor => Clock.GetElapsedTime(Volatile.Read(ref lastProgress));

        TimeProvider Clock => owner.clock;

        public void Progress() => Volatile.Write(ref lastProgress, Clock.GetTimestamp());

        /// <summary>True when nothing more comes by this claim, and it ends as soon as what came is kept or dropped.</summary>
        public bool HasAll => hasAll;

        public void NothingMoreComes() => hasAll = true;

        public void GiveWay()
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

        public void Discard() => stop.Dispose();

        public void Dispose()
        {
            owner.held.TryRemove(new KeyValuePair<UploadId, Claim>(id, this));
            stop.Dispose();
            released.TrySetResult();
        }
    }
}
