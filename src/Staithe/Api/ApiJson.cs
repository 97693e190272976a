using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Features;
using Staithe.Oci;
using Staithe.Transport;

namespace Staithe.Api;

/// <summary>
/// Bodies of the API: JSON objects of up to <see cref="MaxBodyBytes"/>, with no member that the request does not have, none twice, and no
/// control characters, which no name or password has and PostgreSQL does not take.
/// </summary>
internal static class ApiJson
{
    public const int MaxBodyBytes = 64 * 1024;

    public const string ContentType = "application/json";

    public static JsonSerializerOptions Options { get; } = new(JsonSerializerOptions.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>Reads the body of a request.</summary>
    /// <exception cref="ApiException">400, 413 or 415, naming the member that is wrong.</exception>
    public static async Task<object> ReadAsync(HttpContext http, Type type)
    {
        if (!http.Request.HasJsonContentType())
            throw new ApiException(StatusCodes.Status415UnsupportedMediaType, $"send the body as {ContentType}: curl does with -H 'Content-Type: {ContentType}'");
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = MaxBodyBytes;
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        await WorkerThread.SwitchAsync(); // the last piece may have come on the connection's thread
        var bytes = body.GetBuffer().AsMemory(0, (int)body.Length);
        Check(bytes.Span, Options.GetTypeInfo(type));
        try
        {
            return JsonSerializer.Deserialize(bytes.Span, type, Options)!;
        }
        catch (JsonException e)
        {
            throw Invalid(e.Path is { Length: > 2 } path ? $"the member {OciException.Quote(path[2..])} is not of the type it must be" : "a member is not of the type it must be");
        }
    }

    public static Task SendAsync(HttpContext http, string contentType, object body) => WholeBody.SendAsync(http, contentType, JsonSerializer.SerializeToUtf8Bytes(body, body.GetType(), Options));

    // The serializer would say the same in words about C#.
    static void Check(ReadOnlySpan<byte> bytes, JsonTypeInfo type)
    {
        try
        {
            var json = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = 8 });
            if (bytes.IsEmpty || !json.Read() || json.TokenType != JsonTokenType.StartObject)
                throw Invalid("the body must be a JSON object");
            var missing = type.Properties.Where(member => member.IsRequired).Select(member => member.Name).ToHashSet();
            var seen = new HashSet<string>();
            while (json.Read())
            {
                if (json.TokenType is not (JsonTokenType.PropertyName or JsonTokenType.String))
                    continue;
                var text = Text(ref json);
                if (json.TokenType == JsonTokenType.String || json.CurrentDepth != 1)
                    continue;
                if (type.Properties.All(member => member.Name != text))
                    throw Invalid($"there is no member \"{OciException.Quote(text)}\" here; there {(type.Properties.Count == 1 ? "is" : "are")} {string.Join(", ", type.Properties.Select(member => member.Name))}");
                if (!seen.Add(text))
                    throw Invalid($"the member {text} is there twice");
                missing.Remove(text);
            }
            if (missing.Count > 0)
                throw Invalid($"the member {missing.Order().First()} is missing");
        }
        catch (JsonException e)
        {
            throw Invalid($"the body is not JSON: {e.Message}");
        }
    }

    static string Text(ref Utf8JsonReader json)
    {
        try
        {
            var text = json.GetString()!;
            return text.AsSpan().IndexOfAnyInRange('\0', '\x1f') < 0 && !text.Contains('\x7f', StringComparison.Ordinal) ? text : throw Invalid("a string holds a control character: leave it out");
        }
        catch (InvalidOperationException)
        {
            throw Invalid("a string is not text in UTF-8");
        }
    }

    static ApiException Invalid(string message) => new(StatusCodes.Status400BadRequest, message);
}
