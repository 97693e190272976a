using Staithe.Access;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;
using Staithe.Jobs;
using Staithe.Managing;

namespace Staithe.Web;

/// <summary>What waits to be done, and what failed.</summary>
internal sealed class JobSettings(Db db) : SettingsView("jobs", "Jobs")
{
    public override IReadOnlyList<SettingsForm> Forms =>
    [
        new("work.retry", (visit, place, _) => WorkAsync(visit, place, JobReport.RetryAsync)),
        new("work.cancel", (visit, place, _) => WorkAsync(visit, place, JobReport.CancelAsync)),
        new("work.pause", (visit, place, _) => WorkAsync(visit, place, (session, who, actor, kind, _) => JobReport.PauseAsync(session, who, actor, kind))),
        new("work.resume", (visit, place, _) => WorkAsync(visit, place, (session, who, actor, kind, _) => JobReport.ResumeAsync(session, who, actor, kind))),
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
            Failed = [.. state.Failed.Select(one => new FailedUnit(one.Kind, one.Unit, one.Label, one.Cause, one.Attempts, Shown.Then(one.FailedAt), Shown.Then(one.NotBefore), WorkKind.Queues.Contains(one.Kind)))],
            Queues = [.. state.Queues.Select(one => new QueueLine(
                one.Queue.Kind,
                one.Queue.Waiting,
                one.Queue.Running,
                one.Queue.Failed,
                Then(one.Queue.OldestAt),
                Then(one.Kind.PausedAt),
                one.Kind.Schedule,
                Then(one.Kind.LastAt),
                Then(one.Kind.NextAt)))],
        }, echo);

        static DateTimeOffset? Then(long? at) => at is { } time ? Shown.Then(time) : null;
    }

    async Task WorkAsync(Visit visit, SettingsPlace place, Func<DbSession, Identity, Actor, string, string, Task> deed)
    {
        var (kind, unit) = (visit.Field("kind"), visit.Field("unit"));
        await db.WriteAsync(SpaceUse.Frees, session => deed(session, visit.Who, visit.Actor, kind, unit), visit.Cancel);
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

    /// <summary>Each kind of work.</summary>
    public IReadOnlyList<QueueLine> Queues { get; init; } = [];
}

/// <summary>A unit of work that failed.</summary>
/// <param name="Unit">As the worker names it.</param>
/// <param name="Label">The same for people.</param>
/// <param name="NextAt">When it is tried again.</param>
/// <param name="IsQueued">Whether it is a row that can be taken away.</param>
public sealed record FailedUnit(
    string Kind, string Unit, string Label, string Cause, long Attempts, DateTimeOffset FailedAt, DateTimeOffset NextAt, bool IsQueued);

/// <summary>A kind of work.</summary>
/// <param name="Schedule">When it is done by itself, as a line of cron.</param>
public sealed record QueueLine(
    string Kind,
    long Waiting,
    long Running,
    long Failed,
    DateTimeOffset? OldestAt,
    DateTimeOffset? PausedAt,
    string? Schedule,
    DateTimeOffset? LastAt,
    DateTimeOffset? NextAt);

/// <summary>An image that could not be looked into, or not yet.</summary>
/// <param name="At">When it was refused, or when it is tried again.</param>
public sealed record UnreadImage(long Id, string Repository, string Digest, bool IsRefused, string? Reason, long Attempts, DateTimeOffset At);
