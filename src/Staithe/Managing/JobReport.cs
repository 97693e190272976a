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
internal sealed record JobState(
    long Changed,
    IReadOnlyList<(string State, long Count)> Images,
    ListPart<UnreadImageRow> Unread,
    IReadOnlyList<FailedWork> Failed,
    (long Count, long Due) Trash,
    (long Count, long Bytes) Uploads)
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
            await JobTable.CountChangedAsync(session),
            await JobTable.CountImagesAsync(session),
            await JobTable.ListUnreadAsync(session, asked),
            await FailedWorkTable.ListAsync(session, "", "", MaxFailed),
            await StorageTable.CountTrashAsync(session),
            await StorageTable.CountUploadsAsync(session));
    }

    /// <summary>A part of the images that could not be examined, or not yet.</summary>
    public static Task<ListPart<UnreadImageRow>> ListUnreadAsync(DbSession session, Identity who, ListRequest asked)
    {
        Asker.RequireAdmin(who);
        return JobTable.ListUnreadAsync(session, asked);
    }

    /// <summary>Has a unit of work that failed tried again at once.</summary>
    /// <exception cref="AccountException">No such unit has failed.</exception>
    public static async Task RetryAsync(DbSession session, Identity who, Actor actor, string kind, string unit)
    {
        Asker.RequireAdmin(who);
        if (!await FailedWorkTable.RetryAsync(session, kind, unit))
            throw new AccountException(AccountProblem.Unknown, "no such work has failed: it may have gone well meanwhile");
        if (kind == WorkKind.Trash)
            await TrashTable.PostponeAsync(session, unit, TimeSpan.Zero);
        await AuditTable.AddAsync(session, actor, new Deed("work.retry", $"{kind} {OciException.Quote(unit)}".TrimEnd(), null));
    }

    /// <summary>Has an image looked into again.</summary>
    /// <exception cref="AccountException">There is no such image, or it was looked into.</exception>
    public static async Task RetryAsync(DbSession session, Identity who, Actor actor, long manifestId)
    {
        Asker.RequireAdmin(who);
        if (await ImageTable.FindAsync(session, manifestId) is not { } row || !await JobTable.RetryAsync(session, manifestId))
            throw new AccountException(AccountProblem.Unknown, "there is no such image to look into again");
        await AuditTable.AddAsync(session, actor, new Deed("image.retry", OciException.Quote(row.Digest), null));
    }
}
