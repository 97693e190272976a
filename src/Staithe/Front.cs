using Staithe.Distribution;
using Staithe.Telemetry;
using Staithe.Web;

namespace Staithe;

/// <summary>Something that answers under paths of its own.</summary>
/// <param name="Takes">Whether a path, as the client wrote it, is one of them.</param>
/// <param name="AnswerAsync">Answers; the facts are for the log.</param>
internal sealed record Face(Func<string, bool> Takes, Func<HttpContext, string, RequestFacts, Task> AnswerAsync);

/// <summary>The door: which face a request is for, by its path alone. Clients of the registry come first, since they are the most.</summary>
/// <param name="registry">The face for clients.</param>
/// <param name="others">The others; the first that takes a path has it.</param>
/// <param name="people">The face for people, which has all the rest.</param>
internal sealed class Front(RegistryEndpoint registry, IReadOnlyList<Face> others, WebEndpoint people)
{
    public Task AnswerAsync(HttpContext http, RequestFacts facts)
    {
        if (HasTwoLengths(http.Request))
            return RefuseAsync(http);
        var path = RegistryEndpoint.RawPath(http);
        if (RegistryEndpoint.Takes(path))
            return registry.HandleAsync(http, path, facts);
        foreach (var face in others)
        {
            if (face.Takes(path))
                return face.AnswerAsync(http, path, facts);
        }
        return people.HandleAsync(http, path, facts);
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
