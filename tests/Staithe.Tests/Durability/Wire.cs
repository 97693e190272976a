using System.Net;
using System.Net.Sockets;

namespace Staithe.Tests.Durability;

/// <summary>An answer, read to its end.</summary>
internal sealed record Answer(HttpStatusCode Status, string? Digest, string? Location, string? Range, byte[] Body);

/// <summary>Requests to a server that may die under them.</summary>
internal sealed class Wire(Uri url) : IDisposable
{
    readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = 256 }) { BaseAddress = url, Timeout = TimeSpan.FromMinutes(2) };

    public async Task<Answer> SendAsync(HttpMethod method, string path, byte[]? body = null, string? contentType = null, string? contentRange = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
            request.Content = new ByteArrayContent(body);
        if (contentType is not null)
            request.Content!.Headers.TryAddWithoutValidation("Content-Type", contentType);
        if (contentRange is not null)
            request.Content!.Headers.TryAddWithoutValidation("Content-Range", contentRange);
        using var response = await http.SendAsync(request);
        return new Answer(
            response.StatusCode,
            Header(response, "Docker-Content-Digest"),
            response.Headers.Location?.OriginalString,
            Header(response, "Range"),
            await response.Content.ReadAsByteArrayAsync());
    }

    public Task<Answer> PushBlobAsync(string repository, TestContent content) =>
        SendAsync(HttpMethod.Post, $"/v2/{repository}/blobs/uploads/?digest={content.Digest}", content.Bytes, "application/octet-stream");

    /// <summary>True when the exception is what a client sees of a server that is gone.</summary>
    // HttpClient lets a socket's own exception through when the connection goes between the handshake and its first use.
    public static bool IsGone(Exception e) => e is HttpRequestException or IOException or OperationCanceledException or SocketException;

    public void Dispose() => http.Dispose();

    static string? Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? values.Single() : null;
}
