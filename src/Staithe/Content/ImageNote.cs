using System.Text.Json;

namespace Staithe.Content;

/// <summary>
/// Something to be said of an image that was looked into: what of it was not read, so that nothing is concluded from its absence, or what of its
/// own claims is not true. Found out once, when the image is looked into; pages, the API and the bill of materials say the same.
/// </summary>
/// <param name="Kind"><see cref="Unread"/>, <see cref="Skipped"/> or <see cref="Claim"/>.</param>
/// <param name="What">What it is about: a layer, a file, the config.</param>
/// <param name="Why">The reason, as the rest of a sentence.</param>
public sealed record ImageNote(string Kind, string What, string Why)
{
    /// <summary>It was not read, or not all of it.</summary>
    public const string Unread = "unread";

    /// <summary>Entries of a layer were left out.</summary>
    public const string Skipped = "skipped";

    /// <summary>The image says something of itself that is not so.</summary>
    public const string Claim = "claim";

    const int MaxNotes = 100, MaxLength = 1000;

    /// <summary>Whether something of the image is not known because of it.</summary>
    public bool IsMissing => Kind != Claim;

    /// <summary>As one line.</summary>
    public override string ToString() => $"{What}: {Why}";

    internal static string? Write(IReadOnlyList<ImageNote> notes) => notes.Count == 0
        ? null
        : JsonSerializer.Serialize(notes.Take(MaxNotes).Select(note => (string[])[note.Kind, Line(note.What), Line(note.Why)]));

    internal static IReadOnlyList<ImageNote> Read(string? json) =>
        json is null ? [] : [.. JsonSerializer.Deserialize<string[][]>(json)!.Select(note => new ImageNote(note[0], note[1], note[2]))];

    // Names out of layers stand in these texts.
    static string Line(string text)
    {
        text = text.Length > MaxLength ? text[..MaxLength] : text;
        return new string([.. text.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '\uFFFD' : c)]);
    }
}
