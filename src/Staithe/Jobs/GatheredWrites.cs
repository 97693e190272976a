namespace Staithe.Jobs;

/// <summary>
/// What is gathered in memory, so that no request writes it, and written together every few seconds, and once more at a stop. A crash loses the last
/// of it: it is for people to look at.
/// </summary>
/// <param name="runner">Records why it could not be written.</param>
/// <param name="kind">One of <see cref="WorkKind"/>.</param>
/// <param name="interval">How often it is written.</param>
internal abstract class GatheredWrites(UnitRunner runner, string kind, TimeSpan interval) : BackgroundService
{
    static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    /// <summary>Writes what was gathered.</summary>
    public abstract Task FlushAsync(CancellationToken cancel);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await Task.Delay(interval, stoppingToken);
            await runner.LoopAsync(
                kind,
                async _ =>
                {
                    await FlushAsync(CancellationToken.None);
                    return interval;
                },
                LongestWait,
                TimeProvider.System,
                stoppingToken);
        }
        catch (OperationCanceledException)
        {
            // it stops
        }
        try
        {
            await FlushAsync(CancellationToken.None); // the last ones
        }
        catch (Exception e)
        {
            await runner.TryFailAsync(kind, e, CancellationToken.None);
        }
    }
}
