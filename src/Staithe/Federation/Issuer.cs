namespace Staithe.Federation;

/// <summary>
/// An issuer of tokens that this registry trusts: what it says of itself, and its keys, both remembered. A token with a key that is not known has
/// it asked again, because keys change; but not more often than every <see cref="Patience"/>, however many keys somebody invents.
/// </summary>
internal sealed class Issuer(string url, IssuerClient client, TimeProvider clock) : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    static readonly TimeSpan Fresh = TimeSpan.FromHours(1);
    static readonly TimeSpan Usable = TimeSpan.FromHours(24); // while the issuer does not answer

    readonly SemaphoreSlim asking = new(1);
    Known? known;
    FederationException? failure;
    long failedAt;
    long? askedAgainAt;

    /// <summary>What its tokens call it.</summary>
    public string Url => url;

    /// <exception cref="FederationException">It cannot be had.</exception>
    public async Task<IssuerMetadata> GetMetadataAsync(CancellationToken cancel) => (await GetAsync(cancel)).Metadata;

    /// <summary>The key that a token names, or the only one for its algorithm; null when there is none.</summary>
    /// <exception cref="FederationException">The keys cannot be had.</exception>
    public async Task<IssuerKey?> FindKeyAsync(string algorithm, string? id, CancellationToken cancel)
    {
        var now = await GetAsync(cancel);
        return Find(now, algorithm, id) ?? Find(await AskAgainAsync(now, cancel), algorithm, id);
    }

    public void Dispose() => asking.Dispose();

    static IssuerKey? Find(Known known, string algorithm, string? id)
    {
        var fit = known.Keys.Where(key => key.IsFor(algorithm) && (id is null || key.Id == id)).Take(2).ToList();
        return fit.Count == 1 ? fit[0] : null;
    }

    async Task<Known> GetAsync(CancellationToken cancel)
    {
        if (Volatile.Read(ref known) is { } remembered && clock.GetElapsedTime(remembered.At) < Fresh)
            return remembered;
        await asking.WaitAsync(cancel);
        try
        {
            if (known is not null && clock.GetElapsedTime(known.At) < Fresh)
                return known;
            if (failure is null || clock.GetElapsedTime(failedAt) >= Patience)
                await TryAskAsync(cancel);
            return known is not null && clock.GetElapsedTime(known.At) < Usable
                ? known
                : throw new FederationException(failure!.Message, isOutage: true);
        }
        finally
        {
            asking.Release();
        }
    }

    async Task<Known> AskAgainAsync(Known before, CancellationToken cancel)
    {
        await asking.WaitAsync(cancel);
        try
        {
            if (known != before || (askedAgainAt is { } at && clock.GetElapsedTime(at) < Patience))
                return known!;
            askedAgainAt = clock.GetTimestamp();
            await TryAskAsync(cancel);
            return known;
        }
        finally
        {
            asking.Release();
        }
    }

    async Task TryAskAsync(CancellationToken cancel)
    {
        try
        {
            var metadata = IssuerMetadata.Read(url, await client.GetAsync(IssuerMetadata.Place(url), null, cancel));
            var keys = IssuerKey.ReadAll(await client.GetAsync(metadata.Keys, null, cancel));
            Volatile.Write(ref known, new Known(metadata, keys, clock.GetTimestamp()));
            failure = null;
        }
        catch (FederationException e)
        {
            (failure, failedAt) = (e, clock.GetTimestamp());
        }
    }

    sealed record Known(IssuerMetadata Metadata, IReadOnlyList<IssuerKey> Keys, long At);
}
