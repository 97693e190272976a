using System.Text;
using System.Text.Json;

namespace Staithe.Oci.Client;

/// <summary>What a client was given when somebody logged in.</summary>
/// <param name="User">The name; empty with an identity token.</param>
/// <param name="Password">The password, or a token in its place.</param>
/// <param name="IdentityToken">A refresh token, which docker keeps instead of a password.</param>
public sealed record Credential(string User, string Password, string? IdentityToken)
{
    const long MaxFileBytes = 1024 * 1024;

    /// <summary>The <c>Authorization</c> header of RFC 7617.</summary>
    public string Basic => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{User}:{Password}"))}";

    /// <summary>What podman, skopeo or docker have written down for a registry: the first file that has it counts.</summary>
    /// <param name="environment">The environment variables, which name the files.</param>
    /// <param name="authority">The registry, as people write it before a repository.</param>
    /// <param name="repository">The repository: podman can log in to a part of a registry. Null for the registry as a whole.</param>
    public static Credential? Find(IReadOnlyDictionary<string, string> environment, string authority, RepositoryName? repository)
    {
        foreach (var file in Files(environment))
        {
            if (Read(file, authority, repository) is { } credential)
                return credential;
        }
        return null;
    }

    /// <summary>Where they are looked for, in this order.</summary>
    public static IReadOnlyList<string> Files(IReadOnlyDictionary<string, string> environment)
    {
        string? Value(string name) => environment.TryGetValue(name, out var value) && value.Length > 0 ? value : null;
        if (Value("REGISTRY_AUTH_FILE") is { } only)
            return [only];
        var home = Value("HOME") ?? "/";
        var files = new List<string>();
        if (Value("XDG_RUNTIME_DIR") is { } runtime)
            files.Add(Path.Combine(runtime, "containers/auth.json"));
        files.Add(Path.Combine(Value("XDG_CONFIG_HOME") ?? Path.Combine(home, ".config"), "containers/auth.json"));
        files.Add(Path.Combine(Value("DOCKER_CONFIG") ?? Path.Combine(home, ".docker"), "config.json"));
        return files;
    }

    static Credential? Read(string file, string authority, RepositoryName? repository)
    {
        try
        {
            if (new FileInfo(file) is not { Exists: true, Length: <= MaxFileBytes })
                return null;
            using var document = JsonDocument.Parse(File.ReadAllBytes(file));
            var all = document.RootElement.Member("auths");
            // The longest part of the name first, then the registry, which docker may write as a URL.
            for (var part = repository?.Value ?? ""; part.Length > 0; part = part.LastIndexOf('/') is > 0 and var slash ? part[..slash] : "")
            {
                if (Read(all.Member($"{authority}/{part}")) is { } narrow)
                    return narrow;
            }
            return Read(all.Member(authority)) ?? Read(all.Member($"https://{authority}")) ?? Read(all.Member($"http://{authority}"));
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            return null; // as good as none: then the registry says that it wants one
        }
    }

    static Credential? Read(JsonElement? entry)
    {
        var identityToken = entry.Member("identitytoken").Text();
        if (entry.Member("auth").Text() is not { } text)
            return identityToken is null ? null : new Credential("", "", identityToken);
        var bytes = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, bytes, out var length))
            return null;
        var pair = Encoding.UTF8.GetString(bytes, 0, length);
        var colon = pair.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 ? null : new Credential(pair[..colon], pair[(colon + 1)..], identityToken);
    }
}
