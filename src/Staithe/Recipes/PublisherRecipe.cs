using System.Text.Json;
using System.Text.Unicode;
using Staithe.Clients;
using Staithe.Oci;

namespace Staithe.Recipes;

/// <summary>What the publisher of an image suggests to run. Never the default: it is shown beside what is derived, with what to look at twice.</summary>
/// <param name="Source">Where it is written: label:run, or the digest of the artifact.</param>
/// <param name="Title">What it is for, in the publisher's words.</param>
/// <param name="Text">What the publisher wrote, or the same as a line for the shell.</param>
/// <param name="Arguments">The command, an argument each; none when it is prose or cannot be read.</param>
/// <param name="Flags">What to look at twice.</param>
internal sealed record PublisherCommand(string Source, string Title, string Text, IReadOnlyList<string> Arguments, IReadOnlyList<RedFlag> Flags);

/// <summary>A variable that the publisher describes.</summary>
internal sealed record PublisherVariable(string Name, string? Description, bool IsRequired, string? Default);

/// <summary>
/// Everything that a publisher says about running an image: labels that podman's <c>runlabel</c> knows, and recipe artifacts
/// (<see cref="ArtifactType"/>) that refer to the image.
/// </summary>
internal sealed record PublisherRecipe(IReadOnlyList<PublisherCommand> Commands, IReadOnlyList<PublisherVariable> Variables)
{
    /// <summary>The artifact type of a recipe, and the media type of its one layer.</summary>
    public const string ArtifactType = "application/vnd.staithe.recipe.v1+json";

    /// <summary>The largest recipe that is read, in bytes.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>The most artifacts of an image that are read, newest first.</summary>
    public const int MaxArtifacts = 8;

    const int MaxTextLength = 4096;
    const int MaxEntries = 32;

    static readonly string[] Labels = ["run", "usage", "install", "uninstall"];
    static readonly JsonDocumentOptions Strict = new() { MaxDepth = 8 };

    /// <summary>Nothing.</summary>
    public static PublisherRecipe None { get; } = new([], []);

    /// <summary>What the labels of an image say.</summary>
    public static PublisherRecipe OfLabels(Recipe recipe) => new(
        [.. Labels.Select(label => (Label: label, Text: Find(recipe.Image.Config.Labels, label)))
            .Where(found => found.Text is { Length: > 0 and <= MaxTextLength })
            .Select(found => ReadLine($"label:{found.Label}", found.Label, found.Text!, recipe))],
        []);

    /// <summary>What an artifact says; nothing when it is not what it should be.</summary>
    public static PublisherRecipe OfArtifact(Digest artifact, ReadOnlyMemory<byte> content, Recipe recipe)
    {
        if (content.Length > MaxBytes || !Utf8.IsValid(content.Span))
            return None;
        try
        {
            using var document = JsonDocument.Parse(content, Strict);
            JsonElement? root = document.RootElement;
            return new PublisherRecipe(
                [.. root.Member("commands").Items().Take(MaxEntries).Select(command => ReadCommand(artifact, command, recipe)).OfType<PublisherCommand>()],
                [.. root.Member("variables").Items().Take(MaxEntries).Select(ReadVariable).OfType<PublisherVariable>()]);
        }
        catch (JsonException)
        {
            return None;
        }
    }

    /// <summary>Both.</summary>
    public PublisherRecipe With(PublisherRecipe other) => new([.. Commands, .. other.Commands], [.. Variables, .. other.Variables]);

    // podman asks for them in any case: RUN, Run and run.
    static string? Find(IReadOnlyDictionary<string, string> labels, string label) => labels.GetValueOrDefault(label)
        ?? labels.Where(one => string.Equals(one.Key, label, StringComparison.OrdinalIgnoreCase)).OrderBy(one => one.Key, StringComparer.Ordinal)
            .Select(one => one.Value).FirstOrDefault();

    static PublisherCommand? ReadCommand(Digest artifact, JsonElement element, Recipe recipe)
    {
        var title = Bounded(element.Member("title").Text()) ?? "";
        var member = element.Member("command");
        var source = artifact.Value;
        if (member is { ValueKind: JsonValueKind.String })
            return Bounded(member.Text()) is { } line ? ReadLine(source, title, line, recipe) : null;
        var words = member.Words();
        if (words.Count == 0 || words.Sum(word => word.Length) > MaxTextLength)
            return null;
        var arguments = words.Select(word => RunLabel.Fill(word, recipe.Name, recipe.Reference)).ToList();
        return new PublisherCommand(source, title, ShellText.Join(words), arguments, RedFlags.Of(arguments, argument => IsOurs(argument, recipe)));
    }

    static PublisherVariable? ReadVariable(JsonElement element) =>
        element.Member("name").Text() is { } name && RecipeOptions.IsVariableName(name)
            ? new PublisherVariable(name, Bounded(element.Member("description").Text()), element.Member("required")?.ValueKind == JsonValueKind.True, Bounded(element.Member("default").Text()))
            : null;

    static PublisherCommand ReadLine(string source, string title, string text, Recipe recipe)
    {
        if (!ShellText.TrySplit(text, out var words) || RunLabel.Read(text, recipe.Name, recipe.Reference) is not { } arguments)
            return new PublisherCommand(source, title, text, [], [new RedFlag(Visible.Line(text, 80), "is no command: a quote is not closed")]);
        // A usage is often prose.
        if (title == "usage" && words.Words is not [("podman" or "docker" or "sudo"), ..])
            return new PublisherCommand(source, title, text, [], []);
        var flags = RedFlags.Of(arguments, argument => IsOurs(argument, recipe)).ToList();
        if (words.HasOperators)
            flags.Add(new RedFlag(Visible.Line(text, 80), "is more than one command, or moves its input or output"));
        if (HasOtherExpansions(text))
            flags.Add(new RedFlag(Visible.Line(text, 80), "has the shell put something else in the place of a part"));
        if (!Visible.Is(text.Replace('\n', ' ').Replace('\t', ' ').Replace('\r', ' ')))
            flags.Add(new RedFlag(Visible.Line(text, 80), "holds characters that cannot be seen, or that change the direction of others"));
        return new PublisherCommand(source, title, text, arguments, flags);
    }

    // Besides the names, of which it is known what they stand for.
    static bool HasOtherExpansions(string text)
    {
        foreach (var name in (string[])["NAME", "IMAGE"])
            text = text.Replace($"${{{name}}}", name, StringComparison.Ordinal).Replace($"${name}", name, StringComparison.Ordinal);
        return ShellText.TrySplit(text, out var words) && words.HasExpansions;
    }

    static bool IsOurs(string argument, Recipe recipe)
    {
        var repository = $"{recipe.Image.Host}/{recipe.Image.Name}";
        return argument == repository || argument.StartsWith($"{repository}:", StringComparison.Ordinal) || argument.StartsWith($"{repository}@", StringComparison.Ordinal);
    }

    static string? Bounded(string? text) => text is { Length: <= MaxTextLength } ? text : null;
}
