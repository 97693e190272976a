using Staithe.Content;
using Staithe.Database;
using Staithe.Managing;

namespace Staithe.Web;

/// <summary>What waits to be done, and what failed.</summary>
internal sealed class JobSettings(Db db) : SettingsView("jobs", "Jobs")
{
    public override IReadOnlyList<SettingsForm> Forms =>
    [
        new("work.retry", RetryWorkAsync),
        new("image.retry", RetryAsync),
    ];

    public override async Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo)
    {
        var asked = visit.Asked([]);
        var state = await db.ReadAsync(session => Visit.ListAsync(asked, part => JobReport.ReadAsync(session, visit.Who, part)), visit.Cancel);
        await SendAsync<JobsPage, JobsView>(visit, nav, new JobsView(
            state.Changed,
            state.CountImages(ImageState.Waiting),
            state.CountImages(ImageState.Done),
            state.CountImages(ImageState.Refused),
            [.. state.Unread.Items.Select(row => new UnreadImage(row.ManifestId, row.Repository, row.Digest, row.State == ImageState.Refused, row.Reason, row.Attempts, Shown.Then(row.State == ImageState.Refused ? row.ChangedAt : row.NotBefore)))],
            ListView.Of(visit, asked, [], state.Unread.Next),
            state.Trash.Count,
            state.Trash.Due,
            state.Uploads.Count)
        {
            Failed = [.. state.Failed.Select(one => new FailedUnit(one.Kind, one.Unit, one.Label, one.Cause, one.Attempts, Shown.Then(one.FailedAt), Shown.Then(one.NotBefore)))],
        }, echo);
    }

    async Task RetryWorkAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var (kind, unit) = (visit.Field("kind"), visit.Field("unit"));
        await db.WriteAsync(session => JobReport.RetryAsync(session, visit.Who, visit.Actor, kind, unit), visit.Cancel);
        await visit.DoneAsync(place.At(Name));
    }

    async Task RetryAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var id = Id(visit.Field("id"));
        await db.WriteAsync(session => JobReport.RetryAsync(session, visit.Who, visit.Actor, id), visit.Cancel);
        await visit.DoneAsync(place.At(Name));
    }
}

/// <summary>What waits to be done.</summary>
/// <param name="Changed">Repositories that the search does not know as they are now.</param>
public sealed record JobsView(long Changed, long Waiting, long Done, long Refused, IReadOnlyList<UnreadImage> Unread, ListView List, long Trash, long TrashDue, long Uploads)
{
    /// <summary>Units of work that failed and have not gone well since.</summary>
    public IReadOnlyList<FailedUnit> Failed { get; init; } = [];
}

/// <summary>A unit of work that failed.</summary>
/// <param name="Unit">As the worker names it.</param>
/// <param name="Label">The same for people.</param>
/// <param name="NextAt">When it is tried again.</param>
public sealed record FailedUnit(string Kind, string Unit, string Label, string Cause, long Attempts, DateTimeOffset FailedAt, DateTimeOffset NextAt);

/// <summary>An image that could not be looked into, or not yet.</summary>
/// <param name="At">When it was refused, or when it is tried again.</param>
public sealed record UnreadImage(long Id, string Repository, string Digest, bool IsRefused, string? Reason, long Attempts, DateTimeOffset At);
