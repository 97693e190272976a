using Staithe.Content;
using Staithe.Database;
using Staithe.Markup;
using Staithe.Telemetry;

namespace Staithe.Managing;

/// <summary>
/// Renders the pages of text of all repositories once more when the rules by which they are rendered have changed, then rests for good. Until then, and for
/// a text that cannot be rendered within the limits, the pages show what was written. Pages themselves never render.
/// </summary>
internal sealed class ReadmeRenewal(Db db, LogOutput log, TimeProvider clock) : BackgroundService
{
    const int BatchRows = 50;
    static readonly TimeSpan Pause = TimeSpan.FromMinutes(1);

    /// <summary>One round: everything that was rendered by older rules.</summary>
    /// <returns>How many texts that were.</returns>
    public async Task<int> RunOnceAsync(CancellationToken cancel)
    {
        var total = 0;
        while (true)
        {
            var rows = await db.ReadAsync(session => RepositoryPageTable.ListStaleReadmesAsync(session, MarkdownText.Version, BatchRows), cancel);
            foreach (var row in rows)
            {
                var html = Render(row.Text);
                await db.WriteAsync(session => RepositoryPageTable.KeepHtmlAsync(session, row, html, MarkdownText.Version), cancel);
            }
            total += rows.Count;
            if (rows.Count < BatchRows)
                return total;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield(); // the server need not wait for it
        while (true)
        {
            try
            {
                var total = await RunOnceAsync(stoppingToken);
                if (total > 0)
                    log.Write(LogLevel.Information, "readmes rendered", ("count", total));
                return;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                log.Write(LogLevel.Error, "readmes could not be rendered; it will be tried again", ("exception", e.ToString()));
            }
            await Task.Delay(Pause, clock, stoppingToken);
        }
    }

    static string? Render(string text)
    {
        try
        {
            return MarkdownText.Render(text);
        }
        catch (MarkdownException)
        {
            return null;
        }
    }
}
