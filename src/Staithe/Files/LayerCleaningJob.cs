using Staithe.Database;
using Staithe.Jobs;

namespace Staithe.Files;

/// <summary>Removes what belongs to layers that are no more.</summary>
internal sealed class LayerCleaningJob(Db db, LayerFiles files) : IJob
{
    public string Kind => WorkKind.Layers;

    public JobRules Rules { get; } = new() { Schedule = "17 * * * *", IsTold = false };

    public async Task RunAsync(JobRun run, CancellationToken cancel)
    {
        if (await files.CleanAsync(db, cancel) is > 0 and var count)
            run.Facts.Add(("files", count));
    }
}
