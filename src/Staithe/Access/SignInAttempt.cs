namespace Staithe.Access;

/// <summary>
/// One password that is tried, counted from before it is looked at until it is disposed of. Without a verdict it ends as if it had
/// not been made: nothing was learned by it.
/// </summary>
internal sealed class SignInAttempt(SignInLimits limits, UInt128 lane, SignInSource source, ulong network) : IAsyncDisposable
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

    /// <summary>Those in which it was counted as a failure before it was made: the rows from before, and from when.</summary>
    internal Dictionary<UInt128, (GuessRow Before, long CountedAt)> Counted { get; } = [];

    /// <summary>The account, by each key that it goes by.</summary>
    internal List<UInt128> Accounts { get; } = [];

    /// <summary>The name leads to this entry of a directory: it is counted there too, by whatever name it was found.</summary>
    /// <exception cref="SignInBusyException">There were too many guesses for the entry.</exception>
    public Task IdentifyAsync(string entry, CancellationToken cancel) => limits.IdentifyAsync(this, entry, cancel);

    /// <summary>The password was wrong.</summary>
    public void Fail() => isRight = false;

    /// <summary>The password of this very account was right.</summary>
    public void Succeed() => isRight = true;

    public async ValueTask DisposeAsync()
    {
        if (isOver)
            return;
        isOver = true;
        await limits.EndAsync(this, isRight);
    }
}

/// <summary>A counter of an attempt.</summary>
/// <param name="MaxWait">The longest wait after failures.</param>
/// <param name="IsAccount">Whether it is the account's, which a right password clears, and not the address's.</param>
internal sealed record GuessKey(UInt128 Key, TimeSpan MaxWait, bool IsAccount)
{
    /// <summary>What its row is called.</summary>
    public string Row { get; } = Key.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);
}
