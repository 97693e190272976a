using Microsoft.AspNetCore.Http.Features;

namespace Staithe.Door;

/// <summary>The path of a request as the client wrote it: the framework would already have decoded it and resolved its dots.</summary>
internal static class RequestPath
{
    public static string Of(HttpContext http)
    {
        var target = http.Features.Get<IHttpRequestFeature>()?.RawTarget;
        if (target is not ['/', ..])
            return http.Request.Path.Value ?? "";
        var query = target.IndexOf('?', StringComparison.Ordinal);
        return query < 0 ? target : target[..query];
    }
}
