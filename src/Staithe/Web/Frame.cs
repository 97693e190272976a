using Staithe.Clients;

namespace Staithe.Web;

/// <summary>What every page shows around its content.</summary>
/// <param name="Host">The registry's name as the client knows it, with its port.</param>
/// <param name="User">Who is signed in, or null.</param>
/// <param name="IsAdmin">Whether they may manage the registry as a whole.</param>
/// <param name="IsOpen">Whether the registry has no accounts.</param>
/// <param name="FormToken">What a form sends along to show that it is one of ours.</param>
/// <param name="Path">The page's own path and query, to come back to.</param>
public sealed record Frame(string Host, string? User, bool IsAdmin, bool IsOpen, string FormToken, string Path)
{
    /// <summary>What the form before this page has done; null for nothing.</summary>
    public string? Done { get; init; }

    /// <summary>Whether the registry was reached without TLS.</summary>
    public bool IsPlainHttp { get; init; }

    /// <summary>Writes the commands that a page shows.</summary>
    internal ClientCommands Clients => new(Host, IsPlainHttp);
}
