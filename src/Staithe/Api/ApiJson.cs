using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Features;
using Staithe.Access;
using Staithe.Door;
using Staithe.Oci;
using Staithe.Transport;

namespace Staithe.Api;

/// <summary>
/// Bodies of the API: JSON objects of up to <see cref="MaxBodyBytes"/>, or more where one holds a long text, with no member that the request does not have, none twice, and no
/// control characters, which no name or password has and PostgreSQL does not take.
/// </summary>
internal static class ApiJson
{
    /// <summary>The most bytes of a body.</summary>
    public const int MaxBodyBytes = 64 * 1024;

    // Of one with a README: each character of it may be written as \uXXXX.
    const int MaxLongBodyBytes = (6 * Readme.MaxLength) + MaxBodyBytes;

    public const string ContentType = "application/json";

    public static JsonSerializerOptions Options { get; } = new(JsonSerializerOptions.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>Reads the body of a request.</summary>
    /// <exception cref="RefusalException">400, 413 or 415, naming the member that is wrong.</exception>
    public static async Task<object> ReadAsync(HttpContext http, Type type)
    {
        if (!http.Request.HasJsonContentType())
            throw new RefusalException(StatusCodes.Status415UnsupportedMediaType, $"send the body as {ContentType}: curl does with -H 'Content-Type: {ContentType}'");
        var max = Options.GetTypeInfo(type).Properties.Any(IsMultiline) ? MaxLongBodyBytes : MaxBodyBytes;
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = max;
        using var body = new MemoryStream();
        try
        {
            await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            var size = http.Request.ContentLength is { } length ? $"has {length} bytes" : "is larger";
            throw new RefusalException(StatusCodes.Status413PayloadTooLarge, $"the body {size}, at most {max} bytes are read");
        }
        await WorkerThread.SwitchAsync(); // the last piece may have come on the connection's thread
        var bytes = body.GetBuffer().AsMemory(0, (int)body.Length);
        Check(bytes.Span, Options.GetTypeInfo(type));
        try
        {
            return WithoutNulls(bytes.Span, Options.GetTypeInfo(type)).Deserialize(type, Options)!;
        }
        catch (JsonException e)
        {
            throw Invalid(e.Path is { Length: > 2 } path ? $"the member {OciException.Quote(path[2..])} is not of the type it must be" : "a member is not of the type it must be");
        }
    }

    public static Task SendAsync(HttpContext http, string contentType, object body) => WholeBody.SendAsync(http, contentType, JsonSerializer.SerializeToUtf8Bytes(body, body.GetType(), Options));

    // Null is absence for what may be left out, unless it has a meaning of its own there.
    static JsonObject WithoutNulls(ReadOnlySpan<byte> bytes, JsonTypeInfo type)
    {
        var body = JsonNode.Parse(bytes, documentOptions: new JsonDocumentOptions { MaxDepth = 8 })!.AsObject();
        foreach (var member in type.Properties.Where(member => !member.IsRequired && !TakesNull(member)))
        {
            if (body.TryGetPropertyValue(member.Name, out var value) && value is null)
                body.Remove(member.Name);
        }
        return body;
    }

    static bool TakesNull(JsonPropertyInfo member) =>
        member.PropertyType.IsValueType ? Nullable.GetUnderlyingType(member.PropertyType) is not null : member.IsSetNullable;

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
            var isMultiline = false;
            while (json.Read())
            {
                if (json.TokenType is not (JsonTokenType.PropertyName or JsonTokenType.String))
                    continue;
                var text = Text(ref json, isMultiline && json.TokenType == JsonTokenType.String);
                if (json.TokenType == JsonTokenType.String || json.CurrentDepth != 1)
                    continue;
                if (type.Properties.All(member => member.Name != text))
                    throw Invalid($"there is no member \"{OciException.Quote(text)}\" here; there {(type.Properties.Count == 1 ? "is" : "are")} {string.Join(", ", type.Properties.Select(member => member.Name))}");
                if (!seen.Add(text))
                    throw Invalid($"the member {text} is there twice");
                missing.Remove(text);
                isMultiline = type.Properties.Any(member => member.Name == text && IsMultiline(member));
            }
            if (missing.Count > 0)
                throw Invalid($"the member {missing.Order().First()} is missing");
        }
        catch (JsonException e)
        {
            throw Invalid($"the body is not JSON: {e.Message}");
        }
    }

    static bool IsMultiline(JsonPropertyInfo member) => member.AttributeProvider?.IsDefined(typeof(MultilineAttribute), false) == true;

    static string Text(ref Utf8JsonReader json, bool isMultiline)
    {
        try
        {
            var text = json.GetString()!;
            return text.Any(letter => letter is < ' ' or '\x7f' && !(isMultiline && letter is '\n' or '\r' or '\t'))
                ? throw Invalid("a string holds a control character: leave it out")
                : text;
        }
        catch (InvalidOperationException)
        {
            throw Invalid("a string is not text in UTF-8");
        }
    }

    static RefusalException Invalid(string message) => new(StatusCodes.Status400BadRequest, message);
}

/// <summary>A member of a body that may have several lines.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class MultilineAttribute : Attribute;
