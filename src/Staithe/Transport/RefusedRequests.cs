using System.Diagnostics;
using Microsoft.AspNetCore.Http.Features;

namespace Staithe.Transport;

/// <summary>
/// Gives the server's own refusals, of requests that are no HTTP or too large to read, the headers of every answer. The server writes such an
/// answer without asking the application; it only tells a diagnostic source, just before. So the answer is started there, with the headers.
/// </summary>
internal sealed class RefusedRequests : DiagnosticSource
{
    const string Refused = "Microsoft.AspNetCore.Server.Kestrel.BadRequest";

    public override bool IsEnabled(string name) => name == Refused;

    public override void Write(string name, object? value)
    {
        if (value is not IFeatureCollection features || features.Get<IHttpResponseFeature>() is not { HasStarted: false } response)
            return;
        SafeHeaders.Apply(response.Headers);
        response.Headers.Connection = "close";
        // Without a body and without callbacks this ends at once. The server completes its own connections next, which sends it; ours has to be flushed.
        _ = features.Get<IHttpResponseBodyFeature>()?.StartAsync();
        if (features.Get<IFileOutput>() is SocketOutput direct)
            direct.FlushAsync().AsTask();
    }
}
