using Staithe.Database;

namespace Staithe.Audit;

/// <summary>What was tried and refused.</summary>
internal sealed class Refusals(Db db, Action<Exception> failed)
    : GatheredLines(db, "refusals", 2000, 200, AuditTable.RefuseAsync, failed, SpaceUse.Small)
{
    // Passwords that were looked at: the limits of signing in let through so few of them that none is dropped.
    readonly Guesses guesses = new(db, failed);

    /// <summary>Notes a password that was wrong. Nothing that costs less to send takes its place.</summary>
    public void AddGuess(Actor actor, Deed deed) => guesses.Add(actor, deed);

    /// <inheritdoc/>
    public override async Task FlushAsync(CancellationToken cancel)
    {
        await guesses.FlushAsync(cancel);
        await base.FlushAsync(cancel);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        guesses.Dispose();
        base.Dispose();
    }

    sealed class Guesses(Db db, Action<Exception> failed)
        : GatheredLines(db, "sign-in", 2000, 2000, AuditTable.RefuseAsync, failed, SpaceUse.Small);
}
