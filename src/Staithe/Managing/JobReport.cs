using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Managing;

/// <summary>What waits to be done away from any request.</summary>
/// <param name="Changed">Repositories that the search does not know as they are now.</param>
/// <param name="Images">Images by whether they were looked into.</param>
/// <param name="Unread">Those that failed or were refused.</param>
/// <param name="Trash">Keys whose bytes go soon, and of how many it is time.</param>
/// <param name="Uploads">Uploads under way.</param>
internal sealed record JobState(long Changed, IReadOnlyList<(string State, long Count)> Images, IReadOnlyList<UnreadImageRow> Unread, (long Count, long Due) Trash, (long Count, long Bytes) Uploads);

/// <summary>The work in the background, for admins of the registry.</summary>
internal static class JobReport
{
    public static async Task<JobState> ReadAsync(DbSession session, Identity who, long after, int limit)
    {
        Asker.RequireAdmin(who);
        return new JobState(
            await JobTable.CountChangedAsync(session),
            await JobTable.CountImagesAsync(session),
            await JobTable.ListUnreadAsync(session, after, limit),
            await StorageTable.CountTrashAsync(session),
            await StorageTable.CountUploadsAsync(session));
    }

    /// <summary>A page of images that could not be examined, or not yet, behind the one with the number <paramref name="after"/>.</summary>
    public static Task<List<UnreadImageRow>> ListUnreadAsync(DbSession session, Identity who, long after, int limit)
    {
        Asker.RequireAdmin(who);
        return JobTable.ListUnreadAsync(session, after, limit);
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
