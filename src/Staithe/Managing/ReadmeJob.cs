using Staithe.Content;
using Staithe.Database;
using Staithe.Jobs;
using Staithe.Markup;

namespace Staithe.Managing;

/// <summary>
/// Renders the pages of text of all repositories once more when the rules by which they are rendered have changed: at the start of a server. Until then, and for
/// a text that cannot be rendered within the limits, the pages show what was written. Pages themselves never render.
/// </summary>
internal sealed class ReadmeJob(Db db) : IJob
{
    const int BatchRows = 50;

    public string Kind => WorkKind.Readmes;

    public JobRules Rules { get; } = new() { AtStart = true, IsTold = false };

    public async Task RunAsync(JobRun run, CancellationToken cancel)
    {
        var (total, count) = (0, BatchRows);
        while (count == BatchRows)
        {
            var rows = await db.ReadAsync(session => RepositoryPageTable.ListStaleReadmesAsync(session, MarkdownText.Version, BatchRows), cancel);
            foreach (var row in rows)
            {
                var html = Render(row.Text);
                await db.WriteAsync(session => RepositoryPageTable.KeepHtmlAsync(session, row, html, MarkdownText.Version), cancel);
            }
            count = rows.Count;
            total += count;
        }
        if (total > 0)
            run.Facts.Add(("readmes", total));
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
