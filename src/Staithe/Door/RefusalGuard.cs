using System.Globalization;
using Staithe.Oci;
using Staithe.Telemetry;
using Staithe.Transport;

namespace Staithe.Door;

/// <summary>
/// Runs what answers a request. What that throws becomes a refusal (<see cref="RefusalTable"/>): its status and headers are set here, its fault is
/// logged here, once, under a trace id that the response tells; the face adds the body.
/// </summary>
internal sealed class RefusalGuard(RefusalTable table, LogOutput log)
{
    // They would tell of what was to be answered.
    static readonly string[] OfTheAnswer = ["ETag", "Last-Modified", "Accept-Ranges", "Cache-Control"];

    /// <param name="http">The request.</param>
    /// <param name="handle">Answers it.</param>
    /// <param name="render">Writes the body of a refusal, in the form of the face.</param>
    public async Task RunAsync(HttpContext http, Func<Task> handle, Func<HttpContext, Refusal, Task> render)
    {
        try
        {
            await handle();
        }
        catch (Exception e)
        {
            if (http.Response.HasStarted)
                Break(http, e);
            else if (!http.RequestAborted.IsCancellationRequested) // else nobody is there to be told
                await RefuseAsync(http, e, render);
        }
    }

    /// <summary>Answers with the bare status of what was thrown, where no face has answered.</summary>
    public void Fail(HttpContext http, Exception exception)
    {
        var refusal = Translate(http, exception);
        http.Response.Clear();
        SafeHeaders.Apply(http.Response.Headers);
        Describe(http.Response, refusal);
        http.Response.Headers.Connection = "close";
    }

    // The client must see that what it got is not all.
    void Break(HttpContext http, Exception exception)
    {
        if (exception is not OperationCanceledException && !http.RequestAborted.IsCancellationRequested)
            LogFault(http, exception);
        http.Abort();
    }

    Task RefuseAsync(HttpContext http, Exception exception, Func<HttpContext, Refusal, Task> render)
    {
        var refusal = Translate(http, exception);
        foreach (var name in OfTheAnswer)
            http.Response.Headers.Remove(name);
        Describe(http.Response, refusal);
        return render(http, refusal);
    }

    Refusal Translate(HttpContext http, Exception exception)
    {
        var refusal = table.Translate(exception, http.TraceIdentifier);
        if (refusal.IsFault)
            LogFault(http, exception);
        return refusal;
    }

    static void Describe(HttpResponse response, Refusal refusal)
    {
        response.StatusCode = refusal.Status;
        foreach (var (name, value) in refusal.Headers)
            response.Headers[name] = value;
        if (refusal.RetryAfter is { } wait)
            response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        if (refusal.Status is StatusCodes.Status408RequestTimeout or StatusCodes.Status413PayloadTooLarge)
            response.Headers.Connection = "close"; // the rest of the body is not read, so the client must not send more here
    }

    // Never the query nor the body: they may hold what is secret.
    void LogFault(HttpContext http, Exception exception) => log.Write(
        LogLevel.Error,
        "request failed",
        ("method", http.Request.Method),
        ("path", OciException.Quote(SecretPath.Hide(RequestPath.Of(http)))),
        ("trace", http.TraceIdentifier),
        ("exception", exception.ToString()));
}
