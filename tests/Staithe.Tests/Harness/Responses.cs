using System.Text.Json;
using Staithe.Transport;

namespace Staithe.Tests.Harness;

/// <summary>What tests look at in a response.</summary>
internal static class Responses
{
    /// <summary>The headers of every answer of the registry's API.</summary>
    static readonly (string Name, string Value)[] OfEveryAnswer =
    [
        ("Docker-Distribution-Api-Version", "registry/2.0"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", SafeHeaders.Policy),
    ];

    public static Task<byte[]> BytesAsync(this HttpResponseMessage response) => response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);

    public static async Task<JsonElement> JsonAsync(this HttpResponseMessage response) => JsonDocument.Parse(await response.BytesAsync()).RootElement;

    public static string Location(this HttpResponseMessage response) => response.Headers.Location!.OriginalString;

    /// <summary>The path and query of the next page, or null when this is the last.</summary>
    public static string? NextPage(this HttpResponseMessage response)
    {
        if (response.Header("Link") is not { } link)
            return null;
        Assert.EndsWith(">; rel=\"next\"", link, StringComparison.Ordinal);
        Assert.StartsWith("</v2/", link, StringComparison.Ordinal);
        return link[1..link.IndexOf('>', StringComparison.Ordinal)];
    }

    /// <summary>Checks that the response has these headers and no others, besides those of every answer.</summary>
    public static void ExpectHeaders(this HttpResponseMessage response, params (string Name, string Value)[] expected)
    {
        var actual = response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
            .Where(header => header.Key != "Date")
            .Select(header => $"{header.Key}: {string.Join(", ", header.Value)}");
        Assert.Equal(
            expected.Concat(OfEveryAnswer).Select(header => $"{header.Item1}: {header.Item2}").Order(StringComparer.OrdinalIgnoreCase),
            actual.Order(StringComparer.OrdinalIgnoreCase));
    }
}
