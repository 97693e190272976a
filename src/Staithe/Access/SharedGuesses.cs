using Staithe.Database;

namespace Staithe.Access;

/// <summary>An attempt that is to be counted before it is made.</summary>
/// <param name="Seen">The row of its key as it was read.</param>
/// <param name="Room">So many failures may there be for one more.</param>
internal readonly record struct GuessClaim(GuessRow Seen, long Room);

/// <summary>
/// The failures that all servers of a registry count together. A right password costs a read here and no write. A wrong one costs one small write: after it
/// was looked at while few have failed, and before, as a claim that one server alone gets, when many have.
/// </summary>
/// <param name="db">Where the rows are.</param>
/// <param name="clock">Tells the time.</param>
/// <param name="capacity">The most rows, give or take what is counted between two looks.</param>
internal sealed class SharedGuesses(Db db, TimeProvider clock, int capacity = 100_000)
{
    /// <summary>After this long without a failure all are forgiven.</summary>
    public static readonly TimeSpan Forgiven = TimeSpan.FromHours(1);

    const int WritesBetweenTrims = 256;

    int writes;

    long Now => clock.GetUtcNow().ToUnixTimeMilliseconds();

    long ForgivenBefore => Now - (long)Forgiven.TotalMilliseconds;

    /// <summary>The rows of these keys, as far as there are any.</summary>
    public Task<List<GuessRow>> ReadAsync(string[] keys, CancellationToken cancel) => db.ReadAsync(session => GuessTable.ListAsync(session, keys), cancel);

    /// <summary>Counts a failure under each key; the rows as they are then.</summary>
    public Task<List<GuessRow>> FailAsync(string[] keys) => db.WriteAsync(SpaceUse.Small, async session =>
    {
        var rows = await GuessTable.FailAsync(session, keys, Now, ForgivenBefore);
        await TrimAsync(session);
        return rows;
    });

    /// <summary>Counts an attempt under each key before it is made; the rows as they are then, or null when others were quicker and nothing is counted.</summary>
    public async Task<List<GuessRow>?> TryCountAsync(IReadOnlyList<GuessClaim> claims, CancellationToken cancel)
    {
        try
        {
            return await db.WriteAsync(
                SpaceUse.Small,
                async session =>
                {
                    // In one order, so that no two wait for each other.
                    foreach (var (seen, room) in claims.OrderBy(claim => claim.Seen.Key, StringComparer.Ordinal))
                    {
                        if (!await GuessTable.TryCountAsync(session, seen, Now, ForgivenBefore, room))
                            throw new LostClaimException();
                    }
                    await TrimAsync(session);
                    return await GuessTable.ListAsync(session, [.. claims.Select(claim => claim.Seen.Key)]);
                },
                cancel);
        }
        catch (LostClaimException)
        {
            return null;
        }
    }

    /// <summary>Takes attempts back that were counted and did not fail, and forgets what failed under some keys.</summary>
    /// <param name="counted">The rows from before, and from when they were counted.</param>
    /// <param name="forgiven">The keys.</param>
    public Task SettleAsync(IReadOnlyList<(GuessRow Before, long CountedAt)> counted, string[] forgiven) => db.WriteAsync(SpaceUse.Frees, async session =>
    {
        if (forgiven.Length > 0)
            await GuessTable.ForgiveAsync(session, forgiven);
        foreach (var (before, countedAt) in counted)
            await GuessTable.TakeBackAsync(session, before, countedAt);
    });

    async Task TrimAsync(DbSession session)
    {
        if (Interlocked.Increment(ref writes) % WritesBetweenTrims == 0)
            await GuessTable.TrimAsync(session, ForgivenBefore, capacity);
    }

    sealed class LostClaimException : Exception;
}
