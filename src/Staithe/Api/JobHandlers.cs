using Staithe.Content;
using Staithe.Database;
using Staithe.Managing;

namespace Staithe.Api;

/// <summary>Background work, for admins of the registry: what waits, what failed and why.</summary>
internal static class JobHandlers
{
    public static async Task<JobsAnswer> GetAsync(ApiCall call)
    {
        var state = await call.ReadAsync(session => JobReport.ReadAsync(session, call.Who, new ListRequest(Limit: 1)));
        return new JobsAnswer(
            state.Changed,
            state.CountImages(ImageState.Waiting),
            state.CountImages(ImageState.Done),
            state.CountImages(ImageState.Refused),
            state.Trash.Count,
            state.Uploads.Count,
            [.. state.Failed.Select(one => new FailedJob(one.Kind, one.Unit, one.Label, one.Cause, one.Attempts, Time.Of(one.FailedAt), Time.Of(one.NotBefore)))])
        {
            Queues = [.. state.Queues.Select(one => JobQueueState.Of(one.Queue, one.Kind))],
        };
    }

    public static Task RetryAsync(ApiCall call)
    {
        var (kind, unit) = (call.RequiredQuery("kind"), call.Query("unit") ?? "");
        return call.Db.WriteAsync(session => JobReport.RetryAsync(session, call.Who, call.Actor, kind, unit), call.Cancel);
    }

    public static Task CancelAsync(ApiCall call)
    {
        var (kind, unit) = (call.RequiredQuery("kind"), call.Query("unit") ?? "");
        return call.Db.WriteAsync(SpaceUse.Frees, session => JobReport.CancelAsync(session, call.Who, call.Actor, kind, unit), call.Cancel);
    }

    public static Task PauseAsync(ApiCall call)
    {
        var kind = call.RequiredQuery("kind");
        return call.Db.WriteAsync(session => JobReport.PauseAsync(session, call.Who, call.Actor, kind), call.Cancel);
    }

    public static Task ResumeAsync(ApiCall call)
    {
        var kind = call.RequiredQuery("kind");
        return call.Db.WriteAsync(session => JobReport.ResumeAsync(session, call.Who, call.Actor, kind), call.Cancel);
    }

    public static Task<Page<UnreadImage>> ListAsync(ApiCall call) => call.ListAsync((session, asked) => JobReport.ListUnreadAsync(session, call.Who, asked), UnreadImage.Of);

    public static Task RetryImageAsync(ApiCall call) =>
        call.Db.WriteAsync(session => JobReport.RetryAsync(session, call.Who, call.Actor, call.Number("id")), call.Cancel);
}
