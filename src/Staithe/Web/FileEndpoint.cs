using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Unicode;
using Staithe.Content;
using Staithe.Door;
using Staithe.Files;
using Staithe.Oci;
using Staithe.Telemetry;
using Staithe.Transport;

namespace Staithe.Web;

/// <summary>
/// Files out of images: <c>/f/NAME:TAG/etc/os-release</c>. Who may pull the manifest may read its files; nobody else learns that it is there.
/// What is in an image is anybody's: it goes out as plain text or bytes that no browser takes for a page.
/// </summary>
/// <param name="lookup">What a name means.</param>
/// <param name="contents">The insides of images.</param>
/// <param name="gate">Lets a request on that may pull the image.</param>
/// <param name="guard">Turns what is thrown into the answer.</param>
/// <param name="pages">The face for people: a browser gets directories, and what goes wrong, as pages.</param>
/// <param name="access">Lets those on who come with a browser.</param>
/// <param name="attachments">Counts what is attached, for the page of a directory.</param>
internal sealed class FileEndpoint(
    ImageLookup lookup, ImageContents contents, Gate gate, Func<HttpContext, Func<Task>, Task> guard, WebEndpoint pages, PageAccess access, AttachmentReader attachments)
{
    const string Prefix = "/f/";
    const int PieceBytes = 256 * 1024;
    const int SniffedBytes = 4096;
    const int MaxListed = 10_000;
    const int MaxHinted = 20; // names in a message
    static readonly string[] Parameters = ["platform", "layer", "after"];

    /// <summary>Whether the path is one of these.</summary>
    public static bool Takes(string path) => path.StartsWith(Prefix, StringComparison.Ordinal);

    public Task HandleAsync(HttpContext http, string path, RequestFacts facts) => IsBrowser(http.Request)
        ? pages.RunAsync(http, path, facts, visit => AnswerAsync(http, path, facts, visit))
        : guard(http, () => AnswerAsync(http, path, facts, null));

    // A program that says who it is wants the registry's own answers, whatever it takes besides.
    static bool IsBrowser(HttpRequest request) => request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase) && request.Headers.Authorization.Count == 0;

    async Task AnswerAsync(HttpContext http, string path, RequestFacts facts, Visit? visit)
    {
        await WorkerThread.SwitchAsync();
        if (!HttpMethods.IsGet(http.Request.Method) && !HttpMethods.IsHead(http.Request.Method))
            throw new OciException(OciError.Unsupported, "files of images can be read, and nothing else") { Headers = new Dictionary<string, string> { ["Allow"] = "GET, HEAD" } };
        var decoded = string.Join('/', path[Prefix.Length..].Split('/').Select(Decode));
        if (!ImageName.TryReadPath(decoded, out var name, out var file))
            throw new OciException(OciError.EndpointUnknown, "say which image and file: /f/NAME:TAG/PATH or /f/NAME@DIGEST/PATH");
        facts.Repository = name.Repository.Value;
        var (platform, layer) = ReadQuery(http.Request);
        var reach = visit is null ? null : await access.FindAsync(visit, name.Repository);
        if (visit is not null && reach is null)
        {
            await PageAccess.RefuseAsync(visit); // perhaps with the page to sign in, not the browser's own question
            return;
        }
        name = name with { Repository = reach?.Name ?? (await gate.AdmitToReadAsync(http, new OciRoute.Manifest(name.Repository, name.Reference))).Route.Name };
        var image = await lookup.GetAsync(name, platform, http.RequestAborted);
        using var files = await contents.OpenAsync(image, http.RequestAborted);
        if (layer > files.Layers.Count)
            throw new OciException(OciError.EndpointUnknown, $"{name} has {files.Layers.Count} layers");
        await SendAsync(http, path, image, files, layer, file, facts, visit);
    }

    static string Decode(string part)
    {
        var text = Uri.UnescapeDataString(part);
        return text.AsSpan().IndexOfAny('/', '\0') < 0 ? text : throw new OciException(OciError.EndpointUnknown, "no name in an image has a slash or a NUL in it");
    }

    static (Platform? Platform, int? Layer) ReadQuery(HttpRequest request)
    {
        if (request.Query.Keys.FirstOrDefault(key => !Parameters.Contains(key)) is { } unknown)
            throw new OciException(OciError.ParameterInvalid, $"there is no parameter \"{OciException.Quote(unknown)}\"; there are {string.Join(", ", Parameters)}");
        Platform? platform = null;
        if (request.Query["platform"] is [{ } text] && !Platform.TryParse(text, out platform))
            throw new OciException(OciError.ParameterInvalid, $"platform is \"{OciException.Quote(text)}\": it must be OS/ARCHITECTURE, such as linux/arm64");
        if (request.Query["layer"] is not [{ } number])
            return (platform, null);
        return int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var layer) && layer > 0
            ? (platform, layer)
            : throw new OciException(OciError.ParameterInvalid, "layer must be a number from 1, which is the lowest layer");
    }

    async Task SendAsync(HttpContext http, string path, FoundImage image, ImageFiles whole, int? layer, string file, RequestFacts facts, Visit? visit)
    {
        var files = layer is { } number ? whole.Only(number - 1) : whole;
        var entry = files.Find(file) ?? throw NoSuchFile(image, files, file);
        http.Response.Headers["Docker-Content-Digest"] = image.Row.Digest;
        // A digest always means the same; but rights change, so nobody else may keep it.
        http.Response.Headers.CacheControl = image.Name.Reference.Digest is null ? "private, no-cache" : "private, max-age=31536000, immutable";
        if (entry.IsDirectory && !path.EndsWith('/'))
        {
            http.Response.StatusCode = StatusCodes.Status301MovedPermanently;
            http.Response.Headers.CacheControl = "private, no-cache";
            http.Response.Headers.Location = $"{path}/{http.Request.QueryString}";
            return;
        }
        if (!entry.IsDirectory && path.EndsWith('/'))
            throw NoSuchFile(image, files, file);
        switch (entry.Node.Type)
        {
            case EntryType.Directory when visit is not null:
                http.Response.Headers.CacheControl = "no-store"; // a page has its reader in it
                http.Response.Headers.Vary = "Accept";
                var attached = await attachments.ListAsync(image, await attachments.ListReferrersAsync(image, http.RequestAborted), isDeep: false, http.RequestAborted);
                var clients = await visit.ClientsAsync(image, contents);
                var listing = FileListing.Of(image, whole, files, entry, layer, http.Request.Query, clients) with
                {
                    Notes = await contents.ListNotesAsync(image, http.RequestAborted),
                };
                await visit.SendAsync<FilesPage, FilesView>(FilesView.Of(image, listing, attached.Count));
                break;
            case EntryType.Directory:
                await SendListAsync(http, image, files, entry, await contents.ListNotesAsync(image, http.RequestAborted));
                break;
            case EntryType.File when entry.Node.Flags.HasFlag(NodeFlags.Sparse):
                throw new OciException(new OciError(OciError.Unsupported.Code, StatusCodes.Status422UnprocessableEntity), $"{entry.Path} is a file with holes, which cannot be read in its layer: pull the image");
            case EntryType.File:
                await SendFileAsync(http, files, entry, facts);
                break;
            default:
                throw new OciException(OciError.EndpointUnknown, $"{entry.Path} is a {Kind(entry)}, which has no content");
        }
    }

    // With what there is where the path leaves what there is.
    static OciException NoSuchFile(FoundImage image, ImageFiles files, string file)
    {
        var parent = file.Trim('/');
        ImageEntry? directory = null;
        while (directory is null && parent.Length > 0)
        {
            parent = parent.LastIndexOf('/') is > 0 and var slash ? parent[..slash] : "";
            directory = files.Find(parent) is { IsDirectory: true } found ? found : null;
        }
        var names = files.List(directory ?? files.Root).Take(MaxHinted + 1).Select(entry => OciException.Quote(entry.Name)).ToList();
        var there = names.Count == 0 ? "is empty" : $"has {string.Join(", ", names.Take(MaxHinted))}{(names.Count > MaxHinted ? ", …" : "")}";
        return new OciException(OciError.EndpointUnknown, $"{image.Name} has no file {OciException.Quote(file.Length == 0 ? "/" : file)}; /{OciException.Quote(parent)} {there}");
    }

    async Task SendFileAsync(HttpContext http, ImageFiles files, ImageEntry file, RequestFacts facts)
    {
        var response = http.Response;
        var (size, tag) = (file.Node.Size, $"\"{file.Digest}\"");
        response.Headers.AcceptRanges = "bytes";
        response.Headers.ETag = tag;
        // No If-Modified-Since: images that are built to be the same again have the same time on everything.
        if (ForeignTime.FromUnixSeconds(file.Node.Modified) is { } modified)
            response.Headers.LastModified = modified.ToString("R", CultureInfo.InvariantCulture);
        if (http.Request.Headers.IfNoneMatch.SelectMany(value => value?.Split(',') ?? []).Any(value => value.Trim() is "*" || value.Trim().Replace("W/", "", StringComparison.Ordinal) == tag))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }
        using var reader = contents.Read(files);
        var buffer = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            var first = (int)Math.Min(size, SniffedBytes);
            await ReadAsync(http, reader, file, 0, buffer.AsMemory(0, first));
            response.ContentType = IsText(buffer.AsSpan(0, first), first < size) ? "text/plain; charset=utf-8" : "application/octet-stream";
            var (offset, length) = Choose(http, size, tag);
            response.ContentLength = length;
            if (HttpMethods.IsHead(http.Request.Method))
                return;
            for (var end = offset + length; offset < end;)
            {
                var piece = buffer.AsMemory(0, (int)Math.Min(PieceBytes, end - offset));
                await ReadAsync(http, reader, file, offset, piece);
                await response.Body.WriteAsync(piece, http.RequestAborted);
                ConnectionSeat.Of(http)?.Moved();
                await WorkerThread.SwitchAsync();
                offset += piece.Length;
                facts.BytesSent += piece.Length;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    // One range as it is; more than one is answered with all of it, as RFC 9110 allows.
    static (long Offset, long Length) Choose(HttpContext http, long size, string tag)
    {
        var holds = http.Request.Headers.IfRange is not [{ } condition] || condition == tag;
        switch (holds ? ByteRanges.Parse(http.Request.Headers.Range, size) : null)
        {
            case []:
                throw new OciException(OciError.RangeInvalid, $"the file has {size} bytes; none of them is in the range asked for") { Headers = new Dictionary<string, string> { ["Content-Range"] = $"bytes */{size}" } };
            case [var range]:
                http.Response.StatusCode = StatusCodes.Status206PartialContent;
                http.Response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes {range.Offset}-{range.Offset + range.Length - 1}/{size}");
                return (range.Offset, range.Length);
            default:
                return (0, size);
        }
    }

    static Task<bool> ReadAsync(HttpContext http, LayerReader reader, ImageEntry file, long offset, Memory<byte> target) => ImageContents.InTurnAsync(
        () =>
        {
            reader.Read(file, offset, target.Span);
            return true;
        },
        http.RequestAborted);

    // UTF-8 without what no text has; the last character of a piece may be cut.
    static bool IsText(ReadOnlySpan<byte> bytes, bool isCut)
    {
        for (var cut = 0; isCut && cut < 3 && bytes.Length > 0 && bytes[^1] >= 0x80; cut++)
            bytes = bytes[..^1];
        if (isCut && bytes.Length > 0 && bytes[^1] >= 0xC0)
            bytes = bytes[..^1];
        foreach (var one in bytes)
        {
            if (one is < 0x20 and not ((byte)'\t' or (byte)'\n' or (byte)'\r' or 0x0C or 0x1B or 0x08))
                return false;
        }
        return Utf8.IsValid(bytes);
    }

    static async Task SendListAsync(HttpContext http, FoundImage image, ImageFiles files, ImageEntry directory, IReadOnlyList<ImageNote> notes)
    {
        var after = http.Request.Query["after"].ToString();
        var entries = files.List(directory).Where(entry => string.CompareOrdinal(entry.Name, after) > 0).Take(MaxListed + 1).ToList();
        var next = entries.Count > MaxListed ? entries[MaxListed - 1].Name : null;
        var shown = entries.Take(MaxListed).Select(entry => (Entry: entry, Shown: entry.Node.Type == EntryType.HardLink ? files.Find(entry.Path) ?? entry : entry)).ToList();
        http.Response.Headers.Vary = "Accept";
        if (http.Request.Headers.Accept.ToString().Contains("application/json", StringComparison.OrdinalIgnoreCase))
            await WholeBody.SendAsync(http, "application/json", WriteJson(directory, shown, next, notes));
        else
            await FileListPage.SendAsync(http, image, directory, shown, next, notes);
    }

    static byte[] WriteJson(ImageEntry directory, List<(ImageEntry Entry, ImageEntry Shown)> entries, string? next, IReadOnlyList<ImageNote> notes)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteString("path", directory.Path);
            json.WriteStartArray("entries");
            foreach (var (entry, shown) in entries)
            {
                var node = shown.Node;
                json.WriteStartObject();
                json.WriteString("name", entry.Name);
                json.WriteString("type", Kind(shown));
                if (node.Type == EntryType.File)
                {
                    json.WriteNumber("size", node.Size);
                    json.WriteString("digest", shown.Digest);
                }
                json.WriteString("mode", Convert.ToString(node.Mode, 8).PadLeft(4, '0'));
                json.WriteNumber("uid", node.UserId);
                json.WriteNumber("gid", node.GroupId);
                if (ForeignTime.FromUnixSeconds(node.Modified) is { } modified)
                    json.WriteString("modifiedAt", modified);
                if (shown.Link.Length > 0)
                    json.WriteString("link", shown.Link);
                if (node.Flags.HasFlag(NodeFlags.Opaque))
                    json.WriteBoolean("opaque", true);
                json.WriteNumber("layer", entry.Layer + 1);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteString("next", next);
            json.WriteBoolean("complete", !notes.Any(note => note.IsMissing));
            json.WriteStartArray("notes");
            foreach (var note in notes)
            {
                json.WriteStartObject();
                json.WriteString("kind", note.Kind);
                json.WriteString("what", note.What);
                json.WriteString("why", note.Why);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return stream.ToArray();
    }

    /// <summary>What an entry is, in a word.</summary>
    public static string Kind(ImageEntry entry) => entry.Node.Type switch
    {
        EntryType.File => "file",
        EntryType.Directory => "directory",
        EntryType.SymbolicLink => "link",
        EntryType.HardLink => "hardlink",
        EntryType.Whiteout => "whiteout",
        EntryType.Fifo => "fifo",
        _ => "device",
    };
}
