using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Staithe.Audit;
using Staithe.Config;
using Staithe.Database;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Api;

/// <summary>
/// A registry with accounts and its API. Every answer is held against the OpenAPI document: an operation or a status that is not in it fails
/// the test. The users that it makes have their names' password.
/// </summary>
internal sealed class ApiServer : IAsyncDisposable
{
    readonly Dictionary<(string Method, string Path), HashSet<string>> documented;

    ApiServer(Registry registry, JsonElement document)
    {
        (Registry, Document) = (registry, document);
        documented = document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(method => (path, method))).ToDictionary(
            both => (both.method.Name.ToUpperInvariant(), both.path.Name),
            both => both.method.Value.GetProperty("responses").EnumerateObject().Select(response => response.Name).ToHashSet());
    }

    public Registry Registry { get; }

    public JsonElement Document { get; }

    /// <summary>Starts one with some users; "root" is an admin.</summary>
    public static Task<ApiServer> StartAsync(Engine engine, params string[] users) => StartAsync(engine, config => config, users);

    /// <summary>The same, with other settings.</summary>
    public static async Task<ApiServer> StartAsync(Engine engine, Func<StaitheConfig, StaitheConfig> change, params string[] users)
    {
        var registry = await Registry.StartAsync(engine, config => change(config) with { Open = false });
        foreach (var user in users)
            await registry.App.Users.AddAsync(Actor.Shell, user, Password(user), user == "root");
        using var response = await registry.GetAsync("/api/v1/openapi.json");
        await response.ExpectAsync(HttpStatusCode.OK);
        return new ApiServer(registry, await response.JsonAsync());
    }

    public static string Password(string user) => $"{user}-has-this";

    /// <summary>As a user with the password.</summary>
    public ApiClient As(string user) => new(this, Basic(user, Password(user)));

    public ApiClient As(string name, string secret) => new(this, Basic(name, secret));

    public ApiClient AsBearer(string token) => new(this, new AuthenticationHeaderValue("Bearer", token));

    public ApiClient AsNobody() => new(this, null);

    /// <summary>Pushes an image as a user.</summary>
    public async Task PushAsync(string user, string repository, string? password = null)
    {
        Registry.Http.DefaultRequestHeaders.Authorization = Basic(user, password ?? Password(user));
        await Registry.PushImageAsync(repository, "1");
        Registry.Http.DefaultRequestHeaders.Authorization = null;
    }

    /// <summary>Lets whatever a table holds have ended a moment ago.</summary>
    public Task EndAllAsync(string table) =>
        Registry.App.Database.WriteAsync(session => session.ExecuteAsync(new Sql($"update {table} set expires_at = {{now}} - 1")), TestContext.Current.CancellationToken);

    /// <summary>Fails when the document does not have such an answer.</summary>
    public void Check(HttpMethod method, string path, HttpStatusCode status)
    {
        var segments = path.Split('?')[0].Split('/');
        var operation = documented.Keys.SingleOrDefault(key => key.Method == method.Method && IsLike(key.Path.Split('/'), segments));
        Assert.True(operation.Path is not null, $"{method} {path} is not in the document");
        Assert.Contains(((int)status).ToString(CultureInfo.InvariantCulture), documented[operation]);
    }

    public ValueTask DisposeAsync() => Registry.DisposeAsync();

    static bool IsLike(string[] template, string[] segments) => template.Length == segments.Length && template.Zip(segments).All(pair => pair.First == pair.Second || pair.First.StartsWith('{'));

    static AuthenticationHeaderValue Basic(string name, string secret) => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{secret}")));
}

/// <summary>Requests of one caller.</summary>
internal sealed class ApiClient(ApiServer server, AuthenticationHeaderValue? authorization)
{
    public Task<JsonElement> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null, HttpStatusCode.OK);

    public Task<JsonElement> PostAsync(string path, object? body, HttpStatusCode expected = HttpStatusCode.Created) => SendAsync(HttpMethod.Post, path, body, expected);

    public Task<JsonElement> PutAsync(string path, object? body = null) => SendAsync(HttpMethod.Put, path, body, HttpStatusCode.NoContent);

    public Task<JsonElement> PatchAsync(string path, object body) => SendAsync(HttpMethod.Patch, path, body, HttpStatusCode.OK);

    public Task<JsonElement> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path, null, HttpStatusCode.NoContent);

    /// <summary>The refusal's detail.</summary>
    public async Task<string> RefusedAsync(HttpStatusCode expected, HttpMethod method, string path, object? body = null) =>
        (await SendAsync(method, path, body, expected)).GetProperty("detail").GetString()!;

    public Task<string> RefusedAsync(HttpStatusCode expected, string path) => RefusedAsync(expected, HttpMethod.Get, path);

    /// <summary>The names, or another member, of a list's entries.</summary>
    public async Task<List<string?>> ListAsync(string path, string member = "name") =>
        [.. (await GetAsync(path)).GetProperty("items").EnumerateArray().Select(item => item.GetProperty(member)).Select(value => value.ValueKind == JsonValueKind.String ? value.GetString() : value.ToString())];

    public async Task<JsonElement> SendAsync(HttpMethod method, string path, object? body, HttpStatusCode expected)
    {
        using var request = new HttpRequestMessage(method, $"/api/v1{path}");
        request.Headers.Authorization = authorization;
        if (body is not null)
            request.Content = new StringContent(body as string ?? JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        using var response = await server.Registry.Http.SendAsync(request, TestContext.Current.CancellationToken);
        await response.ExpectAsync(expected);
        server.Check(method, path, expected);
        Assert.Equal("no-store", response.Header("Cache-Control"));
        if (expected == HttpStatusCode.NoContent)
            return default;
        var answer = await response.JsonAsync();
        if (expected < HttpStatusCode.BadRequest)
            return answer;
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(["type", "title", "status", "detail"], answer.EnumerateObject().Select(member => member.Name));
        Assert.Equal((int)expected, answer.GetProperty("status").GetInt32());
        Assert.NotEmpty(answer.GetProperty("detail").GetString()!);
        Assert.Equal(expected == HttpStatusCode.Unauthorized, response.Headers.WwwAuthenticate.Any(challenge => challenge.Scheme == "Basic"));
        return answer;
    }
}
