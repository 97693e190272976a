using System.Security.Cryptography;
using Staithe.Transport;

namespace Staithe.Web;

/// <summary>The style, the script and the drawing of the pages. Their names hold their digests, so a browser asks once.</summary>
internal sealed class PageFiles : IWebHandler
{
    const string Prefix = "/assets/";

    static readonly Dictionary<string, (string ContentType, byte[] Content)> Files = new(StringComparer.Ordinal);

    /// <summary>Where the style is.</summary>
    public static string Style { get; } = Add("staithe.css", "text/css; charset=utf-8");

    /// <summary>Where the script is.</summary>
    public static string Script { get; } = Add("staithe.js", "text/javascript; charset=utf-8");

    /// <summary>Where the icon is.</summary>
    public static string Icon { get; } = Add("staithe.svg", "image/svg+xml");

    public bool Takes(string path) => IsFile(path);

    /// <summary>Whether the path is one of theirs, or looks like it.</summary>
    public static bool IsFile(string path) => path.StartsWith(Prefix, StringComparison.Ordinal) || path == "/favicon.ico";

    public Task HandleAsync(Visit visit)
    {
        var path = visit.Path == "/favicon.ico" ? Icon : visit.Path;
        if (!Files.TryGetValue(path, out var file))
            return visit.SendNothingAsync("Not here", "There is no such file.");
        visit.Http.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        return WholeBody.SendAsync(visit.Http, file.ContentType, file.Content);
    }

    static string Add(string name, string contentType)
    {
        using var stream = typeof(PageFiles).Assembly.GetManifestResourceStream($"assets/{name}") ?? throw new InvalidOperationException($"{name} was not built in");
        var content = new byte[stream.Length];
        stream.ReadExactly(content);
        var path = $"{Prefix}{Path.GetFileNameWithoutExtension(name)}.{Convert.ToHexStringLower(SHA256.HashData(content))[..16]}{Path.GetExtension(name)}";
        Files[path] = (contentType, content);
        return path;
    }
}
