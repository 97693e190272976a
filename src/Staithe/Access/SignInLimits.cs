using System.Globalization;
using Staithe.Accounts;
using Staithe.Database;

namespace Staithe.Access;

/// <summary>
/// Bounds how often a password may be guessed: for an account, however its name is written, and from an address. Each attempt is
/// counted before its password is looked at, and stands in line behind the others of its address, so that no address holds up
/// another.
/// <para>
/// Nobody keeps somebody else out: who comes from a network from which the password was right lately, or with a browser that shows
/// that it belongs to the account, is counted apart from strangers, for this account alone. Names are kept as a keyed hash: they
/// may be as long as a header, and nobody is to find a password that was typed where the name belongs.
/// </para>
/// <para>
/// Failures are shared by all servers of a registry (<see cref="SharedGuesses"/>); lines, known places and wrong secrets are each server's own. So that many at
/// once on several servers are no more than as many in a row, but for <see cref="GuessCounts.UncountedAtOnce"/> on each further server, an attempt is counted
/// before it is made as soon as others are under way, or many have failed.
/// </para>
/// </summary>
internal sealed class SignInLimits(Db db, ServerSecret secret, TimeProvider clock)
{
    /// <summary>How many passwords from one address are looked at at the same time.</summary>
    public const int AtOnceFromAddress = 2;

    const int MaxWaitingFromAddress = 64;
    const int MaxWaiting = 512;
    static readonly TimeSpan MaxWaitOfAddress = TimeSpan.FromMinutes(15);
    static readonly TimeSpan MaxWaitOfAccount = TimeSpan.FromSeconds(30);
    static readonly TimeSpan Busy = TimeSpan.FromSeconds(2);

    readonly Lock changing = new();
    readonly GuessCounts counts = new(clock);
    readonly KnownPlaces known = new(clock);
    readonly Dictionary<UInt128, Lane> lanes = [];
    readonly SharedGuesses shared = new(db, clock);
    Task agreed = Task.CompletedTask;
    int waiting;

    /// <summary>Begins an attempt, when it is its turn.</summary>
    /// <param name="name">The account, as it was written.</param>
    /// <param name="source">Where it comes from.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="SignInBusyException">There were too many failures, or too many wait.</exception>
    public async Task<SignInAttempt> BeginAsync(string name, SignInSource source, CancellationToken cancel)
    {
        var attempt = await EnterAsync(name, source, cancel);
        try
        {
            await AgreeAsync(attempt, [.. attempt.Keys], cancel);
            return attempt;
        }
        catch
        {
            await attempt.DisposeAsync();
            throw;
        }
    }

    async Task<SignInAttempt> EnterAsync(string name, SignInSource source, CancellationToken cancel)
    {
        LinkedListNode<Waiter> node;
        lock (changing)
        {
            var attempt = Describe(name, source);
            if (WaitOf(attempt) is var wait && wait > TimeSpan.Zero)
                throw new SignInBusyException(wait);
            if (!lanes.TryGetValue(attempt.Lane, out var lane))
                lane = new Lane();
            if (lane.Waiting.Count == 0 && lane.Running < AtOnceFromAddress && HasRoom(attempt))
            {
                Start(lane, attempt);
                return attempt;
            }
            if (lane.Running == 0 || lane.Waiting.Count >= MaxWaitingFromAddress || waiting >= MaxWaiting)
                throw new SignInBusyException(Busy);
            node = lane.Waiting.AddLast(new Waiter(attempt));
            waiting++;
        }
        try
        {
            await node.Value.Turn.Task.WaitAsync(cancel);
            return node.Value.Attempt;
        }
        catch (OperationCanceledException)
        {
            await LeaveAsync(node);
            throw;
        }
    }

    /// <summary>
    /// Counts a secret of 256 bits or more that was wrong. Nobody guesses one, so a right one is never held up, and no account is
    /// counted for; this only slows down who sends wrong ones.
    /// </summary>
    /// <returns>How long the address should wait; zero while it has sent few.</returns>
    public TimeSpan CountWrongSecret(string? address)
    {
        var network = ClientNetwork.Of(address);
        lock (changing)
        {
            var wait = counts.Wait(WrongKey(network), MaxWaitOfAddress);
            if (wait == TimeSpan.Zero)
                CountWrong(network);
            return wait;
        }
    }

    /// <summary>The password of the account was right from there, without having to be looked at again.</summary>
    public void Know(IReadOnlyList<UInt128> accounts, string? address)
    {
        var network = ClientNetwork.Of(address);
        lock (changing)
        {
            foreach (var account in accounts)
                known.Add(account, network);
        }
    }

    internal async Task IdentifyAsync(SignInAttempt attempt, string entry, CancellationToken cancel)
    {
        GuessKey key;
        lock (changing)
        {
            var account = Hash($"entry\n{entry}");
            key = KeyOf(account, attempt.Source, attempt.Network) ?? new GuessKey(account, MaxWaitOfAccount, true);
            if (counts.Wait(key.Key, key.MaxWait) is var wait && wait > TimeSpan.Zero)
                throw new SignInBusyException(wait);
            if (!counts.HasRoom(key.Key))
                throw new SignInBusyException(Busy);
            counts.Begin(key.Key);
            attempt.Keys.Add(key);
            attempt.Accounts.Add(account);
        }
        await AgreeAsync(attempt, [key], cancel);
    }

    internal async Task EndAsync(SignInAttempt attempt, bool? isRight)
    {
        try
        {
            await SettleAsync(attempt, isRight);
        }
        finally
        {
            lock (changing)
            {
                foreach (var key in attempt.Keys)
                {
                    if (!attempt.Counted.ContainsKey(key.Key))
                        counts.End(key.Key);
                }
                if (isRight == false)
                    CountWrong(attempt.Network);
                if (isRight == true)
                    attempt.Accounts.ForEach(account => known.Add(account, attempt.Network));
                var lane = lanes[attempt.Lane];
                lane.Running--;
                Advance(lane);
                if (lane.Running == 0)
                    lanes.Remove(attempt.Lane);
            }
        }
    }

    // What is read, decided and counted in rows belongs together: one after the other.
    async Task InTurnAsync(Func<Task> work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var before = Interlocked.Exchange(ref agreed, done.Task);
        await before;
        try
        {
            await work();
        }
        finally
        {
            done.SetResult();
        }
    }

    // Learns what all servers have counted, refuses what is too much by that, and counts the attempt at once where other servers must know of it.
    Task AgreeAsync(SignInAttempt attempt, List<GuessKey> keys, CancellationToken cancel) => InTurnAsync(async () =>
    {
        var rows = await shared.ReadAsync(RowsOf(keys), cancel);
        var claims = new List<GuessClaim>();
        lock (changing)
        {
            Learn(keys, rows);
            if (keys.Max(key => counts.Wait(key.Key, key.MaxWait)) is var wait && wait > TimeSpan.Zero)
                throw new SignInBusyException(wait);
            if (!keys.TrueForAll(key => counts.Fits(key.Key)))
                throw new SignInBusyException(Busy);
            if (!keys.Exists(key => counts.MustCount(key.Key)))
                return;
            claims.AddRange(keys.Select(key => new GuessClaim(RowOf(key, rows), counts.RoomFor(key.Key))));
        }
        var counted = await shared.TryCountAsync(claims, cancel) ?? throw new SignInBusyException(Busy);
        lock (changing)
        {
            foreach (var key in keys)
            {
                attempt.Counted[key.Key] = (RowOf(key, rows), RowOf(key, counted).At);
                counts.End(key.Key);
            }
            Learn(keys, counted);
        }
    });

    // Writes nothing where nothing has failed.
    Task SettleAsync(SignInAttempt attempt, bool? isRight)
    {
        if (isRight == false)
        {
            var uncounted = attempt.Keys.FindAll(key => !attempt.Counted.ContainsKey(key.Key));
            return uncounted.Count == 0 ? Task.CompletedTask : InTurnAsync(() => FailAsync(attempt, uncounted));
        }
        var forgiven = isRight == true ? attempt.Keys.FindAll(key => key.IsAccount && HasFailed(key)) : [];
        var back = attempt.Keys.FindAll(key => attempt.Counted.ContainsKey(key.Key) && !forgiven.Contains(key));
        return forgiven.Count + back.Count == 0 ? Task.CompletedTask : InTurnAsync(() => TakeBackAsync(attempt, back, forgiven));
    }

    async Task FailAsync(SignInAttempt attempt, List<GuessKey> keys)
    {
        var rows = await shared.FailAsync(RowsOf(keys));
        lock (changing)
        {
            Learn(keys, rows);
            foreach (var key in keys)
            {
                counts.End(key.Key);
                attempt.Counted[key.Key] = default;
            }
        }
    }

    async Task TakeBackAsync(SignInAttempt attempt, List<GuessKey> back, List<GuessKey> forgiven)
    {
        await shared.SettleAsync([.. back.Select(key => attempt.Counted[key.Key])], RowsOf(forgiven));
        lock (changing)
        {
            forgiven.ForEach(key => counts.Learn(key.Key, 0, 0));
            foreach (var key in back)
                counts.Learn(key.Key, attempt.Counted[key.Key].Before.Failed, attempt.Counted[key.Key].Before.At);
        }
    }

    void Learn(List<GuessKey> keys, List<GuessRow> rows)
    {
        foreach (var key in keys)
            counts.Learn(key.Key, RowOf(key, rows).Failed, RowOf(key, rows).At);
    }

    static GuessRow RowOf(GuessKey key, List<GuessRow> rows) =>
        rows.Exists(row => row.Key == key.Row) ? rows.Find(row => row.Key == key.Row) : new GuessRow(key.Row, 0, 0);

    static string[] RowsOf(List<GuessKey> keys) => [.. keys.Select(key => key.Row).Order(StringComparer.Ordinal)];

    bool HasFailed(GuessKey key)
    {
        lock (changing)
            return counts.HasFailed(key.Key);
    }

    // Whatever an address sends that is wrong. It holds up no password, and nothing that is right.
    void CountWrong(ulong network) => counts.Fail(WrongKey(network));

    UInt128 WrongKey(ulong network) => Hash($"wrong\n{network}");

    SignInAttempt Describe(string name, SignInSource source)
    {
        var (account, network) = (Hash($"name\n{SignInSource.AccountOf(name)}"), ClientNetwork.Of(source.Address));
        var own = KeyOf(account, source, network);
        var attempt = new SignInAttempt(this, own?.Key ?? AddressKey(network), source, network) { IsKnown = own is not null };
        attempt.Accounts.Add(account);
        attempt.Keys.Add(own ?? new GuessKey(account, MaxWaitOfAccount, true));
        if (own is null)
            attempt.Keys.Add(new GuessKey(AddressKey(network), MaxWaitOfAddress, false));
        return attempt;
    }

    // The counter of the owner's own place; null for strangers.
    GuessKey? KeyOf(UInt128 account, SignInSource source, ulong network) =>
        source.Proof is { } proof ? new GuessKey(Hash($"proof\n{account}\n{proof}"), MaxWaitOfAccount, true)
        : known.Has(account, network) ? new GuessKey(Hash($"place\n{account}\n{network}"), MaxWaitOfAccount, true)
        : null;

    TimeSpan WaitOf(SignInAttempt attempt) => attempt.Keys.Max(key => counts.Wait(key.Key, key.MaxWait));

    bool HasRoom(SignInAttempt attempt) => attempt.Keys.TrueForAll(key => counts.HasRoom(key.Key));

    void Start(Lane lane, SignInAttempt attempt)
    {
        lanes[attempt.Lane] = lane;
        lane.Running++;
        attempt.Keys.ForEach(key => counts.Begin(key.Key));
    }

    // Lets those go on whose turn it is, and sends those away who would have to wait longer than for their turn.
    void Advance(Lane lane)
    {
        while (lane.Waiting.First is { } node)
        {
            var (attempt, turn) = (node.Value.Attempt, node.Value.Turn);
            var wait = WaitOf(attempt);
            if (wait == TimeSpan.Zero && lane.Running > 0 && (lane.Running >= AtOnceFromAddress || !HasRoom(attempt)))
                return;
            lane.Waiting.RemoveFirst();
            waiting--;
            if (wait > TimeSpan.Zero || !HasRoom(attempt))
            {
                turn.SetException(new SignInBusyException(wait > TimeSpan.Zero ? wait : Busy));
                continue;
            }
            Start(lane, attempt);
            turn.SetResult();
        }
    }

    async Task LeaveAsync(LinkedListNode<Waiter> node)
    {
        lock (changing)
        {
            if (node.List is { } list)
            {
                list.Remove(node);
                waiting--;
                return;
            }
        }
        if (node.Value.Turn.Task.IsCompletedSuccessfully)
            await node.Value.Attempt.DisposeAsync(); // its turn came as it left
    }

    UInt128 AddressKey(ulong network) => Hash($"address\n{network}");

    // The same on all servers.
    UInt128 Hash(string text) => UInt128.Parse(secret.Hash($"guess\n{text}").AsSpan(0, 32), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>The attempts of one address, or of an owner at one place.</summary>
    sealed class Lane
    {
        public int Running { get; set; }

        public LinkedList<Waiter> Waiting { get; } = new();
    }

    sealed record Waiter(SignInAttempt Attempt)
    {
        public TaskCompletionSource Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
