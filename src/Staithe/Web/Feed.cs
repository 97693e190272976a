using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Xml;
using Staithe.Search;

namespace Staithe.Web;

/// <summary>What happened to tags, as Atom (RFC 4287) or JSON Feed 1.1. What is in it came from people who push: it is text in both.</summary>
/// <param name="Root">The registry as the reader knows it: scheme and host.</param>
/// <param name="Title">What it is about.</param>
/// <param name="Page">The page about the same.</param>
/// <param name="Self">The feed's own path and query.</param>
/// <param name="Entries">What happened, newest first.</param>
internal sealed record Feed(string Root, string Title, string Page, string Self, IReadOnlyList<MoveEntry> Entries)
{
    public const string AtomType = "application/atom+xml", JsonType = "application/feed+json";

    const string AtomNamespace = "http://www.w3.org/2005/Atom";

    /// <summary>When something happened last; null when nothing has.</summary>
    public DateTimeOffset? UpdatedAt => Entries is [var newest, ..] ? DateTimeOffset.FromUnixTimeMilliseconds(newest.MovedAt) : null;

    public byte[] WriteAtom()
    {
        using var stream = new MemoryStream();
        using (var xml = XmlWriter.Create(stream, new XmlWriterSettings { Encoding = new UTF8Encoding(false), Indent = true, CloseOutput = false }))
        {
            xml.WriteStartElement("feed", AtomNamespace);
            xml.WriteElementString("id", AtomNamespace, Root + Self);
            xml.WriteElementString("title", AtomNamespace, Plain(Title));
            xml.WriteElementString("updated", AtomNamespace, Time(UpdatedAt ?? DateTimeOffset.UnixEpoch));
            WriteLink(xml, "self", AtomType, Root + Self);
            WriteLink(xml, "alternate", "text/html", Root + Page);
            foreach (var entry in Entries)
            {
                xml.WriteStartElement("entry", AtomNamespace);
                xml.WriteElementString("id", AtomNamespace, Id(entry));
                xml.WriteElementString("title", AtomNamespace, Head(entry));
                xml.WriteElementString("updated", AtomNamespace, Time(DateTimeOffset.FromUnixTimeMilliseconds(entry.MovedAt)));
                WriteLink(xml, "alternate", "text/html", Root + PageOf(entry));
                xml.WriteStartElement("author", AtomNamespace);
                xml.WriteElementString("name", AtomNamespace, Plain(entry.Actor));
                xml.WriteEndElement();
                xml.WriteElementString("content", AtomNamespace, Body(entry));
                xml.WriteEndElement();
            }
            xml.WriteEndElement();
        }
        return stream.ToArray();
    }

    public byte[] WriteJson()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.Default }))
        {
            json.WriteStartObject();
            json.WriteString("version", "https://jsonfeed.org/version/1.1");
            json.WriteString("title", Plain(Title));
            json.WriteString("home_page_url", Root + Page);
            json.WriteString("feed_url", Root + Self);
            json.WriteStartArray("items");
            foreach (var entry in Entries)
            {
                json.WriteStartObject();
                json.WriteString("id", Id(entry));
                json.WriteString("url", Root + PageOf(entry));
                json.WriteString("title", Head(entry));
                json.WriteString("content_text", Body(entry));
                json.WriteString("date_published", Time(DateTimeOffset.FromUnixTimeMilliseconds(entry.MovedAt)));
                json.WriteStartArray("authors");
                json.WriteStartObject();
                json.WriteString("name", Plain(entry.Actor));
                json.WriteEndObject();
                json.WriteEndArray();
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return stream.ToArray();
    }

    static void WriteLink(XmlWriter xml, string relation, string type, string target)
    {
        xml.WriteStartElement("link", AtomNamespace);
        xml.WriteAttributeString("rel", relation);
        xml.WriteAttributeString("type", type);
        xml.WriteAttributeString("href", target);
        xml.WriteEndElement();
    }

    // A move keeps its number when its repository gets another name (RFC 4151).
    string Id(MoveEntry entry) => string.Create(CultureInfo.InvariantCulture, $"tag:{new Uri(Root).Host},2026:move/{entry.Id}");

    static string Head(MoveEntry entry) => entry switch
    {
        { Digest: null } => $"{entry.Repository}:{entry.Tag} was deleted",
        { Before: null } => $"{entry.Repository}:{entry.Tag} was pushed",
        _ => $"{entry.Repository}:{entry.Tag} was moved",
    };

    static string Body(MoveEntry entry) => entry switch
    {
        { Digest: null } => Plain($"{entry.Actor} deleted the tag{(entry.Before is null ? "" : $", which was at {entry.Before}")}."),
        { Before: null } => Plain($"{entry.Actor} set the tag to {entry.Digest}."),
        _ => Plain($"{entry.Actor} moved the tag from {entry.Before} to {entry.Digest}."),
    };

    static string PageOf(MoveEntry entry) => entry.Digest is null ? $"/r/{entry.Repository}?view=history&tag={Uri.EscapeDataString(entry.Tag)}" : $"/r/{entry.Repository}@{entry.Digest}";

    static string Time(DateTimeOffset time) => time.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    // XML has no place for some characters, whatever way they are written.
    static string Plain(string text) => text.All(XmlConvert.IsXmlChar)
        ? text
        : string.Concat(text.EnumerateRunes().Select(rune => rune.IsBmp && !XmlConvert.IsXmlChar((char)rune.Value) ? "\uFFFD" : rune.ToString()));
}
