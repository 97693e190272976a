using Staithe.Access;
using Staithe.Database;
using Staithe.Oci;
using Staithe.Telemetry;
using Staithe.Transport;

namespace Staithe.Distribution;

/// <summary>
/// The one place where a refusal or a failure becomes a response: the JSON of the distribution-spec ("Error Codes"). A failure is logged
/// here, once, under a trace id that the response tells.
/// </summary>
internal sealed class ErrorRendering(Db db, LogOutput log)
{
    public async Task RunAsync(HttpContext http, Func<Task> handle)
    {
        try
        {
            await handle();
        }
        catch (Exception e)
        {
            if (http.Response.HasStarted)
            {
                if (e is not OperationCanceledException && !http.RequestAborted.IsCancellationRequested)
                    LogFailure(http, e);
                http.Abort(); // the client must see that what it got is not all
            }
            else if (!http.RequestAborted.IsCancellationRequested)
            {
                await RenderAsync(http, Translate(http, e));
            }
        }
    }

    OciException Translate(HttpContext http, Exception exception)
    {
        switch (exception)
        {
            case OciException refusal:
                return refusal;
            case TooManyRequestsException many:
                return new OciException(OciError.TooManyRequests, many.Message) { Headers = new Dictionary<string, string> { ["Retry-After"] = many.RetryAfter } };
            case BadHttpRequestException { StatusCode: StatusCodes.Status408RequestTimeout }:
                return new OciException(OciError.RequestTimeout, "the body came too slowly");
            case BadHttpRequestException bad:
                return new OciException(OciError.RequestInvalid, bad.Message);
            case OperationCanceledException:
                return new OciException(OciError.RequestTimeout, "another request cancelled this upload, or took it over because this one had stopped sending");
        }
        LogFailure(http, exception);
        if (db.FindFault(exception) is { } fault)
            return new OciException(OciError.StorageFull, fault.Reason);
        return db.IsAway(exception)
            ? new OciException(OciError.Unavailable, $"the registry's database does not answer: try again later; its log has the reason under {http.TraceIdentifier}")
            : new OciException(OciError.Unknown, $"the registry failed; its log has the reason under {http.TraceIdentifier}");
    }

    void LogFailure(HttpContext http, Exception exception) => log.Write(
        LogLevel.Error,
        "request failed",
        ("method", http.Request.Method),
        ("path", OciException.Quote(SecretPath.Hide(RegistryEndpoint.RawPath(http)))),
        ("trace", http.TraceIdentifier),
        ("exception", exception.ToString()));

    static async Task RenderAsync(HttpContext http, OciException refusal)
    {
        http.Response.Headers.Remove("ETag");
        http.Response.Headers.Remove("Cache-Control");
        http.Response.StatusCode = refusal.Error.Status;
        if (refusal.Error == OciError.RequestTimeout)
            http.Response.Headers.Connection = "close"; // the rest of the body is not read, so the client must not send more here
        foreach (var (name, value) in refusal.Headers)
            http.Response.Headers[name] = value;
        var body = JsonBody.Write(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("errors");
            foreach (var detail in refusal.Details.DefaultIfEmpty())
            {
                json.WriteStartObject();
                json.WriteString("code", refusal.Error.Code);
                json.WriteString("message", refusal.Message);
                if (detail is not null)
                {
                    json.WritePropertyName("detail");
                    System.Text.Json.JsonSerializer.Serialize(json, detail);
                }
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        });
        await WholeBody.SendAsync(http, "application/json", body);
    }
}
