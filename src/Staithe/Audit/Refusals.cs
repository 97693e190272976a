using Staithe.Database;
using Staithe.Jobs;

namespace Staithe.Audit;

/// <summary>What was tried and refused.</summary>
internal sealed class Refusals(UnitRunner runner)
    : GatheredLines(runner, "refusals", 2000, 200, AuditTable.RefuseAsync, SpaceUse.Small)
{
    // Passwords that were looked at: the limits of signing in let through so few of them that none is dropped.
    readonly Guesses guesses = new(runner);

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

    sealed class Guesses(UnitRunner runner)
        : GatheredLines(runner, "sign-in", 2000, 2000, AuditTable.RefuseAsync, SpaceUse.Small);
}
