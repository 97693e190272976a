using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;
using Staithe.Jobs;
using Staithe.Oci;

namespace Staithe.Managing;

/// <summary>What waits to be done away from any request.</summary>
/// <param name="Changed">Repositories that the search does not know as they are now.</param>
/// <param name="Images">Images by whether they were looked into.</param>
/// <param name="Unread">Images that failed or were refused.</param>
/// <param name="Failed">Units of other work that failed.</param>
/// <param name="Trash">Keys whose bytes go soon, and of how many it is time.</param>
/// <param name="Uploads">Uploads under way.</param>
/// <param name="Queues">Each kind of work, in the order of <see cref="WorkKind.Queues"/>: how long its queue is, and what is to be said of the kind.</param>
internal sealed record JobState(
    long Changed,
    IReadOnlyList<(string State, long Count)> Images,
    ListPart<UnreadImageRow> Unread,
    IReadOnlyList<FailedWork> Failed,
    (long Count, long Due) Trash,
    (long Count, long Bytes) Uploads,
    IReadOnlyList<(JobQueue Queue, JobKindRow Kind)> Queues)
{
    /// <summary>How many images are in a state of <see cref="ImageState"/>.</summary>
    public long CountImages(string state) => Images.Where(image => image.State == state).Sum(image => image.Count);
}

/// <summary>The work in the background, for admins of the registry.</summary>
internal static class JobReport
{
    /// <summary>The most failed units that are told at once.</summary>
    public const int MaxFailed = 200;

    public static async Task<JobState> ReadAsync(DbSession session, Identity who, ListRequest asked)
    {
        Asker.RequireAdmin(who);
        return new JobState(
            await JobTable.CountAsync(session, WorkKind.Search),
            await UnreadImageTable.CountAsync(session),
            await UnreadImageTable.ListAsync(session, asked),
            await JobTable.ListFailedAsync(session, "", "", MaxFailed),
            await StorageTable.CountTrashAsync(session),
            await StorageTable.CountUploadsAsync(session),
            await ListQueuesAsync(session));
    }

    static async Task<IReadOnlyList<(JobQueue Queue, JobKindRow Kind)>> ListQueuesAsync(DbSession session)
    {
        var queues = (await JobTable.ListQueuesAsync(session)).ToDictionary(one => one.Kind);
        var kinds = (await JobKindTable.ListAsync(session)).ToDictionary(one => one.Kind);
        return [.. WorkKind.Queues.Select(kind => (
            queues.GetValueOrDefault(kind) ?? new JobQueue(kind, 0, 0, 0, null),
            kinds.GetValueOrDefault(kind) ?? new JobKindRow(kind, null, null, null, null)))];
    }

    /// <summary>A part of the images that could not be examined, or not yet.</summary>
    public static Task<ListPart<UnreadImageRow>> ListUnreadAsync(DbSession session, Identity who, ListRequest asked)
    {
        Asker.RequireAdmin(who);
        return UnreadImageTable.ListAsync(session, asked);
    }

    /// <summary>Has a unit of work that failed tried again at once.</summary>
    /// <exception cref="AccountException">No such unit has failed.</exception>
    public static async Task RetryAsync(DbSession session, Identity who, Actor actor, string kind, string unit)
    {
        Asker.RequireAdmin(who);
        if (!await JobTable.RetryAsync(session, kind, unit))
            throw new AccountException(AccountProblem.Unknown, "no such work has failed: it may have gone well meanwhile");
        if (kind == WorkKind.Trash)
            await TrashTable.PostponeAsync(session, unit, TimeSpan.Zero);
        await AuditTable.AddAsync(session, actor, new Deed("work.retry", $"{kind} {OciException.Quote(unit)}".TrimEnd(), null));
    }

    /// <summary>Takes a unit of work away that is not to be done; who is at it stops.</summary>
    /// <exception cref="AccountException">There is no such unit.</exception>
    public static async Task CancelAsync(DbSession session, Identity who, Actor actor, string kind, string unit)
    {
        Asker.RequireAdmin(who);
        if (!WorkKind.Queues.Contains(kind) || !await JobTable.CancelAsync(session, kind, unit))
            throw new AccountException(AccountProblem.Unknown, "there is no such work to cancel: it may have been done meanwhile");
        if (kind == WorkKind.Images)
            await ImageTable.FinishAsync(session, ImageTable.IdOf(unit), ImageState.Refused, $"{actor.Name} has cancelled it");
        await AuditTable.AddAsync(session, actor, new Deed("work.cancel", $"{kind} {OciException.Quote(unit)}".TrimEnd(), null));
    }

    /// <summary>Lets nobody take units of a kind of work any more.</summary>
    /// <exception cref="AccountException">There is no such kind.</exception>
    public static async Task PauseAsync(DbSession session, Identity who, Actor actor, string kind)
    {
        Asker.RequireAdmin(who);
        RequireKind(kind);
        await JobKindTable.PauseAsync(session, kind);
        await AuditTable.AddAsync(session, actor, new Deed("work.pause", kind, null));
    }

    /// <summary>Goes on with a kind of work.</summary>
    /// <exception cref="AccountException">There is no such kind, or it is not paused.</exception>
    public static async Task ResumeAsync(DbSession session, Identity who, Actor actor, string kind)
    {
        Asker.RequireAdmin(who);
        RequireKind(kind);
        if (!await JobKindTable.ResumeAsync(session, kind))
            throw new AccountException(AccountProblem.Invalid, $"the work \"{kind}\" is not paused");
        await AuditTable.AddAsync(session, actor, new Deed("work.resume", kind, null));
    }

    static void RequireKind(string kind)
    {
        if (!WorkKind.Queues.Contains(kind))
            throw new AccountException(AccountProblem.Unknown, $"there is no work \"{OciException.Quote(kind)}\": it is one of {string.Join(", ", WorkKind.Queues)}");
    }

    /// <summary>Has an image looked into again.</summary>
    /// <exception cref="AccountException">There is no such image, or it was looked into.</exception>
    public static async Task RetryAsync(DbSession session, Identity who, Actor actor, long manifestId)
    {
        Asker.RequireAdmin(who);
        if (await ImageTable.FindAsync(session, manifestId) is not { } row || !await UnreadImageTable.RetryAsync(session, row))
            throw new AccountException(AccountProblem.Unknown, "there is no such image to look into again");
        await AuditTable.AddAsync(session, actor, new Deed("image.retry", OciException.Quote(row.Digest), null));
    }
}
