using Staithe.Clients;
using Staithe.Oci;

namespace Staithe.Commands;

/// <summary>The registry that a command asks, as people write it.</summary>
internal static class RegistryUrl
{
    /// <summary>The one that is asked when nobody names one.</summary>
    public const string Usual = "http://localhost:5000";

    /// <summary>The commands of clients for that one.</summary>
    public static ClientCommands UsualClients { get; } = ClientCommands.For(new Uri(Usual));

    /// <summary>Reads it. Without a scheme: TLS, but not on this machine, where it is rare.</summary>
    /// <exception cref="OciException">It is no URL, or one with more than a host.</exception>
    public static Uri Read(string text)
    {
        if (!text.Contains("://", StringComparison.Ordinal))
            text = $"{(Uri.TryCreate($"http://{text}", UriKind.Absolute, out var bare) && bare.IsLoopback ? "http" : "https")}://{text}";
        return Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url is { AbsolutePath: "/", Query: "", UserInfo: "" }
            ? url
            : throw new OciException(OciError.ParameterInvalid, $"--registry {OciException.Quote(text)}: expected a URL without a path, such as https://registry.example");
    }
}
