using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Staithe.Oci;
using Staithe.Transport;

namespace Staithe.Federation;

/// <summary>
/// Talks to issuers. An answer is small and comes soon, or it is none; a redirect is never followed, since only what the issuer itself says in its
/// own place is its word.
/// </summary>
internal sealed class IssuerClient : IDisposable
{
    /// <summary>The most bytes of an answer.</summary>
    public const int MaxBytes = 256 * 1024;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    readonly HttpClient http = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = TimeSpan.FromSeconds(5),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        MaxConnectionsPerServer = 16,
        MaxResponseHeadersLength = 32,
    })
    {
        Timeout = Patience,
        MaxResponseContentBufferSize = MaxBytes,
    };

    /// <summary>What lies at an address.</summary>
    /// <param name="url">Where.</param>
    /// <param name="bearer">A token to show, or null.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="FederationException">It does not answer 200 in time and within bounds.</exception>
    public async Task<byte[]> GetAsync(Uri url, string? bearer, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        if (bearer is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        var (status, body) = await SendAsync(request, cancel);
        return status == HttpStatusCode.OK ? body : throw Refused(url, status);
    }

    /// <summary>Sends a form; the answer whatever its status, because a refusal of a token endpoint says why.</summary>
    /// <exception cref="FederationException">It does not answer in time and within bounds.</exception>
    public async Task<(HttpStatusCode Status, byte[] Body)> PostAsync(Uri url, IEnumerable<KeyValuePair<string, string>> form, AuthenticationHeaderValue? authorization, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new FormUrlEncodedContent(form) };
        request.Headers.Authorization = authorization;
        return await SendAsync(request, cancel);
    }

    public static FederationException Refused(Uri url, HttpStatusCode status) =>
        new(string.Create(CultureInfo.InvariantCulture, $"{Shown(url)} answers {(int)status}"), isOutage: true);

    public void Dispose() => http.Dispose();

    async Task<(HttpStatusCode Status, byte[] Body)> SendAsync(HttpRequestMessage request, CancellationToken cancel)
    {
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseContentRead, cancel);
            return (response.StatusCode, await response.Content.ReadAsByteArrayAsync(cancel));
        }
        catch (HttpRequestException e) when (e.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded)
        {
            throw new FederationException($"{Shown(request.RequestUri!)} answers with more than {MaxBytes} bytes", isOutage: true);
        }
        catch (HttpRequestException e)
        {
            throw new FederationException($"{Shown(request.RequestUri!)} does not answer: {OciException.Quote(e.Message)}", isOutage: true);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new FederationException($"{Shown(request.RequestUri!)} does not answer within {Patience.TotalSeconds} seconds", isOutage: true);
        }
        finally
        {
            await WorkerThread.SwitchAsync(); // what follows reads keys and checks signatures
        }
    }

    // Never the query.
    static string Shown(Uri url) => OciException.Quote(url.GetLeftPart(UriPartial.Path));
}
