using System.Globalization;
using Staithe.Content;
using Staithe.Files;
using Staithe.Oci;

namespace Staithe.Web;

/// <summary>
/// The page of what is different in two images: <c>/diff?from=NAME:TAG&amp;to=NAME:TAG</c>. Who may pull both may see it. Where an image is missing it
/// asks for it.
/// </summary>
internal sealed class DiffHandler(PageAccess access, ImageLookup lookup, ImageContents contents) : IWebHandler
{
    public bool Takes(string path) => path == "/diff";

    public async Task HandleAsync(Visit visit)
    {
        var (from, to) = (visit.Query("from").Trim(), visit.Query("to").Trim());
        if (from.Length == 0 || to.Length == 0)
        {
            await visit.SendAsync<DiffPage, DiffView>(DiffView.Nothing(from, to, null));
            return;
        }
        if (!ImageName.TryParse(from, out var before) || !ImageName.TryParse(to, out var after))
        {
            var wrong = ImageName.TryParse(from, out _) ? to : from;
            await visit.SendAsync<DiffPage, DiffView>(
                DiffView.Nothing(from, to, $"“{Shown.Cut(wrong, 200)}” is no image's name: write space/name:tag or space/name@sha256:…"), StatusCodes.Status400BadRequest);
            return;
        }
        if (await access.FindAsync(visit, before.Repository) is not { } left || await access.FindAsync(visit, after.Repository) is not { } right)
        {
            await PageAccess.RefuseAsync(visit);
            return;
        }
        (before, after) = (before with { Repository = left.Name }, after with { Repository = right.Name });
        var platform = Platform.TryParse(visit.Query("platform"), out var asked) ? asked : null;
        var (one, other) = (await lookup.GetAsync(before, platform, visit.Cancel), await lookup.GetAsync(after, platform, visit.Cancel));
        var difference = await new ImageDiff(contents).RunAsync(one, other, visit.Cancel);
        var tab = visit.Query("view") switch { "files" => DiffTab.Files, "packages" => DiffTab.Packages, _ => DiffTab.Overview };
        var page = int.TryParse(visit.Query("page"), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? Math.Clamp(number, 1, 10_000) : 1;
        await visit.SendAsync<DiffPage, DiffView>(DiffView.Of(before, after, platform?.ToString(), tab, page, one, other, difference));
    }
}

/// <summary>The parts of the page of a difference.</summary>
public enum DiffTab
{
    /// <summary>All of it, in short.</summary>
    Overview,

    /// <summary>The packages.</summary>
    Packages,

    /// <summary>The files.</summary>
    Files,
}

/// <summary>What is different in two images.</summary>
/// <param name="From">The one, by the name it was asked for.</param>
/// <param name="To">The other.</param>
/// <param name="Problem">What is wrong with what was asked.</param>
/// <param name="Page">Which part of a long list is shown, from 1.</param>
/// <param name="Before">The one; null while an image is missing.</param>
/// <param name="FilesAdded">Of all files, as are the other counts.</param>
/// <param name="IsTruncated">Whether more files are different than are told.</param>
public sealed record DiffView(
    string From,
    string To,
    string? Problem,
    string? Platform,
    DiffTab Tab,
    int Page,
    DiffSide? Before,
    DiffSide? After,
    IReadOnlyList<DiffLayerLine> Layers,
    IReadOnlyList<DiffSetting> Settings,
    IReadOnlyList<DiffPackage> Packages,
    long FilesAdded,
    long FilesRemoved,
    long FilesChanged,
    bool IsTruncated,
    IReadOnlyList<DiffFile> Files)
{
    /// <summary>What is to be said of the images: where something was not read, a difference may be missing.</summary>
    public IReadOnlyList<ImageNote> Notes { get; init; } = [];

    /// <summary>How many packages or files a page has.</summary>
    public const int PerPage = 200;

    /// <summary>How many of them the overview has.</summary>
    public const int Few = 25;

    internal static DiffView Nothing(string from, string to, string? problem) => new(from, to, problem, null, DiffTab.Overview, 1, null, null, [], [], [], 0, 0, 0, false, []);

    internal static DiffView Of(ImageName from, ImageName to, string? platform, DiffTab tab, int page, FoundImage before, FoundImage after, ImageDifference found) => new(
        from.ToString(),
        to.ToString(),
        null,
        platform,
        tab,
        page,
        new DiffSide(from.Repository.Value, before.Row.Digest, found.SizeBefore),
        new DiffSide(to.Repository.Value, after.Row.Digest, found.SizeAfter),
        [.. found.Layers.Select(layer => new DiffLayerLine(layer.Digest, layer.Size, layer.InBefore, layer.InAfter))],
        [.. found.Settings.Select(change => new DiffSetting(change.Kind, change.Name, change.Before, change.After))],
        [.. found.Packages.Select(change => new DiffPackage(change.Ecosystem, change.Name, change.Change, change.Before, change.After))],
        found.FilesAdded,
        found.FilesRemoved,
        found.FilesChanged,
        found.Truncated,
        [.. found.Files.Select(change => new DiffFile(change.Path, change.Change, change.What, change.SizeBefore, change.SizeAfter))])
    {
        Notes = [.. found.Notes.Select(note => new ImageNote(note.Kind, $"{(note.Image == "before" ? from : to)}, {note.What}", note.Why))],
    };
}

/// <summary>One of the two images.</summary>
/// <param name="Size">Of its layers, compressed.</param>
public sealed record DiffSide(string Repository, string Digest, long Size)
{
    /// <summary>Its name that always means the same.</summary>
    public string Name => $"{Repository}@{Digest}";
}

/// <summary>A layer of one of them, or of both.</summary>
public sealed record DiffLayerLine(string Digest, long Size, bool InBefore, bool InAfter);

/// <summary>Something in the config: null where there was, or is, none.</summary>
public sealed record DiffSetting(string Kind, string Name, string? Before, string? After)
{
    /// <summary>What it is, for people.</summary>
    public string Title => (Kind, Name) switch
    {
        ("config", "workingDirectory") => "Starts in",
        ("config", "entrypoint") => "Entrypoint",
        ("config", "command") => "Command",
        ("config", "user") => "User",
        ("config", "platform") => "Platform",
        ("config", "stopSignal") => "Is stopped by",
        ("config", "healthcheck") => "Health check",
        ("config", "volumes") => "Volumes",
        ("config", "created") => "Built",
        ("port", _) => "Port",
        ("environment", _) => "Variable",
        ("label", _) => "Label",
        _ => Kind,
    };

    /// <summary>A value as people read it.</summary>
    public string Read(string value) => (Kind, Name) == ("config", "created") && ForeignTime.Parse(value) is { } time ? Shown.Time(time) : Shown.Cut(value);

    /// <summary>Whether the name says more than the title does.</summary>
    public bool IsNamed => Kind != "config";
}

/// <summary>A package that came, went, or has another version.</summary>
public sealed record DiffPackage(string Ecosystem, string Name, string Change, string? Before, string? After);

/// <summary>A file that came, went or changed.</summary>
public sealed record DiffFile(string Path, string Change, IReadOnlyList<string> What, long? SizeBefore, long? SizeAfter);
