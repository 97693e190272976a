using System.Net;
using System.Text;
using System.Text.Json;

namespace Staithe.Tests.Harness;

/// <summary>The requests of the distribution-spec in their plainest form, for tests that need content and look at something else.</summary>
internal static class RegistryClient
{
    public const string OciManifest = "application/vnd.oci.image.manifest.v1+json";
    public const string OciIndex = "application/vnd.oci.image.index.v1+json";

    /// <summary>Sends a request with a body of bytes.</summary>
    public static async Task<HttpResponseMessage> SendAsync(
        this Registry registry, HttpMethod method, string path, byte[]? body = null, string? contentType = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
            request.Content = new ByteArrayContent(body);
        if (contentType is not null)
            request.Content!.Headers.TryAddWithoutValidation("Content-Type", contentType);
        foreach (var (name, value) in headers)
        {
            if (name.StartsWith("Content-", StringComparison.OrdinalIgnoreCase))
                request.Content!.Headers.TryAddWithoutValidation(name, value);
            else
                request.Headers.TryAddWithoutValidation(name, value);
        }
        return await registry.Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public static Task<HttpResponseMessage> GetAsync(this Registry registry, string path, params (string Name, string Value)[] headers) =>
        registry.SendAsync(HttpMethod.Get, path, null, null, headers);

    public static Task<HttpResponseMessage> HeadAsync(this Registry registry, string path) => registry.SendAsync(HttpMethod.Head, path);

    public static Task<HttpResponseMessage> DeleteAsync(this Registry registry, string path) => registry.SendAsync(HttpMethod.Delete, path);

    /// <summary>Pushes a blob in one request; its digest.</summary>
    public static async Task<string> PushBlobAsync(this Registry registry, string repository, byte[] content, string algorithm = "sha256")
    {
        var digest = Registry.Digest(content, algorithm);
        using var response = await registry.SendAsync(HttpMethod.Post, $"/v2/{repository}/blobs/uploads/?digest={digest}", content, "application/octet-stream");
        await response.ExpectAsync(HttpStatusCode.Created);
        return digest;
    }

    /// <summary>Begins an upload; its location.</summary>
    public static async Task<string> StartUploadAsync(this Registry registry, string repository, string query = "")
    {
        using var response = await registry.SendAsync(HttpMethod.Post, $"/v2/{repository}/blobs/uploads/{query}", []);
        await response.ExpectAsync(HttpStatusCode.Accepted);
        return response.Headers.Location!.OriginalString;
    }

    /// <summary>Pushes a manifest; the response.</summary>
    public static Task<HttpResponseMessage> PutManifestAsync(this Registry registry, string repository, string reference, byte[] content, string contentType = OciManifest, params (string Name, string Value)[] headers) =>
        registry.SendAsync(HttpMethod.Put, $"/v2/{repository}/manifests/{reference}", content, contentType, headers);

    /// <summary>Pushes an image of a config and one layer with random content under a tag; its manifest's digest and bytes.</summary>
    public static async Task<(string Digest, byte[] Manifest, string Config, string Layer)> PushImageAsync(this Registry registry, string repository, string? tag = null, string? extraMembers = null)
    {
        var config = Encoding.UTF8.GetBytes($$"""{"architecture":"amd64","os":"linux","made":"{{Guid.NewGuid()}}"}""");
        var layer = Encoding.UTF8.GetBytes($"layer {Guid.NewGuid()}");
        var configDigest = await registry.PushBlobAsync(repository, config);
        var layerDigest = await registry.PushBlobAsync(repository, layer);
        var manifest = ImageManifest(configDigest, config.Length, [(layerDigest, layer.Length)], extraMembers);
        var digest = Registry.Digest(manifest);
        using var response = await registry.PutManifestAsync(repository, tag ?? digest, manifest);
        await response.ExpectAsync(HttpStatusCode.Created);
        return (digest, manifest, configDigest, layerDigest);
    }

    /// <summary>The bytes of an OCI image manifest. <paramref name="extraMembers"/> is JSON that begins with a comma.</summary>
    public static byte[] ImageManifest(string config, long configSize, IEnumerable<(string Digest, long Size)> layers, string? extraMembers = null)
    {
        var layerJson = string.Join(',', layers.Select(layer => $$"""{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{{layer.Digest}}","size":{{layer.Size}}}"""));
        return Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{OciManifest}}","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{{config}}","size":{{configSize}}},"layers":[{{layerJson}}]{{extraMembers}}}""");
    }

    /// <summary>The bytes of an OCI image index.</summary>
    public static byte[] Index(IEnumerable<(string Digest, long Size)> children, string? extraMembers = null, string childType = OciManifest)
    {
        var childJson = string.Join(',', children.Select(child => $$"""{"mediaType":"{{childType}}","digest":"{{child.Digest}}","size":{{child.Size}}}"""));
        return Encoding.UTF8.GetBytes($$"""{"schemaVersion":2,"mediaType":"{{OciIndex}}","manifests":[{{childJson}}]{{extraMembers}}}""");
    }

    /// <summary>Fails with the response's body when the status is another.</summary>
    public static async Task ExpectAsync(this HttpResponseMessage response, HttpStatusCode status)
    {
        if (response.StatusCode != status)
            Assert.Fail($"{response.RequestMessage?.Method} {response.RequestMessage?.RequestUri} answered {(int)response.StatusCode}, not {(int)status}: {await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)}");
    }

    /// <summary>Checks status and code of a refusal, and that it says something; the parsed body.</summary>
    public static async Task<JsonElement> ExpectErrorAsync(this HttpResponseMessage response, HttpStatusCode status, string code)
    {
        await response.ExpectAsync(status);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.ToString());
        var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement;
        var first = body.GetProperty("errors")[0];
        Assert.Equal(code, first.GetProperty("code").GetString());
        Assert.NotEmpty(first.GetProperty("message").GetString()!);
        return body;
    }

    /// <summary>A header of the response or of its content, or null.</summary>
    public static string? Header(this HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) || response.Content.Headers.TryGetValues(name, out values) ? string.Join(", ", values) : null;
}
