using System.Text.Json;
using Staithe.Oci;

namespace Staithe.Federation;

/// <summary>JSON from elsewhere: an object, no member twice, not deep.</summary>
internal static class Json
{
    static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <exception cref="FederationException">It is not such an object.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> json, string what)
    {
        try
        {
            var document = JsonDocument.Parse(json, Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document : throw new FederationException($"{what} is not a JSON object");
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new FederationException($"{what} is not JSON: {OciException.Quote(fault.Message)}");
        }
    }

    /// <summary>A member that is a string; null when it is not there, or is none.</summary>
    public static string? Text(JsonElement root, string member) => root.Member(member) is { } value ? Text(value) : null;

    /// <summary>A member's strings: those of an array, or the one that it is.</summary>
    public static IReadOnlyList<string> Texts(JsonElement root, string member) => root.Member(member) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(Text).OfType<string>()],
        { } value => Text(value) is { } one ? [one] : [],
    };

    // Halves of surrogate pairs would be replaced elsewhere, and two names could become one.
    static string? Text(JsonElement value) => ForeignText.Read(value) is { } text && ForeignText.IsWhole(text) ? text : null;
}
