using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Staithe.Oci.Client;

/// <summary>
/// Reads manifests and blobs of any registry of the distribution-spec, and what else it answers as JSON. It says who it is when it is asked (RFC 6750 and the Docker Registry
/// token specification, or Basic), follows no redirect with a credential, and takes no more than it was told to.
/// </summary>
/// <param name="registry">The registry, as a URL without a path.</param>
/// <param name="credential">Who asks; null for nobody.</param>
public sealed class OciClient(Uri registry, Credential? credential) : IDisposable
{
    const int MaxAnswerBytes = 8 * 1024 * 1024;
    const int MaxRedirects = 3;
    const int MaxMessageLength = 4000;
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    static readonly string[] ManifestTypes = [MediaTypes.OciManifest, MediaTypes.OciIndex, MediaTypes.DockerManifest, MediaTypes.DockerManifestList];

    readonly HttpClient http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(10) })
    {
        Timeout = Limit,
        MaxResponseContentBufferSize = MaxAnswerBytes,
    };

    string? authorization;

    /// <summary>The manifest under a tag or digest, with its exact bytes; null when there is none, or nobody may know.</summary>
    /// <exception cref="OciException">The registry refuses, or sends what was not asked for.</exception>
    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    public async Task<(Digest Digest, string MediaType, byte[] Content)?> FindManifestAsync(RepositoryName name, Reference reference, CancellationToken cancel)
    {
        using var response = await GetAsync(name, new OciRoute.Manifest(name, reference).Path, ManifestTypes, cancel);
        if (response is null)
            return null;
        var content = await response.Content.ReadAsByteArrayAsync(cancel);
        if (content.Length > Manifest.MaxBytes)
            throw new OciException(OciError.ManifestInvalid, $"the registry sent a manifest of more than {Manifest.MaxBytes} bytes");
        var digest = (reference.Digest?.Algorithm ?? DigestAlgorithm.Sha256).Digest(content);
        if (reference.Digest is { } wanted && wanted != digest)
            throw new OciException(OciError.DigestInvalid, $"the registry sent another manifest than {wanted}");
        return (digest, response.Content.Headers.ContentType?.MediaType ?? "", content);
    }

    /// <summary>A small blob; null when there is none, or it is larger than it may be.</summary>
    /// <exception cref="OciException">The registry refuses, or sends what was not asked for.</exception>
    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    public async Task<byte[]?> FindBlobAsync(RepositoryName name, Digest digest, int maxBytes, CancellationToken cancel)
    {
        using var response = await GetAsync(name, new OciRoute.Blob(name, digest).Path, [], cancel);
        if (response is null || response.Content.Headers.ContentLength > maxBytes)
            return null;
        var content = await response.Content.ReadAsByteArrayAsync(cancel);
        if (content.Length > maxBytes)
            return null;
        return digest.Algorithm?.Digest(content) == digest ? content : throw new OciException(OciError.DigestInvalid, $"the registry sent another blob than {digest}");
    }

    /// <summary>Some tags of a repository, in the registry's order; none when there is no such repository, or nobody may know.</summary>
    /// <exception cref="OciException">The registry refuses.</exception>
    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    public async Task<IReadOnlyList<string>> ListTagsAsync(RepositoryName name, int limit, CancellationToken cancel)
    {
        using var response = await GetAsync(name, string.Create(CultureInfo.InvariantCulture, $"/v2/{name}/tags/list?n={limit}"), ["application/json"], cancel);
        if (response is null)
            return [];
        try
        {
            using var document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancel));
            return [.. ((JsonElement?)document.RootElement).Member("tags").Texts().Where(tag => TagName.TryParse(tag, out _)).Take(limit)];
        }
        catch (JsonException)
        {
            return [];
        }
    }

    /// <summary>
    /// A JSON document that a registry has beside what the specification knows; null when it has no such thing. The credential is sent at once: who
    /// asks for what anybody may see is not asked who it is, and would see less.
    /// </summary>
    /// <exception cref="OciException">The registry refuses, or sends no JSON.</exception>
    /// <exception cref="HttpRequestException">It cannot be reached.</exception>
    public async Task<JsonDocument?> FindJsonAsync(string path, CancellationToken cancel)
    {
        authorization ??= credential switch
        {
            null => null,
            { IdentityToken: null } => credential.Basic,
            _ => await AuthorizeAsync(cancel),
        };
        using var response = await SendAsync(new Uri(registry, path), ["application/json"], authorization, cancel);
        if (response.StatusCode == HttpStatusCode.NotFound)
            return null;
        if (!response.IsSuccessStatusCode)
            throw await RefusalAsync(response, cancel);
        try
        {
            return JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancel));
        }
        catch (JsonException)
        {
            throw new OciException(OciError.Unknown, "the registry answered with something else than JSON");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => http.Dispose();

    async Task<HttpResponseMessage?> GetAsync(RepositoryName name, string path, string[] accept, CancellationToken cancel)
    {
        var response = await SendAsync(new Uri(registry, path), accept, authorization, cancel);
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            authorization = await AuthorizeAsync($"{TokenScope.Repository}:{name}:pull", response, cancel);
            response.Dispose();
            response = await SendAsync(new Uri(registry, path), accept, authorization, cancel);
        }
        for (var i = 0; i < MaxRedirects && response is { StatusCode: HttpStatusCode.RedirectKeepVerb or HttpStatusCode.Redirect or HttpStatusCode.PermanentRedirect, Headers.Location: { } location }; i++)
        {
            var target = new Uri(new Uri(registry, path), location);
            response.Dispose();
            response = await SendAsync(target, accept, target.Authority == registry.Authority && target.Scheme == registry.Scheme ? authorization : null, cancel);
        }
        if (response.IsSuccessStatusCode)
            return response;
        using (response)
            return response.StatusCode == HttpStatusCode.NotFound ? null : throw await RefusalAsync(response, cancel);
    }

    async Task<HttpResponseMessage> SendAsync(Uri url, string[] accept, string? authorization, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        foreach (var type in accept)
            request.Headers.Accept.ParseAdd(type);
        if (authorization is not null)
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        return await http.SendAsync(request, cancel);
    }

    // For the registry as a whole; what it asks for, it says at its first door.
    async Task<string?> AuthorizeAsync(CancellationToken cancel)
    {
        using var response = await SendAsync(new Uri(registry, "/v2/"), [], null, cancel);
        return response.StatusCode == HttpStatusCode.Unauthorized ? await AuthorizeAsync($"{TokenScope.Registry}:catalog:*", response, cancel) : null;
    }

    async Task<string?> AuthorizeAsync(string scope, HttpResponseMessage response, CancellationToken cancel)
    {
        foreach (var challenge in response.Headers.WwwAuthenticate)
        {
            if (string.Equals(challenge.Scheme, "Bearer", StringComparison.OrdinalIgnoreCase))
                return await GetTokenAsync(scope, challenge, cancel);
            if (string.Equals(challenge.Scheme, "Basic", StringComparison.OrdinalIgnoreCase))
                return credential is { IdentityToken: null } ? credential.Basic : null;
        }
        return null;
    }

    async Task<string> GetTokenAsync(string scope, AuthenticationHeaderValue challenge, CancellationToken cancel)
    {
        var parameters = ReadParameters(challenge.Parameter ?? "");
        if (!Uri.TryCreate(parameters.GetValueOrDefault("realm"), UriKind.Absolute, out var realm) || realm.Scheme is not ("http" or "https"))
            throw new OciException(OciError.Unauthorized, "the registry asks for a token and does not say where to get one");
        if (credential is not null && realm.Scheme == "http" && registry.Scheme == "https")
            throw new OciException(OciError.Unauthorized, $"the registry wants the password sent to {realm.Authority} without TLS: that is not done");
        var service = parameters.GetValueOrDefault("service") ?? "";
        using var request = credential?.IdentityToken is { } refresh
            ? new HttpRequestMessage(HttpMethod.Post, realm) { Content = new FormUrlEncodedContent([new("grant_type", "refresh_token"), new("refresh_token", refresh), new("service", service), new("scope", scope), new("client_id", "staithe")]) }
            : new HttpRequestMessage(HttpMethod.Get, $"{realm}{(realm.Query.Length > 0 ? "&" : "?")}service={Uri.EscapeDataString(service)}&scope={Uri.EscapeDataString(scope)}");
        if (credential is { IdentityToken: null })
            request.Headers.TryAddWithoutValidation("Authorization", credential.Basic);
        using var response = await http.SendAsync(request, cancel);
        if (!response.IsSuccessStatusCode)
            throw await RefusalAsync(response, cancel);
        try
        {
            using var document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancel));
            var token = document.RootElement.Member("token").Text() ?? document.RootElement.Member("access_token").Text();
            return token is not null && token.All(c => c is > ' ' and < '\x7f') ? $"Bearer {token}" : throw new OciException(OciError.Unauthorized, "the registry sent a token that is none");
        }
        catch (JsonException)
        {
            throw new OciException(OciError.Unauthorized, "the registry sent a token that is none");
        }
    }

    // key="value",key=value
    static Dictionary<string, string> ReadParameters(string text)
    {
        var parameters = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < text.Length;)
        {
            var equals = text.IndexOf('=', i);
            if (equals < 0)
                break;
            var name = text[i..equals].Trim(' ', ',');
            var quoted = equals + 1 < text.Length && text[equals + 1] == '"';
            var start = quoted ? equals + 2 : equals + 1;
            var end = text.IndexOf(quoted ? '"' : ',', start);
            end = end < 0 ? text.Length : end;
            parameters[name] = text[start..end].Trim();
            i = quoted ? end + 1 : end;
        }
        return parameters;
    }

    static async Task<OciException> RefusalAsync(HttpResponseMessage response, CancellationToken cancel)
    {
        var error = response.StatusCode switch
        {
            HttpStatusCode.Unauthorized => OciError.Unauthorized,
            HttpStatusCode.Forbidden => OciError.Denied,
            HttpStatusCode.TooManyRequests => OciError.TooManyRequests,
            _ => OciError.Unknown,
        };
        try
        {
            using var document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync(cancel));
            if ((document.RootElement.Member("errors").Items().Select(item => item.Member("message").Text()).FirstOrDefault() ?? document.RootElement.Member("detail").Text()) is { } message)
                return new OciException(error, ForeignText.Line(message, MaxMessageLength)); // whole, since the fix may stand at its end
        }
        catch (Exception e) when (e is JsonException or HttpRequestException)
        {
        }
        return new OciException(error, $"the registry answered {(int)response.StatusCode}");
    }
}
