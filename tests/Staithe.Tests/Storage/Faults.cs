namespace Staithe.Tests.Storage;

/// <summary>What goes wrong at one call below a storage.</summary>
internal enum Fault
{
    /// <summary>The process is gone before the call, and with it every later one.</summary>
    Crash,

    /// <summary>The call fails and does nothing.</summary>
    Error,

    /// <summary>The call does what it should, and fails all the same.</summary>
    LostAnswer,

    /// <summary>There is no room: of a write, a part is done.</summary>
    Full,
}

/// <summary>
/// Counts the calls below a storage, and has one of them fail. What calls it is a file system or an object store of a test.
/// </summary>
internal sealed class Faults
{
    readonly Lock changing = new();
    int failAt = -1;
    Fault kind;
    bool isDead;

    /// <summary>Calls since the plan was made.</summary>
    public int Calls { get; private set; }

    /// <summary>Whether the planned call has come.</summary>
    public bool HasStruck => failAt >= 0 && Calls > failAt;

    /// <summary>Has a call fail, counted from now; without one, none.</summary>
    public void Plan(int call = -1, Fault fault = Fault.Error)
    {
        lock (changing)
            (failAt, kind, isDead, Calls) = (call, fault, false, 0);
    }

    /// <summary>Does what a call does, or what is planned instead.</summary>
    public T Call<T>(Func<T> deed, Action? part = null)
    {
        Fault? fault = null;
        lock (changing)
        {
            if (isDead)
                throw new CrashException();
            if (Calls++ == failAt)
                fault = kind;
            isDead = fault == Fault.Crash;
        }
        switch (fault)
        {
            case null:
                return deed();
            case Fault.Crash:
                throw new CrashException();
            case Fault.LostAnswer:
                deed();
                throw Broken();
            case Fault.Full:
                part?.Invoke();
                throw new IOException("no space is left", 28);
            default:
                throw Broken();
        }
    }

    static IOException Broken() => new("input or output error", 5);
}

/// <summary>The process that called is no more.</summary>
internal sealed class CrashException() : Exception("the process is gone");
