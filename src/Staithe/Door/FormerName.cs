using System.Globalization;
using System.Text;
using Microsoft.Extensions.Primitives;
using Staithe.Oci;

namespace Staithe.Door;

/// <summary>
/// What an answer says when a repository was asked for by a name that it had before: a warning with the new one, as the distribution-spec writes
/// warnings ("Warnings", RFC 7234 section 5.5). Clients go on by the name that they began with, since it is the one that they have a token for.
/// </summary>
internal static class FormerName
{
    /// <summary>The most bytes that a client need take.</summary>
    public const int MaxWarningBytes = 4096;

    /// <summary>To be called before the answer, and only when the caller may know that the repository is there.</summary>
    public static void Tell(HttpContext http, RepositoryName asked, RepositoryName present)
    {
        http.Response.Headers.Warning = Warning($"{asked} is called {present} now: use that name");
        http.Response.OnStarting(() =>
        {
            http.Response.Headers.Location = Keep(http.Response.Headers.Location, $"/v2/{present}/", $"/v2/{asked}/");
            http.Response.Headers.Link = Keep(http.Response.Headers.Link, $"</v2/{present}/", $"</v2/{asked}/");
            return Task.CompletedTask;
        });
    }

    /// <summary>A warning as a header's value: code 299, no agent, no date; the text in quotes, in ASCII, cut to what may be sent.</summary>
    public static string Warning(string text)
    {
        const string Begin = "299 - \"";
        var value = new StringBuilder(Begin);
        foreach (var rune in text.EnumerateRunes())
        {
            var written = rune.Value switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                >= ' ' and <= '~' => rune.ToString(),
                _ => string.Create(CultureInfo.InvariantCulture, $"\\\\u{rune.Value:x4}"),
            };
            if (value.Length + written.Length >= MaxWarningBytes)
                break;
            value.Append(written);
        }
        return value.Append('"').ToString();
    }

    static StringValues Keep(StringValues header, string present, string asked) =>
        header is [{ } value] && value.StartsWith(present, StringComparison.Ordinal) ? asked + value[present.Length..] : header;
}
