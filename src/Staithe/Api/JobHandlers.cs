using Staithe.Content;
using Staithe.Managing;

namespace Staithe.Api;

/// <summary>Background work, for admins of the registry: what waits, what failed and why.</summary>
internal static class JobHandlers
{
    const int MaxImages = 200;

    public static async Task<JobsAnswer> GetAsync(ApiCall call)
    {
        var state = await call.ReadAsync(session => JobReport.ReadAsync(session, call.Who, 0, MaxImages));
        return new JobsAnswer(
            state.Changed,
            state.CountImages(ImageState.Waiting),
            state.CountImages(ImageState.Done),
            state.CountImages(ImageState.Refused),
            state.Trash.Count,
            state.Uploads.Count,
            [.. state.Failed.Select(one => new FailedJob(one.Kind, one.Unit, one.Label, one.Cause, one.Attempts, Time.Of(one.FailedAt), Time.Of(one.NotBefore)))],
            [.. state.Unread.Select(row => new UnreadImageEntry(row.ManifestId, row.Repository, row.Digest, row.State, row.Reason, row.Attempts, row.State == ImageState.Refused ? null : Time.Of(row.NotBefore)))]);
    }

    public static Task RetryAsync(ApiCall call)
    {
        var (kind, unit) = (call.RequiredQuery("kind"), call.Query("unit") ?? "");
        return call.Db.WriteAsync(session => JobReport.RetryAsync(session, call.Who, call.Actor, kind, unit), call.Cancel);
    }

    public static Task RetryImageAsync(ApiCall call) =>
        call.Db.WriteAsync(session => JobReport.RetryAsync(session, call.Who, call.Actor, call.Number("id")), call.Cancel);
}
