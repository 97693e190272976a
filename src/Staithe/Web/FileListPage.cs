using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Staithe.Content;
using Staithe.Files;
using Staithe.Oci;
using Staithe.Transport;

namespace Staithe.Web;

/// <summary>A directory of an image as a page. Every name in it is hostile text.</summary>
internal static class FileListPage
{
    const string Style = "body{font:1rem/1.5 system-ui,sans-serif;margin:0;padding:1rem;color-scheme:light dark}main{max-width:60rem;margin:auto}table{border-collapse:collapse;width:100%}th{text-align:left}td,th{padding:.1rem .8rem .1rem 0;vertical-align:top}.n{text-align:right;font-variant-numeric:tabular-nums}td:first-child{overflow-wrap:anywhere}";

    static readonly string Policy = $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static Task SendAsync(HttpContext http, FoundImage image, ImageEntry directory, IReadOnlyList<(ImageEntry Entry, ImageEntry Shown)> entries, string? next, IReadOnlyList<ImageNote> notes)
    {
        var title = Encode($"{image.Name} {Visible(directory.Path)}");
        var query = http.Request.QueryString.Value is { Length: > 0 } text && !text.Contains("after=", StringComparison.Ordinal) ? text : "";
        var rows = new StringBuilder();
        if (directory.Path != "/")
            rows.Append(CultureInfo.InvariantCulture, $"<tr><td><a href=\"../{Encode(query)}\">..</a></td><td></td><td></td><td></td></tr>\n");
        foreach (var (entry, shown) in entries)
            rows.Append(Row(entry, shown, query));
        var said = string.Concat(notes.Select(note => $"<li>{Encode(Visible(note.ToString()))}</li>"));
        var unread = notes.Count == 0 ? "" : $"<ul>{said}</ul>";
        var more = next is null ? "" : $"<p><a href=\"?{Encode($"after={Uri.EscapeDataString(next)}{query.Replace('?', '&')}")}\">More</a></p>";
        http.Response.Headers.ContentSecurityPolicy = Policy;
        http.Response.Headers["Referrer-Policy"] = "no-referrer";
        return WholeBody.SendAsync(http, "text/html; charset=utf-8", Encoding.UTF8.GetBytes($"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width">
            <title>{title} - Staithe</title>
            <style>{Style}</style>
            </head>
            <body>
            <main>
            <h1>{title}</h1>
            {unread}
            <table>
            <thead><tr><th scope="col">Name</th><th scope="col" class="n">Size</th><th scope="col">Mode</th><th scope="col">Changed</th></tr></thead>
            <tbody>
            {rows}</tbody>
            </table>
            {more}
            </main>
            </body>
            </html>

            """));
    }

    static string Row(ImageEntry entry, ImageEntry shown, string query)
    {
        var slash = shown.IsDirectory ? "/" : "";
        var name = Encode(Visible(entry.Name) + slash);
        // "./" keeps a name with a colon from being taken for an address.
        var link = shown.Node.Type is EntryType.File or EntryType.Directory or EntryType.SymbolicLink ? $"<a href=\"{Encode($"./{Uri.EscapeDataString(entry.Name)}{slash}{query}")}\">{name}</a>" : name;
        var target = shown.Node.Type == EntryType.SymbolicLink ? $" → {Encode(Visible(shown.Link))}" : shown.Node.Type is EntryType.File or EntryType.Directory ? "" : $" ({FileEndpoint.Kind(shown)})";
        var size = shown.Node.Type == EntryType.File ? shown.Node.Size.ToString("N0", CultureInfo.InvariantCulture) : "";
        var time = ForeignTime.FromUnixSeconds(shown.Node.Modified)?.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) ?? "";
        return $"<tr><td>{link}{target}</td><td class=\"n\">{size}</td><td>{Convert.ToString(shown.Node.Mode, 8).PadLeft(4, '0')}</td><td>{time}</td></tr>\n";
    }

    // What would turn the direction of the text, or break it, is shown as the replacement character.
    static string Visible(string text) => string.Concat(text.Select(c => char.IsControl(c) || char.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator ? '\uFFFD' : c));

    static string Encode(string text) => WebUtility.HtmlEncode(text);
}
