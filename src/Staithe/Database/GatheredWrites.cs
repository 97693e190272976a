namespace Staithe.Database;

/// <summary>
/// What is gathered in memory, so that no request writes it, and written together every few seconds, and once more at a stop. What cannot be
/// written then is lost: it is for people to look at.
/// </summary>
/// <param name="db">Where it is written.</param>
/// <param name="interval">How often.</param>
/// <param name="failed">Is told why it could not be written; without, a database that is away or full is no news.</param>
internal abstract class GatheredWrites(Db db, TimeSpan interval, Action<Exception>? failed = null) : BackgroundService
{
    protected Db Db { get; } = db;

    /// <summary>Writes what was gathered.</summary>
    public abstract Task FlushAsync(CancellationToken cancel);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
                await TryFlushAsync();
        }
        catch (OperationCanceledException)
        {
            await TryFlushAsync(); // the last ones before a stop
        }
    }

    async Task TryFlushAsync()
    {
        try
        {
            await FlushAsync(CancellationToken.None);
        }
        catch (Exception e) when (failed is not null || Db.IsAway(e) || Db.IsFull(e))
        {
            failed?.Invoke(e);
        }
    }
}
