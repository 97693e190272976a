using System.Globalization;
using Staithe.Database;
using Staithe.Oci;

namespace Staithe.Content;

/// <summary>
/// How many uploads may be open at a time: of one account (without one, of an address), to one space, and altogether. Rows are counted in
/// the transaction that adds one, so however many begin at once, there are never more.
/// </summary>
/// <param name="PerAccount">The most of one account or address.</param>
/// <param name="PerSpace">The most to the repositories of one space.</param>
/// <param name="All">The most on the server.</param>
internal sealed record UploadLimits(int PerAccount, int PerSpace, int All)
{
    // Where there is more than one writer, those far from a limit begin side by side. No more are under way at once than a pool has connections.
    const int Together = 128;

    /// <summary>Adds the row of an upload; false when it is so near to a limit that it has to be added with nobody else beside it.</summary>
    /// <param name="session">The transaction.</param>
    /// <param name="name">The repository.</param>
    /// <param name="upload">The upload.</param>
    /// <param name="alone">Whether all others that begin wait for this one.</param>
    /// <exception cref="OciException">TOOMANYREQUESTS.</exception>
    public async Task<bool> TryAddAsync(
        DbSession session,
        RepositoryName name,
        NewUpload upload,
        bool alone)
    {
        await UploadTable.LockStartsAsync(session, alone);
        var open = await UploadTable.CountOpenAsync(session, upload.Owner.Key, name.Space);
        var more = alone ? 1 : Together;
        var reached = open.OfOwner + more > PerAccount ? (Of: upload.Owner.Name, Most: PerAccount, Setting: "openUploadsPerAccount")
            : open.OfSpace + more > PerSpace ? ($"the space {name.Space}", PerSpace, "openUploadsPerSpace")
            : open.All + more > All ? ("the registry", All, "openUploads")
            : default((string Of, int Most, string Setting)?);
        if (reached is not var (of, most, setting))
        {
            await UploadTable.CreateAsync(session, name, upload);
            return true;
        }
        if (!alone)
            return false;
        throw new OciException(
            OciError.TooManyRequests,
            $"{of} has {Text(most)} open uploads, and may not have more ({setting}): finish some, or cancel them with DELETE; one that nobody goes on with ends by itself after {Text((int)upload.Expiry.TotalHours)} hours")
        {
            Headers = new Dictionary<string, string> { ["Retry-After"] = "60" },
        };
    }

    static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Whose an upload is.</summary>
/// <param name="Key">Tells owners apart, in rows.</param>
/// <param name="Name">For a message.</param>
internal sealed record UploadOwner(string Key, string Name);
