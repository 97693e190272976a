using Staithe.Distribution;
using Staithe.Door;
using Staithe.Oci;
using Staithe.Telemetry;
using Staithe.Transport;

namespace Staithe;

/// <summary>Something that answers under paths of its own.</summary>
/// <param name="Kind">What its requests are called in the log and the metrics, unless it says more.</param>
/// <param name="Takes">Whether a path, as the client wrote it, is one of them.</param>
/// <param name="AnswerAsync">Answers; the facts are for the log.</param>
/// <param name="RefuseAsync">Answers with a refusal that was decided at the door, in the way in which the face refuses.</param>
internal sealed record Face(
    string Kind,
    Func<string, bool> Takes,
    Func<HttpContext, string, RequestFacts, Task> AnswerAsync,
    Func<HttpContext, string, OciException, Task> RefuseAsync);

/// <summary>
/// The door: what holds for every request and every answer, and which face a request is for, by its path alone. Clients of the registry come first, since
/// they are the most.
/// </summary>
/// <param name="registry">The face for clients.</param>
/// <param name="others">The others; the first that takes a path has it, and the last takes every path.</param>
/// <param name="hosts">The names that requests may be for.</param>
/// <param name="guard">Answers for what no face has answered for.</param>
internal sealed class Front(RegistryEndpoint registry, IReadOnlyList<Face> others, HostNames hosts, RefusalGuard guard)
{
    public async Task AnswerAsync(HttpContext http, RequestFacts facts)
    {
        SafeHeaders.Apply(http.Response.Headers);
        var seat = ConnectionSeat.Of(http);
        seat?.Begin();
        try
        {
            await RouteAsync(http, facts);
        }
        catch (Exception e) when (!http.Response.HasStarted && !http.RequestAborted.IsCancellationRequested)
        {
            guard.Fail(http, e); // the server's own answer would lose the headers
        }
        finally
        {
            seat?.End();
        }
    }

    Task RouteAsync(HttpContext http, RequestFacts facts)
    {
        if (HasTwoLengths(http.Request))
            return RefuseAsync(http);
        var path = RequestPath.Of(http);
        var refusal = hosts.Check(http.Request) ?? CrossSite.Check(http.Request);
        if (RegistryEndpoint.Takes(path))
            return refusal is null ? registry.HandleAsync(http, path, facts) : registry.RefuseAsync(http, refusal);
        var face = others.First(face => face.Takes(path));
        facts.Kind = face.Kind;
        SafeHeaders.KeepFromOtherSites(http.Response.Headers);
        return refusal is null ? face.AnswerAsync(http, path, facts) : face.RefuseAsync(http, path, refusal);
    }

    // RFC 9112 section 6.3: one that says its length in two ways may have been made to pass for two requests with whoever stands in front. The
    // server takes the chunks and puts the other length aside under this name.
    static bool HasTwoLengths(HttpRequest request) => request.Headers.TransferEncoding.Count > 0 && request.Headers.ContainsKey("X-Content-Length");

    static Task RefuseAsync(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status400BadRequest;
        http.Response.Headers.Connection = "close";
        return Task.CompletedTask;
    }
}
