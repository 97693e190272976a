using System.Text.Json;

namespace Staithe.Oci;

/// <summary>
/// Reads JSON that nobody has checked: a value of another shape than the one asked for counts as absent. Text comes out clean
/// (<see cref="ForeignText"/>), or exact where a process would get it; a time comes out only if it can be true (<see cref="ForeignTime"/>).
/// </summary>
public static class ForgivingJson
{
    /// <summary>A member of an object. Of two with the same name the last counts, as it does for the clients.</summary>
    public static JsonElement? Member(this JsonElement? element, string name) => element?.Member(name);

    /// <summary>A member of an object.</summary>
    public static JsonElement? Member(this JsonElement element, string name)
    {
        if (element.ValueKind != JsonValueKind.Object)
            return null;
        try
        {
            return element.TryGetProperty(name, out var member) ? member : null;
        }
        catch (InvalidOperationException) // another one's name is no text
        {
            return ((JsonElement?)element).Members().Where(member => member.Name == name).Select(member => (JsonElement?)member.Value).LastOrDefault();
        }
    }

    /// <summary>A text for people that is not empty, clean.</summary>
    public static string? Text(this JsonElement? element) =>
        element is { } there && ForeignText.Read(there) is { Length: > 0 } text ? ForeignText.Clean(text) : null;

    /// <summary>A text for a process that is not empty: as it is or not at all.</summary>
    public static string? ExactText(this JsonElement? element) => element is { } there && Exact(there) is { Length: > 0 } text ? text : null;

    /// <summary>Bytes written as Base64; null for anything else, and for more than <paramref name="maxBytes"/> of them.</summary>
    public static byte[]? Bytes(this JsonElement? element, int maxBytes)
    {
        if (element.ExactText() is not { } text || text.Length / 4 * 3 > maxBytes + 3)
            return null;
        var bytes = new byte[text.Length / 4 * 3 + 3];
        return Convert.TryFromBase64String(text, bytes, out var length) && length <= maxBytes ? bytes[..length] : null;
    }

    /// <summary>A whole number.</summary>
    public static long? Number(this JsonElement? element) => element is { ValueKind: JsonValueKind.Number } there && there.TryGetInt64(out var number) ? number : null;

    /// <summary>A time, as RFC 3339 writes it, that can be true.</summary>
    public static DateTimeOffset? Time(this JsonElement? element) => ForeignTime.Parse(element.Text());

    /// <summary>What is in a list.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement? element, int max = ImageConfig.MaxEntries) =>
        element is { ValueKind: JsonValueKind.Array } there ? there.EnumerateArray().Take(max) : [];

    /// <summary>The texts of a list, clean; other values are left out.</summary>
    public static IEnumerable<string> Texts(this JsonElement? element) => element.Items().Select(ForeignText.Read).OfType<string>().Select(text => ForeignText.Clean(text));

    /// <summary>The texts of a list for a process; a text that no process takes is left out.</summary>
    public static IEnumerable<string> ExactTexts(this JsonElement? element) => element.Items().Select(Exact).OfType<string>();

    /// <summary>The words of a command: all of them or, if one cannot be read, none, since without it the rest would mean something else. One text is one word.</summary>
    public static IReadOnlyList<string> Words(this JsonElement? element)
    {
        if (element is { ValueKind: JsonValueKind.String })
            return element.ExactText() is { } word ? [word] : [];
        if (element is not { ValueKind: JsonValueKind.Array } there || there.GetArrayLength() > ImageConfig.MaxEntries)
            return [];
        var words = there.EnumerateArray().Select(Exact).ToList();
        return words.Contains(null) ? [] : [.. words.OfType<string>()];
    }

    /// <summary>The names of an object's members, each once; a name that no process takes is left out.</summary>
    public static IEnumerable<string> Names(this JsonElement? element) => element.Members().Select(member => member.Name).Where(ForeignText.IsExact).Distinct();

    /// <summary>An object of texts, clean.</summary>
    public static IReadOnlyDictionary<string, string> TextMap(this JsonElement? element)
    {
        var map = new Dictionary<string, string>();
        foreach (var (name, value) in element.Members())
        {
            if (ForeignText.Read(value) is { } text)
                map[ForeignText.Clean(name)] = ForeignText.Clean(text);
        }
        return map;
    }

    /// <summary>An object's members in their order. A name may hold half of a surrogate pair: clean it, or leave it out.</summary>
    public static IEnumerable<(string Name, JsonElement Value)> Members(this JsonElement? element, int max = ImageConfig.MaxEntries)
    {
        if (element is not { ValueKind: JsonValueKind.Object } there)
            yield break;
        foreach (var member in there.EnumerateObject().Take(max))
            yield return (ForeignText.ReadName(member), member.Value);
    }

    static string? Exact(JsonElement element) => ForeignText.Read(element) is { } text && ForeignText.IsExact(text) ? text : null;
}
