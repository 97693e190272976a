using Staithe.Audit;
using Staithe.Managing;

namespace Staithe.Api;

/// <summary>
/// Who did what, newest first: a page as JSON, or as JSON lines all there is, which is read and sent a page at a time.
/// </summary>
internal static class AuditHandlers
{
    /// <summary>What narrows a list down.</summary>
    public static QueryParameter[] Filters { get; } =
    [
        new("actor", "Only what this one did: a user, or a robot as space+name."),
        new("action", "Only this deed, such as tag.move, or with its first word alone all of a kind, such as tag."),
        new("outcome", "Only what was done, or was refused."),
        new("q", "Only with this in what it was done to or in the detail, in whatever case."),
    ];

    public static Task<Page<AuditEntry>> OfSpaceAsync(ApiCall call) => AnswerAsync(call, call.Path["space"]);

    public static Task<Page<AuditEntry>> OfRegistryAsync(ApiCall call) => AnswerAsync(call, null);

    static async Task<Page<AuditEntry>> AnswerAsync(ApiCall call, string? space)
    {
        var asked = new AuditFilter(space, call.Query("actor"), call.Query("action"), call.Query("outcome"), call.Asked.Text is { Length: > 0 } text ? text : null);
        var filter = await call.ReadAsync(session => AuditReport.AdmitAsync(session, call.Who, asked));
        var before = call.AfterNumber(long.MaxValue);
        if (!WantsLines(call.Http.Request))
            return await call.PageAsync((session, limit) => AuditTable.ListAsync(session, filter, before, limit), AuditEntry.Of, line => Text.Of(line.Id));
        var most = call.AskedLimit ?? int.MaxValue;
        call.Http.Response.ContentType = AuditReport.Lines;
        await call.Http.Response.StartAsync(call.Cancel);
        if (!HttpMethods.IsHead(call.Http.Request.Method))
            await AuditReport.WriteAsync(call.Http.Response.Body, call.Db, filter, before, most, call.Cancel);
        return new Page<AuditEntry>([], null); // the answer has been sent
    }

    static bool WantsLines(HttpRequest request) =>
        request.GetTypedHeaders().Accept.Any(type => type.MediaType.Equals(AuditReport.Lines, StringComparison.OrdinalIgnoreCase) && type.Quality is not 0);
}
