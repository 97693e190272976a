using Staithe.Managing;

namespace Staithe.Api;

/// <summary>The work in the background, for admins of the registry.</summary>
internal static class JobHandlers
{
    public static Task<Page<UnreadImage>> ListAsync(ApiCall call)
    {
        var after = call.AfterNumber(0);
        return call.PageAsync(
            (session, limit) => JobReport.ListUnreadAsync(session, call.Who, after, limit),
            UnreadImage.Of,
            row => Text.Of(row.ManifestId));
    }

    public static Task RetryAsync(ApiCall call) =>
        call.Db.WriteAsync(session => JobReport.RetryAsync(session, call.Who, call.Actor, call.Number("id")), call.Cancel);
}
