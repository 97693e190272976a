namespace Staithe.Access;

/// <summary>
/// One password that is tried, counted from before it is looked at until it is disposed of. Without a verdict it ends as if it had
/// not been made: nothing was learned by it.
/// </summary>
internal sealed class SignInAttempt(SignInLimits limits, UInt128 lane, SignInSource source, ulong network) : IDisposable
{
    bool? isRight;
    bool isOver;

    /// <summary>Whether it comes from where the account's owner has been lately, so that strangers do not hold it up.</summary>
    public bool IsKnown { get; init; }

    internal UInt128 Lane { get; } = lane;

    internal SignInSource Source { get; } = source;

    internal ulong Network { get; } = network;

    /// <summary>The counters that it is counted in.</summary>
    internal List<GuessKey> Keys { get; } = [];

    /// <summary>The account, by each key that it goes by.</summary>
    internal List<UInt128> Accounts { get; } = [];

    /// <summary>The name leads to this entry of a directory: it is counted there too, by whatever name it was found.</summary>
    /// <exception cref="SignInBusyException">There were too many guesses for the entry.</exception>
    public void Identify(string entry) => limits.Identify(this, entry);

    /// <summary>The password was wrong.</summary>
    public void Fail() => isRight = false;

    /// <summary>The password of this very account was right.</summary>
    public void Succeed() => isRight = true;

    public void Dispose()
    {
        if (isOver)
            return;
        isOver = true;
        limits.End(this, isRight);
    }
}

/// <summary>A counter of an attempt.</summary>
/// <param name="MaxWait">The longest wait after failures.</param>
/// <param name="IsAccount">Whether it is the account's, which a right password clears, and not the address's.</param>
internal sealed record GuessKey(UInt128 Key, TimeSpan MaxWait, bool IsAccount);
