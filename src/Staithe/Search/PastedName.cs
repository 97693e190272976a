using System.Text.RegularExpressions;
using Staithe.Oci;

namespace Staithe.Search;

/// <summary>
/// An image as people paste it into a search: with a registry's address, a tag, a digest or a scheme, in a command, or as the address of a page. Whose address
/// stands before it does not count: the same image may have come here from there.
/// </summary>
/// <param name="Repository">The repository without the address; empty for a page of a space.</param>
/// <param name="Space">The space whose page it is; empty for an image.</param>
internal sealed partial record PastedName(string Repository, string Space)
{
    static readonly string[] Commands =
        ["docker", "podman", "nerdctl", "buildah", "skopeo", "crane", "regctl", "oras", "helm", "cosign", "ctr", "crictl", "trivy", "grype", "syft", "apptainer", "singularity", "staithe", Cluster];

    const int Sha256Letters = 64; // of the digest without the algorithm's name

    const string Cluster = "kubectl", ImageOption = "--image";

    // What stands around a name in prose, Markdown, YAML and JSON.
    static readonly char[] Around = ['"', '\'', '`', '<', '>', '(', ')', ',', ';', '\u201c', '\u201d', '\u2018', '\u2019', '\u00ab', '\u00bb'];

    /// <summary>Reads a whole search; null for one that is no pasted image.</summary>
    public static PastedName? TryRead(string text)
    {
        string[] words = [.. text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(word => word.Trim(Around)).Where(word => word.Length > 0)];
        // The prompt of a shell, an item of a YAML list, and who runs the command.
        while (words is ["$" or "#" or "%" or "-" or "sudo" or "doas", _, ..])
            words = words[1..];
        return words switch
        {
            [var only] => Read(Value(only) ?? only, isTold: Value(only) is not null),
            [var key, var image] when key.EndsWith(':') && key.TrimEnd(':').Trim(Around) == "image" => Read(image, isTold: true),
            ["FROM", _, ..] => OfBuild(words),
            ["from", _, ..] => OfBuild(words) is { } found && words.Any(word => Read(word, isTold: false) is not null) ? found : null,
            [var command, _, ..] when Commands.Contains(command) => OfCommand(command, words[1..]),
            _ => null,
        };
    }

    /// <summary>A digest alone, which may be that of an image, a config or a layer; null for anything else.</summary>
    public static Digest? TryReadDigest(string text)
    {
        var word = text.Trim().Trim(Around);
        return Digest.TryParse(word.Length == Sha256Letters ? $"sha256:{word.ToLowerInvariant()}" : word, out var digest) && digest.Algorithm is not null ? digest : null;
    }

    // Image=NAME of a Quadlet, --image=NAME of a command.
    static string? Value(string word) =>
        word.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals && word[..equals].TrimStart('-').Equals("image", StringComparison.OrdinalIgnoreCase) ? word[(equals + 1)..].Trim(Around) : null;

    // FROM --platform=P NAME AS STAGE
    static PastedName? OfBuild(string[] words) => words.Skip(1).FirstOrDefault(word => !word.StartsWith("--", StringComparison.Ordinal)) is { } image ? Read(image, isTold: true) : null;

    static PastedName? OfCommand(string command, string[] words)
    {
        var option = Array.FindIndex(words, word => word == ImageOption || word.StartsWith($"{ImageOption}=", StringComparison.Ordinal));
        if (option >= 0)
            return Value(words[option]) is { } told ? Read(told, isTold: true) : option + 1 < words.Length ? Read(words[option + 1], isTold: true) : null;
        // kubectl set image deployment/web web=NAME; its other words with a slash are resources.
        return command == Cluster
            ? words.Where(word => word.IndexOf('=', StringComparison.Ordinal) > 0).Select(word => Read(word[(word.IndexOf('=', StringComparison.Ordinal) + 1)..], isTold: false)).FirstOrDefault(found => found is not null)
            : OfCommand(words);
    }

    // What has an address or a path is the image and no port, name or subcommand; without any such word it is the last.
    static PastedName? OfCommand(string[] words)
    {
        string[] candidates = [.. words.Where(word => !word.StartsWith('-') && !word.Contains('=', StringComparison.Ordinal) && !word.StartsWith('/'))];
        return candidates.Where(word => word.Contains('/', StringComparison.Ordinal)).Select(word => Read(word, isTold: true)).FirstOrDefault(found => found is not null)
            ?? (candidates is [_, .., var last] ? Read(last, isTold: true) : null);
    }

    // isTold: a command says that it is an image, so that it need not look like nothing else.
    static PastedName? Read(string word, bool isTold)
    {
        var scheme = Scheme().Match(word);
        var isAddress = scheme.Success;
        var rest = word[scheme.Length..];
        if (isAddress || word.StartsWith('/'))
            rest = Uri.UnescapeDataString(rest.Split('?', '#')[0]); // %2F for a slash, as some browsers and programs write it
        var isUrl = scheme.Value.StartsWith("http", StringComparison.OrdinalIgnoreCase) && rest.Contains('/', StringComparison.Ordinal); // its first part is a host, whatever it looks like
        var hasHost = !rest.StartsWith('/') && (isUrl || Host().IsMatch(rest)) && (isAddress || !IsField(rest.Split(':')[0])); // port:80/tcp
        rest = hasHost ? rest[(rest.IndexOf('/', StringComparison.Ordinal) + 1)..] : rest.TrimStart('/');
        var isPage = (isAddress || hasHost || word.StartsWith('/')) && Page().Match(rest) is { Success: true };
        if (isPage && Page().Match(rest) is { } page)
        {
            rest = page.Groups["rest"].Value;
            if (page.Groups["space"].Success)
                return RepositoryName.TryParse(rest.Split('/')[0], out _) ? new PastedName("", rest.Split('/')[0]) : null;
            rest = Behind().Replace(rest, "");
        }
        var name = rest.TrimEnd('/');
        var end = name.IndexOfAny([':', '@']);
        var hasReference = end > 0;
        // A page of files goes on behind the tag.
        name = hasReference ? name[..end] : name;
        if (name.StartsWith("library/", StringComparison.Ordinal))
            name = name["library/".Length..];
        if (!RepositoryName.TryParse(name, out _))
            return null;
        return isTold || isAddress || hasHost || isPage || (hasReference && name.Contains('/', StringComparison.Ordinal) && IsReference(rest[end..])) ? new PastedName(name, "") : null;
    }

    static bool IsField(string text) => SearchQuery.Fields.Any(known => known.Field.Equals(text.TrimStart('-'), StringComparison.OrdinalIgnoreCase));

    static bool IsReference(string text) => TagName.TryParse(text[1..].Split('@')[0], out _) || Digest.TryParse(text[1..], out _);

    [GeneratedRegex(@"\A(https?|oci|docker|docker-daemon|containers-storage|registry)://", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Scheme();

    [GeneratedRegex(@"\A(localhost(:[0-9]+)?|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]+)?|[A-Za-z0-9-]+:[0-9]+|\[[0-9A-Fa-f:]+\](:[0-9]+)?)/", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Host();

    [GeneratedRegex(@"\A((r|run|f|v2|feeds/r)|(?<space>spaces|settings|feeds/spaces))/(?<rest>.+)\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Page();

    // What follows the name in addresses of /v2 and of feeds.
    [GeneratedRegex(@"(/(manifests|blobs|tags|referrers)/.*|\.(atom|json))\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex Behind();
}
