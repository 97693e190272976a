using Microsoft.AspNetCore.WebUtilities;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Files;
using Staithe.Oci;
using Staithe.Telemetry;

namespace Staithe.Api;

/// <summary>What a refusal or a failure looks like (RFC 9457). The status says which it is, so the type says no more than that.</summary>
internal sealed record Problem(string Type, string Title, int Status, string Detail);

/// <summary>
/// The one place where a refusal or a failure of the API becomes a response. A failure is logged here, once, under a trace id that the response
/// tells.
/// </summary>
internal sealed class ApiErrors(Db db, LogOutput log)
{
    /// <summary>The media type of problems.</summary>
    public const string ContentType = "application/problem+json";

    public async Task RunAsync(HttpContext http, Func<Task> handle)
    {
        try
        {
            await handle();
        }
        catch (Exception e)
        {
            if (http.RequestAborted.IsCancellationRequested)
                return;
            if (http.Response.HasStarted)
            {
                LogFailure(http, e);
                http.Abort(); // the client must see that what it got is not all
                return;
            }
            await RenderAsync(http, Translate(http, e));
        }
    }

    ApiException Translate(HttpContext http, Exception exception)
    {
        switch (exception)
        {
            case ApiException refusal:
                return refusal;
            case OciException refusal:
                return new ApiException(refusal.Error.Status, refusal.Message);
            case LookException refusal:
                return new ApiException(refusal.Status, refusal.Message) { Header = refusal.RetryAfter is { } seconds ? ("Retry-After", Text.Of(seconds)) : null };
            case AccountException refusal:
                return new ApiException(Status(refusal.Problem), refusal.Message);
            case SignInBusyException busy:
                return new ApiException(busy is SignInAwayException ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status429TooManyRequests, busy.Message) { Header = ("Retry-After", busy.RetryAfter) };
            case TooManyRequestsException many:
                return new ApiException(StatusCodes.Status429TooManyRequests, many.Message) { Header = ("Retry-After", many.RetryAfter) };
            case BadHttpRequestException bad:
                return new ApiException(bad.StatusCode, bad.Message);
        }
        LogFailure(http, exception);
        if (db.FindFault(exception) is { } fault)
            return new ApiException(StatusCodes.Status507InsufficientStorage, fault.Reason);
        return db.IsAway(exception)
            ? new ApiException(StatusCodes.Status503ServiceUnavailable, $"the registry's database does not answer: try again later; its log has the reason under {http.TraceIdentifier}")
            : new ApiException(StatusCodes.Status500InternalServerError, $"the registry failed; its log has the reason under {http.TraceIdentifier}");
    }

    static int Status(AccountProblem problem) => problem switch
    {
        AccountProblem.Taken => StatusCodes.Status409Conflict,
        AccountProblem.Unknown => StatusCodes.Status404NotFound,
        AccountProblem.Forbidden => StatusCodes.Status403Forbidden,
        _ => StatusCodes.Status400BadRequest,
    };

    // Never the query nor the body: they may hold what is secret.
    void LogFailure(HttpContext http, Exception exception) => log.Write(
        LogLevel.Error,
        "request failed",
        ("method", http.Request.Method),
        ("path", OciException.Quote(http.Request.Path)),
        ("trace", http.TraceIdentifier),
        ("exception", exception.ToString()));

    static Task RenderAsync(HttpContext http, ApiException refusal)
    {
        http.Response.StatusCode = refusal.Status;
        http.Response.Headers.Location = default;
        if (refusal.Header is var (name, value))
            http.Response.Headers[name] = value;
        if (refusal.Status is StatusCodes.Status413PayloadTooLarge or StatusCodes.Status408RequestTimeout)
            http.Response.Headers.Connection = "close"; // the rest of the body is not read
        return ApiJson.SendAsync(http, ContentType, new Problem("about:blank", ReasonPhrases.GetReasonPhrase(refusal.Status), refusal.Status, refusal.Message));
    }
}
