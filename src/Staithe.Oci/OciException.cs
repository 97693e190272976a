using System.Globalization;
using System.Text;

namespace Staithe.Oci;

/// <summary>A refusal on its way to the client: which error, what to do about it, and the details a program can use.</summary>
/// <param name="error">The entry of the error table.</param>
/// <param name="message">One sentence for a person, naming the fix.</param>
/// <param name="details">One error of the response each; none means one error without a detail.</param>
public sealed class OciException(OciError error, string message, IReadOnlyList<object>? details = null) : Exception(message)
{
    /// <summary>The entry of the error table.</summary>
    public OciError Error { get; } = error;

    /// <summary>One error of the response each.</summary>
    public IReadOnlyList<object> Details { get; } = details ?? [];

    /// <summary>Headers that go with the refusal, such as <c>Range</c> or <c>Allow</c>.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>What a client sent, made fit for a message or a log: cut to 100 characters, control characters written out.</summary>
    public static string Quote(string? text)
    {
        var quoted = new StringBuilder();
        foreach (var c in (text ?? "").AsSpan(0, Math.Min(text?.Length ?? 0, 100)))
            _ = char.IsControl(c) || char.IsSurrogate(c) ? quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}") : quoted.Append(c);
        return text?.Length > 100 ? quoted.Append('…').ToString() : quoted.ToString();
    }
}
