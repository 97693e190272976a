using Staithe.Database;

namespace Staithe.Jobs;

/// <summary>One attempt at a unit.</summary>
internal sealed class JobRun(LeasedJob job, CancellationToken stopping) : IDisposable
{
    readonly CancellationTokenSource cancel = CancellationTokenSource.CreateLinkedTokenSource(stopping);

    public LeasedJob Job => job;

    public string Unit => job.Unit;

    /// <summary>Which attempt it is since the unit went well; 1 for the first.</summary>
    public long Attempts => job.Attempts;

    /// <summary>What the log is to say of it.</summary>
    public List<(string Name, object? Value)> Facts { get; } = [];

    /// <summary>Is cancelled when the server stops, and when somebody else has the unit.</summary>
    public CancellationToken Cancel => cancel.Token;

    /// <summary>Whether the unit is somebody else's by now, or nobody's.</summary>
    public bool IsLost { get; private set; }

    /// <summary>Whether nothing is done for the unit any more.</summary>
    public bool IsOver { get; set; }

    /// <summary>Whether the job has completed it itself.</summary>
    public bool IsCompleted { get; private set; }

    /// <summary>Completes the unit in the job's own transaction, with what it has done.</summary>
    /// <exception cref="LeaseLostException">The unit is somebody else's by now: nothing is done.</exception>
    public async Task CompleteAsync(DbSession session)
    {
        if (!await JobTable.CompleteAsync(session, job))
            throw new LeaseLostException();
        IsCompleted = true;
    }

    public void Lose()
    {
        IsLost = true;
        cancel.Cancel();
    }

    public void Dispose() => cancel.Dispose();
}

/// <summary>The lease of a unit ran out, and somebody else has it, or it was cancelled.</summary>
internal sealed class LeaseLostException() : Exception("this unit of work is no longer this server's");
