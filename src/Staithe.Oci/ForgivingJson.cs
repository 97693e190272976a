using System.Globalization;
using System.Text.Json;

namespace Staithe.Oci;

/// <summary>Reads JSON that nobody has checked: what is not of the shape that is asked for is as good as absent.</summary>
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

    /// <summary>A text that is not empty.</summary>
    public static string? Text(this JsonElement? element) => element is { } there && Read(there) is { Length: > 0 } text ? text : null;

    /// <summary>A whole number.</summary>
    public static long? Number(this JsonElement? element) => element is { ValueKind: JsonValueKind.Number } there && there.TryGetInt64(out var number) ? number : null;

    /// <summary>A time, as RFC 3339 writes it.</summary>
    public static DateTimeOffset? Time(this JsonElement? element) =>
        DateTimeOffset.TryParse(element.Text(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time.ToUniversalTime() : null;

    /// <summary>What is in a list.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement? element) =>
        element is { ValueKind: JsonValueKind.Array } there ? there.EnumerateArray().Take(ImageConfig.MaxEntries) : [];

    /// <summary>The texts of a list; whatever else is in it is left out.</summary>
    public static IEnumerable<string> Texts(this JsonElement? element) => element.Items().Select(Read).OfType<string>();

    /// <summary>The words of a command: all of them or, if one cannot be read, none, since without it the rest would mean something else. One text is one word.</summary>
    public static IReadOnlyList<string> Words(this JsonElement? element)
    {
        if (element is { ValueKind: JsonValueKind.String })
            return element.Text() is { } word ? [word] : [];
        if (element is not { ValueKind: JsonValueKind.Array } there || there.GetArrayLength() > ImageConfig.MaxEntries)
            return [];
        var words = there.EnumerateArray().Select(Read).ToList();
        return words.Contains(null) ? [] : [.. words.OfType<string>()];
    }

    /// <summary>The names of an object's members, each once.</summary>
    public static IEnumerable<string> Names(this JsonElement? element) => element.Members().Select(member => member.Name).Distinct();

    /// <summary>An object of texts.</summary>
    public static IReadOnlyDictionary<string, string> TextMap(this JsonElement? element)
    {
        var map = new Dictionary<string, string>();
        foreach (var (name, value) in element.Members())
        {
            if (Read(value) is { } text)
                map[name] = text;
        }
        return map;
    }

    static IEnumerable<(string Name, JsonElement Value)> Members(this JsonElement? element)
    {
        if (element is not { ValueKind: JsonValueKind.Object } there)
            yield break;
        foreach (var member in there.EnumerateObject().Take(ImageConfig.MaxEntries))
        {
            if (Clean(() => member.Name) is { } name)
                yield return (name, member.Value);
        }
    }

    static string? Read(JsonElement element) => element.ValueKind == JsonValueKind.String ? Clean(element.GetString) : null;

    // Half of a surrogate pair is no character, and throws; a NUL fits nowhere.
    static string? Clean(Func<string?> read)
    {
        try
        {
            return read() is { } text && !text.Contains('\0', StringComparison.Ordinal) ? text : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
