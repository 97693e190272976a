using Microsoft.AspNetCore.WebUtilities;
using Staithe.Door;

namespace Staithe.Api;

/// <summary>What a refusal or a failure looks like (RFC 9457). The status says which it is, so the type says no more than that.</summary>
internal sealed record Problem(string Type, string Title, int Status, string Detail);

/// <summary>Renders refusals as problems.</summary>
internal sealed class ApiErrors(RefusalGuard guard)
{
    /// <summary>The media type of problems.</summary>
    public const string ContentType = "application/problem+json";

    public Task RunAsync(HttpContext http, Func<Task> handle) => guard.RunAsync(http, handle, RenderAsync);

    static Task RenderAsync(HttpContext http, Refusal refusal)
    {
        http.Response.Headers.Location = default;
        http.Response.Headers.CacheControl = "no-store";
        return ApiJson.SendAsync(http, ContentType, new Problem("about:blank", ReasonPhrases.GetReasonPhrase(refusal.Status), refusal.Status, refusal.Message));
    }
}
