namespace Staithe.Access;

/// <summary>
/// Computes hashes of passwords, a few at a time, so that others are served too. Owners at a known place go before strangers, and
/// each of the two has a line of its own: strangers without number never fill that of the owners. A hash that has begun is computed
/// to its end.
/// </summary>
internal sealed class HashQueue(int atOnce)
{
    const int MaxWaiting = 64;
    static readonly TimeSpan Busy = TimeSpan.FromSeconds(2);

    readonly Lock changing = new();
    readonly LinkedList<TaskCompletionSource> owners = new();
    readonly LinkedList<TaskCompletionSource> strangers = new();
    int running;

    /// <exception cref="SignInBusyException">Too many wait.</exception>
    public async Task<T> RunAsync<T>(Func<T> hash, bool isKnown, CancellationToken cancel)
    {
        await EnterAsync(isKnown ? owners : strangers, cancel);
        try
        {
            return await Task.Run(hash, CancellationToken.None);
        }
        finally
        {
            Leave();
        }
    }

    async Task EnterAsync(LinkedList<TaskCompletionSource> line, CancellationToken cancel)
    {
        LinkedListNode<TaskCompletionSource> node;
        lock (changing)
        {
            if (running < atOnce)
            {
                running++;
                return;
            }
            if (line.Count >= MaxWaiting)
                throw new SignInBusyException(Busy);
            node = line.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        try
        {
            await node.Value.Task.WaitAsync(cancel);
        }
        catch (OperationCanceledException)
        {
            lock (changing)
            {
                if (node.List is not null)
                {
                    line.Remove(node);
                    throw;
                }
            }
            Leave(); // its turn came as it left
            throw;
        }
    }

    void Leave()
    {
        lock (changing)
        {
            if ((owners.First ?? strangers.First) is not { } next)
            {
                running--;
                return;
            }
            next.List!.Remove(next);
            next.Value.SetResult();
        }
    }
}
