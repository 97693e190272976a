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
    static readonly string[] Commands = ["docker", "podman", "nerdctl", "buildah", "skopeo", "crane", "oras", "helm", "cosign", "ctr", "crictl", "staithe", "sudo"];

    /// <summary>Reads a whole search; null for one that is no pasted image.</summary>
    public static PastedName? TryRead(string text)
    {
        var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return words switch
        {
            [var only] => Read(only, isTold: false),
            [var command, _, ..] when Commands.Contains(command) => OfCommand([.. words.Skip(1)]),
            _ => null,
        };
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
        var isAddress = Scheme().Match(word) is { Success: true };
        var rest = Scheme().Replace(word, "");
        if (isAddress || word.StartsWith('/'))
            rest = rest.Split('?', '#')[0];
        var hasHost = !rest.StartsWith('/') && Host().IsMatch(rest) && (isAddress || !IsField(rest.Split(':')[0])); // port:80/tcp
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
