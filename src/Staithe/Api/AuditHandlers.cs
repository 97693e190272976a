using System.Text.Json;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;

namespace Staithe.Api;

/// <summary>
/// Who did what, newest first: a page as JSON, or as JSON lines all there is, which is read and sent a page at a time.
/// </summary>
internal static class AuditHandlers
{
    /// <summary>The media type of JSON lines.</summary>
    public const string Lines = "application/jsonl";

    public static async Task<Page<AuditEntry>> OfSpaceAsync(ApiCall call)
    {
        var space = await call.ReadAsync(session => SpaceAccess.RequireAsync(session, call.Who, call.Path["space"], Rights.Manage));
        return await AnswerAsync(call, space.Name);
    }

    public static Task<Page<AuditEntry>> OfRegistryAsync(ApiCall call)
    {
        call.RequireAdmin();
        return AnswerAsync(call, null);
    }

    static async Task<Page<AuditEntry>> AnswerAsync(ApiCall call, string? space)
    {
        var before = call.AfterNumber(long.MaxValue);
        if (!WantsLines(call.Http.Request))
            return await call.PageAsync((session, limit) => AuditTable.ListAsync(session, space, before, limit), AuditEntry.Of, line => Text.Of(line.Id));
        await SendLinesAsync(call, space, before, call.AskedLimit ?? int.MaxValue);
        return new Page<AuditEntry>([], null); // the answer has been sent
    }

    static async Task SendLinesAsync(ApiCall call, string? space, long before, int left)
    {
        call.Http.Response.ContentType = Lines;
        await call.Http.Response.StartAsync(call.Cancel);
        if (HttpMethods.IsHead(call.Http.Request.Method))
            return;
        using var text = new MemoryStream();
        while (left > 0)
        {
            var lines = await call.ReadAsync(session => AuditTable.ListAsync(session, space, before, Math.Min(left, ApiCall.MaxLimit)));
            if (lines.Count == 0)
                return;
            text.SetLength(0);
            foreach (var line in lines)
            {
                await JsonSerializer.SerializeAsync(text, AuditEntry.Of(line), ApiJson.Options, call.Cancel);
                text.WriteByte((byte)'\n');
            }
            await call.Http.Response.Body.WriteAsync(text.GetBuffer().AsMemory(0, (int)text.Length), call.Cancel);
            (before, left) = (lines[^1].Id, left - lines.Count);
        }
    }

    static bool WantsLines(HttpRequest request) =>
        request.GetTypedHeaders().Accept.Any(type => type.MediaType.Equals(Lines, StringComparison.OrdinalIgnoreCase) && type.Quality is not 0);
}
