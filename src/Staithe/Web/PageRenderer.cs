using System.IO.Compression;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.Logging.Abstractions;
using Staithe.Transport;

namespace Staithe.Web;

/// <summary>Turns components into whole pages: plain HTML, of which a script may be absent.</summary>
internal sealed class PageRenderer : IAsyncDisposable
{
    const int WorthCompressing = 1400; // what fits into a packet anyway

    // Everything comes from here, and nothing runs but our own files. An image's name or text that finds its way into a page stays text.
    const string Policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

    static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        WriteIndented = true,
    };

    readonly ServiceProvider services = new ServiceCollection().BuildServiceProvider();

    /// <summary>Sends a component as a page.</summary>
    /// <param name="http">The request.</param>
    /// <param name="status">The status of the answer.</param>
    /// <param name="parameters">The component's parameters.</param>
    public async Task SendAsync<TPage>(HttpContext http, int status, Dictionary<string, object?> parameters) where TPage : IComponent
    {
        await using var renderer = new HtmlRenderer(services, NullLoggerFactory.Instance);
        var html = await renderer.Dispatcher.InvokeAsync(async () =>
        {
            var root = await renderer.RenderComponentAsync<TPage>(ParameterView.FromDictionary(parameters));
            using var text = new StringWriter();
            await text.WriteAsync("<!doctype html>\n");
            root.WriteHtmlTo(text);
            return text.ToString();
        });
        http.Response.StatusCode = status;
        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers["Referrer-Policy"] = "same-origin"; // nobody else learns a path, which may hold a secret; with less, a page's own forms would not say that they are ours
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        await SendCompressedAsync(http, "text/html; charset=utf-8", Encoding.UTF8.GetBytes(html));
    }

    /// <summary>Sends what a page would show to a program.</summary>
    public static Task SendJsonAsync<T>(HttpContext http, int status, T model)
    {
        http.Response.StatusCode = status;
        return SendCompressedAsync(http, "application/json", JsonSerializer.SerializeToUtf8Bytes(model, Json));
    }

    public ValueTask DisposeAsync() => services.DisposeAsync();

    // A page has a token of its reader in it, but nothing that somebody else chose beside it in secret: forms carry the token masked anew each
    // time, so that its compressed length tells nothing.
    static Task SendCompressedAsync(HttpContext http, string contentType, byte[] body)
    {
        http.Response.Headers.Vary = "Accept, Accept-Encoding, Cookie";
        if (body.Length > WorthCompressing && http.Request.Headers.AcceptEncoding.ToString().Contains("gzip", StringComparison.OrdinalIgnoreCase))
        {
            http.Response.Headers.ContentEncoding = "gzip";
            using var buffer = new MemoryStream();
            using (var gzip = new GZipStream(buffer, CompressionLevel.Fastest, leaveOpen: true))
                gzip.Write(body);
            body = buffer.ToArray();
        }
        return WholeBody.SendAsync(http, contentType, body);
    }
}
