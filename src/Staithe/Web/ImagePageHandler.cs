using System.Text;
using System.Text.Json;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Clients;
using Staithe.Content;
using Staithe.Database;
using Staithe.Files;
using Staithe.Oci;
using Staithe.Recipes;
using Staithe.Search;
using Staithe.Transport;

namespace Staithe.Web;

/// <summary>The page of one image, or of whatever else a manifest describes: what it is, how it was built, how to run it, what is attached.</summary>
internal sealed class ImagePageHandler(Db db, PageAccess access, ImageReader images, RecipeLookup recipes, ImageContents contents, AttachmentReader attachments) : IWebHandler
{
    const string Prefix = "/r/";
    const int MaxRawBytes = 256 * 1024, MaxRawLength = 1024 * 1024;
    const int MaxLayers = 500; // rows of a table: a manifest may name 40,000, and a page costs what it shows
    const int MaxBuildText = 256 * 1024;
    const int PackagesPerPage = 200, MaxPackages = 50_000;
    const int MostTags = 50;

    public bool Takes(string path) => path.StartsWith(Prefix, StringComparison.Ordinal);

    public async Task HandleAsync(Visit visit)
    {
        if (!ImageName.TryParse(Uri.UnescapeDataString(visit.Path[Prefix.Length..]), out var name))
        {
            await visit.SendNothingAsync("Not here", "That is no image's name: write space/name:tag or space/name@sha256:….");
            return;
        }
        if (await access.AdmitAsync(visit, name.Repository, present => Prefix + (name with { Repository = present })) is not { Decision: var decision })
            return;
        var platform = Platform.TryParse(visit.Query("platform"), out var asked) ? asked : null;
        FoundImage image;
        ImageConfig? config;
        try
        {
            (image, config) = await images.GetAsync(name, platform, visit.Cancel);
        }
        catch (OciException refusal) when (refusal.Error.Status == StatusCodes.Status404NotFound)
        {
            await visit.SendNothingAsync("Not here", $"{refusal.Message}.");
            return;
        }
        if (visit.Query("view") == "sbom" && config is not null)
        {
            await SendBomAsync(visit, image);
            return;
        }
        if (visit.Query("view") == "download")
        {
            await DownloadAsync(visit, image);
            return;
        }
        var referrers = await attachments.ListReferrersAsync(image, visit.Cancel);
        var tab = visit.Query("view") switch
        {
            "build" when config is not null => ImageTab.Build,
            "run" when config is not null => ImageTab.Run,
            "files" when config is not null => ImageTab.Files,
            "packages" when config is not null => ImageTab.Packages,
            "raw" => ImageTab.Raw,
            "attached" => ImageTab.Attached,
            _ => ImageTab.Overview,
        };
        var isTold = config is not null && tab is ImageTab.Build or ImageTab.Overview;
        var bases = isTold ? await db.ReadAsync(session => BaseImages.ListAsync(session, visit.Who, image.Row.Id), visit.Cancel) : [];
        var files = tab == ImageTab.Files ? await ListFilesAsync(visit, image) : null;
        var packages = tab == ImageTab.Packages ? await ListPackagesAsync(visit, image, platform) : null;
        var notes = config is null ? [] : await contents.ListNotesAsync(image, visit.Cancel);
        var build = isTold ? await BuildFileAsync(visit, image, config!, referrers, bases, notes) : null;
        await visit.SendAsync<ImagePage, ImageView>(new ImageView(
            name.Repository.Value,
            name.Reference.ToString(),
            name.Reference.Digest is null,
            name.ToString(),
            tab,
            image.Index?.Digest ?? image.Row.Digest,
            image.Manifest.MediaType,
            image.Manifest.ArtifactType,
            config is null ? null : await FactsAsync(image, config, bases, visit.Cancel),
            config is null && tab == ImageTab.Overview ? await new ArtifactReader(images).ReadAsync(image, $"{visit.Frame.Host}/{name}", visit.Frame.Clients, visit.Cancel) : null,
            platform?.ToString(),
            ImageFacts.FewOf(image.Manifest.Annotations),
            Layers(image, build),
            build is null ? null : Show(build),
            tab == ImageTab.Run ? await RunAsync(visit, name, platform) : null,
            files,
            packages,
            bases,
            tab == ImageTab.Overview && config is not null ? await ListOthersAsync(image, name, visit.Cancel) : [],
            await attachments.ListAsync(image, referrers, isDeep: tab == ImageTab.Attached, visit.Cancel),
            tab == ImageTab.Raw ? Raw(image.Row.Content) : null,
            tab == ImageTab.Raw && image.Index is not null ? Raw(image.Index.Content) : null,
            config is not null && decision.May(Rights.Push))
        {
            Problem = image.Problem,
            Notes = notes,
            LayerCount = LayersOf(image).Count,
            Index = image.Index is null ? null : await ReadIndexAsync(image, visit.Cancel),
            TagCount = await db.ReadAsync(session => TagListing.CountAsync(session, image.Row.RepoId, isAttachment: false), visit.Cancel),
            MayManage = visit.Who.Kind == IdentityKind.User && decision.Always.HasFlag(Rights.Manage),
        });
    }

    async Task<IndexView> ReadIndexAsync(FoundImage image, CancellationToken cancel)
    {
        var index = await db.ReadAsync(session => IndexTable.ReadAsync(session, image.Row.RepoId, image.Index!.Content, image.Index.MediaType), cancel);
        return new IndexView(
            [.. index.Entries.Select(entry => new PlatformLine(entry.Name ?? entry.MediaType, entry.Digest, entry.Size, entry.Digest == image.Row.Digest))],
            index.Attestations,
            image.Children.Count,
            index.Size);
    }

    // A part of an artifact as a file, which no browser shows.
    async Task DownloadAsync(Visit visit, FoundImage image)
    {
        var manifest = image.Manifest;
        var layer = visit.Query("layer") is { Length: > 0 } asked
            ? manifest.Blobs.FirstOrDefault(blob => blob.Digest.Value == asked)
            : manifest.Layers is [var first, ..] ? first : null;
        if (layer is null)
        {
            await visit.SendNothingAsync("Not here", $"{image.Name} has no such part.");
            return;
        }
        if (await images.ReadAsync(image.Row.RepoId, layer.Digest, visit.Cancel) is not { } content)
        {
            await visit.SendNothingAsync("Not here", $"That part of {image.Name} is too large to be downloaded here, or is not in this registry: pull it with a client.");
            return;
        }
        var name = $"{image.Name.Repository.Value[(image.Name.Repository.Value.LastIndexOf('/') + 1)..]}-{Shown.Digest(layer.Digest.Value)}{(layer.MediaType.EndsWith("json", StringComparison.Ordinal) ? ".json" : "")}";
        visit.Http.Response.Headers.ContentDisposition = $"attachment; filename=\"{name}\"";
        visit.Http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'; sandbox";
        visit.Http.Response.Headers.XContentTypeOptions = "nosniff";
        await WholeBody.SendAsync(visit.Http, MediaTypes.OctetStream, content);
    }

    // What its layers tell goes before what a label says.
    async Task<ImageFacts> FactsAsync(FoundImage image, ImageConfig config, List<BaseImage> bases, CancellationToken cancel)
    {
        var facts = await images.ReadFactsAsync(image, config, cancel);
        return bases.Count == 0 ? facts : facts with { Said = facts.Said.Where(said => said.Key != "base.name").ToDictionary() };
    }

    async Task<BuildFile> BuildFileAsync(
        Visit visit, FoundImage image, ImageConfig config, List<Referrer> referrers, List<BaseImage> bases, IReadOnlyList<ImageNote> notes)
    {
        var cancel = visit.Cancel;
        foreach (var referrer in referrers.Where(one => one.ArtifactType == BuildFile.ArtifactType).Reverse())
        {
            if (await FindManifestAsync(image.Row.RepoId, Digest.Parse(referrer.Digest), cancel) is { } artifact
                && artifact.Blobs.FirstOrDefault(layer => layer.MediaType == BuildFile.MediaType) is { } layer
                && await images.ReadAsync(image.Row.RepoId, layer.Digest, cancel) is { } content && BuildFile.Read(BuildFileSource.Attached, content) is { } attached)
                return attached;
        }
        // BuildKit keeps what it knows of the making beside the images of the index, for a platform that is none.
        foreach (var entry in AttachmentReader.Attestations(image).Take(20))
        {
            if (await FindManifestAsync(image.Row.RepoId, entry.Digest, cancel) is { } attestation
                && await BuildFile.FindInAsync(attestation, layer => images.ReadAsync(image.Row.RepoId, layer.Digest, cancel)) is { } kept)
                return kept;
        }
        var layers = image.Manifest.Layers;
        BuildBase? below = null;
        if (bases is [var nearest, ..])
            below = new BuildBase($"{visit.Frame.Host}/{nearest.Name}", layers.Count - (int)nearest.Above, (await images.FindConfigAsync(nearest, cancel))?.History ?? []);
        var made = BuildFile.Reconstruct(config, layers, below);
        if (notes.FirstOrDefault(note => note.Kind == ImageNote.Claim) is not { } wrong)
            return made;
        return made with { Lines = [.. made.Lines.Select(line => line with { Layer = null, Covers = 0 })], Note = $"Which instruction made which layer is not known: {wrong.Why}." };
    }

    async Task<Manifest?> FindManifestAsync(long repoId, Digest digest, CancellationToken cancel) =>
        await db.ReadAsync(session => ImageTable.FindAsync(session, repoId, digest), cancel) is { } row ? Manifest.Parse(row.Content, row.MediaType) : null;

    async Task<RunView> RunAsync(Visit visit, ImageName name, Platform? platform)
    {
        var query = visit.Http.Request.Query;
        var image = await recipes.GetAsync(visit.Frame.Clients, name.Repository, name.Reference, platform, visit.Cancel);
        var (options, problem) = (RecipeOptions.None, (string?)null);
        try
        {
            options = RecipeOptions.Read(
                visit.Query("pin") is { Length: > 0 } pin ? pin : null, visit.Query("name") is { Length: > 0 } called ? called : null, Lines(query["port"]), Lines(query["env"]));
        }
        catch (OciException wrong)
        {
            problem = wrong.Message; // what was typed is wrong: the recipe stays as it is derived
        }
        var recipe = Recipe.From(image, options);
        var published = await recipes.ListPublishedAsync(recipe, visit.Cancel);
        return new RunView(
            [.. ShareCommands.RunsOf(recipe)],
            [.. Kinds.Select(kind => new RunFile(kind.Title, recipe.Write(kind.Kind).TrimEnd(), $"/run/{name}/{kind.File.Replace("NAME", recipe.Name, StringComparison.Ordinal)}"))],
            [.. image.Clients.Pulls(recipe.Reference, recipe.Name).Select(pull => new RunFile(pull.Client, pull.Command, ""))],
            recipe.NotesForPage,
            recipe.Check,
            [.. published.Commands.Select(command => new PublishedCommand(
                command.Title,
                command.Text,
                command.Arguments.Count > 0 && ShellText.Join(command.Arguments) is var line && line != command.Text ? line : null,
                [.. command.Flags.Select(flag => $"{flag.Argument}: {flag.Reason}")]))],
            problem,
            options.IsPinned,
            visit.Query("name"),
            string.Join('\n', Lines(query["port"])),
            string.Join('\n', Lines(query["env"])))
        {
            Settings = [.. recipe.Settings.Select(setting => $"{setting.Name}={setting.Value}")],
            Fetch = image.Clients.IsPlainHttp ? image.Clients.Pull("podman", recipe.Reference) : null,
        };
    }

    async Task SendBomAsync(Visit visit, FoundImage image)
    {
        var packages = await contents.ListPackagesAsync(image, "", MaxPackages, visit.Cancel);
        visit.Http.Response.Headers.ContentDisposition = "attachment; filename=\"bom.cdx.json\"";
        await WholeBody.SendAsync(visit.Http, CycloneDx.MediaType, Encoding.UTF8.GetBytes(CycloneDx.Write(image.Name.Repository.Value, image.Row.Digest, packages, await contents.ListNotesAsync(image, visit.Cancel)).ToJsonString()));
    }

    async Task<FileListing> ListFilesAsync(Visit visit, FoundImage image)
    {
        using var files = await contents.OpenAsync(image, visit.Cancel);
        return FileListing.Of(image, files, files, files.Root, null, visit.Http.Request);
    }

    async Task<PackagesView> ListPackagesAsync(Visit visit, FoundImage image, Platform? platform)
    {
        var (text, after) = (Shown.Cut(visit.Query("q").Trim(), 100), visit.Query("after"));
        var rows = await contents.ListPackagesAsync(image, after, PackagesPerPage + 1, visit.Cancel, text);
        var counts = await db.ReadAsync(session => PackageTable.CountAsync(session, image.Row.Id), visit.Cancel);
        return new PackagesView(
            [.. counts.Select(count => new EcosystemCount(count.Ecosystem, count.Count))],
            text,
            after,
            [.. rows.Take(PackagesPerPage).Select(row => new PackageLine(row.Ecosystem, row.Name, row.Version, row.Purl, row.Source))],
            rows.Count > PackagesPerPage ? rows[PackagesPerPage - 1].Purl : null,
            $"{Prefix}{image.Name}?view=sbom{(platform is null ? "" : $"&platform={Uri.EscapeDataString(platform.ToString())}")}");
    }

    // What it can be compared with, those that moved last first.
    async Task<List<string>> ListOthersAsync(FoundImage image, ImageName name, CancellationToken cancel) =>
        [.. (await db.ReadAsync(session => RepositoryPageTable.ListTagNamesAsync(session, image.Row.RepoId, MostTags), cancel)).Where(tag => tag != name.Reference.Tag?.Value)];

    // One a line, as people type them, or one a parameter, as programs do.
    static List<string> Lines(Microsoft.Extensions.Primitives.StringValues values) =>
        [.. values.SelectMany(value => value?.Split('\n') ?? []).Select(line => line.Trim()).Where(line => line.Length > 0)];

    static readonly (RecipeKind Kind, string Title, string File)[] Kinds =
    [
        (RecipeKind.Podman, "Script for podman", "run.sh"),
        (RecipeKind.Docker, "Script for docker", "run.sh?as=docker"),
        (RecipeKind.Compose, "Compose", "compose.yaml"),
        (RecipeKind.Kube, "podman kube play", "kube.yaml"),
        (RecipeKind.Kubernetes, "Kubernetes", "kube.yaml?flavour=kubernetes"),
        (RecipeKind.Quadlet, "Quadlet", "NAME.container"),
    ];

    // A layer stands beside the instruction that made it, where the history tells.
    static List<LayerLine> Layers(FoundImage image, BuildFile? build)
    {
        var lines = new Dictionary<Digest, BuildLine>();
        foreach (var line in build?.Lines ?? [])
        {
            if (line.Layer is { } layer)
                lines.TryAdd(layer.Digest, line);
        }
        return [.. LayersOf(image).Take(MaxLayers).Select(blob =>
        {
            var line = lines.GetValueOrDefault(blob.Digest);
            return new LayerLine(blob.Digest.Value, blob.MediaType, blob.Size, line?.Text, line?.Covers ?? 0);
        })];
    }

    static IReadOnlyList<Descriptor> LayersOf(FoundImage image) => image.IsImage ? image.Manifest.Layers : image.Manifest.Blobs;

    static BuildView Show(BuildFile file) => new(
        file.Source switch
        {
            BuildFileSource.Attached => "It was attached to the image by whoever may push here.",
            BuildFileSource.Provenance => "It stands in the provenance that the builder wrote. Nobody has checked that here.",
            _ => "Reconstructed from the image's history and config, which say what whoever pushed it wrote there: sources of copies, earlier stages and comments are not in there.",
        },
        file.Source == BuildFileSource.Reconstructed,
        file.Note,
        [.. file.Lines.Where(line => !line.IsOfBase).Take(MaxLayers).Select(line => new BuildViewLine(line.Text, line.Layer?.Size, line.Covers))],
        file.Lines.Count(line => !line.IsOfBase),
        ForeignText.Clean(file.Text, MaxBuildText));

    static string Raw(byte[] content)
    {
        if (content.Length > MaxRawBytes)
            return "It is too large to be shown here: pull it.";
        try
        {
            using var document = JsonDocument.Parse(content);
            return ForeignText.Clean(JsonSerializer.Serialize(document.RootElement, Indented), MaxRawLength);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException) // half of a character somewhere: then as it came
        {
            return ForeignText.Clean(Encoding.UTF8.GetString(content), MaxRawLength);
        }
    }

    static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}

/// <summary>The parts of an image's page.</summary>
public enum ImageTab
{
    /// <summary>What it is.</summary>
    Overview,

    /// <summary>How to run it.</summary>
    Run,

    /// <summary>How it was built.</summary>
    Build,

    /// <summary>Its files.</summary>
    Files,

    /// <summary>What is installed in it.</summary>
    Packages,

    /// <summary>What refers to it.</summary>
    Attached,

    /// <summary>Its manifest as it is.</summary>
    Raw,
}

/// <summary>An image, or another artifact.</summary>
/// <param name="Reference">The tag or digest that was asked for.</param>
/// <param name="Digest">Of what was asked for.</param>
/// <param name="Facts">What it says of itself; null for what is no image.</param>
/// <param name="Artifact">What it is instead.</param>
/// <param name="Platform">Of an image for several, which was asked for.</param>
/// <param name="Bases">What it is built on.</param>
/// <param name="OtherTags">Tags of the repository to compare it with.</param>
/// <param name="MayAttach">Whether whoever looks may attach its packages to it.</param>
public sealed record ImageView(
    string Repository,
    string Reference,
    bool IsTag,
    string Name,
    ImageTab Tab,
    string Digest,
    string MediaType,
    string? ArtifactType,
    ImageFacts? Facts,
    ArtifactFacts? Artifact,
    string? Platform,
    IReadOnlyDictionary<string, string> Annotations,
    IReadOnlyList<LayerLine> Layers,
    BuildView? Build,
    RunView? Run,
    FileListing? Files,
    PackagesView? Packages,
    IReadOnlyList<BaseImage> Bases,
    IReadOnlyList<string> OtherTags,
    IReadOnlyList<AttachedLine> Attached,
    string? Raw,
    string? RawIndex,
    bool MayAttach)
{
    /// <summary>What of it was not read, and which of its claims are not true; nothing while nobody has looked into it.</summary>
    public IReadOnlyList<ImageNote> Notes { get; init; } = [];

    /// <summary>Why it has no image, where it is an index of which none is here.</summary>
    public string? Problem { get; init; }

    /// <summary>What the index has that was asked for; null when it was no index.</summary>
    public IndexView? Index { get; init; }

    /// <summary>How many layers, or parts, it has; <see cref="Layers"/> are the first of them.</summary>
    public int LayerCount { get; init; }

    /// <summary>How many tags the repository has.</summary>
    public long TagCount { get; init; }

    /// <summary>Whether the reader manages the repository.</summary>
    public bool MayManage { get; init; }
}

/// <summary>What an index has.</summary>
/// <param name="Attestations">How much of it tells of the images, and is none.</param>
/// <param name="Count">How many manifests it names, all told.</param>
/// <param name="Size">Of all together, what they share counted once.</param>
public sealed record IndexView(IReadOnlyList<PlatformLine> Lines, int Attestations, int Count, long Size);

/// <summary>A manifest of an index.</summary>
/// <param name="Size">Of its config and layers; null when it is not here.</param>
/// <param name="IsShown">Whether the page is about it.</param>
public sealed record PlatformLine(string Platform, string Digest, long? Size, bool IsShown);

/// <summary>A layer, and the instruction that made it.</summary>
public sealed record LayerLine(string Digest, string MediaType, long Size, string? Instruction, int Covers);

/// <summary>How to run it.</summary>
/// <param name="Commands">The whole of it as a line, for podman and docker.</param>
/// <param name="Files">Derived, for each engine.</param>
/// <param name="Check">How to see whether it works.</param>
/// <param name="Published">What whoever published it suggests.</param>
/// <param name="Problem">What is wrong with what was asked for.</param>
public sealed record RunView(
    IReadOnlyList<SecretText> Commands, IReadOnlyList<RunFile> Files, IReadOnlyList<RunFile> Pulls, IReadOnlyList<string> Notes, string Check, IReadOnlyList<PublishedCommand> Published, string? Problem, bool IsPinned, string Name, string Ports, string Variables)
{
    /// <summary>Variables of the image that look like settings, with the image's values.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>How to fetch it before a publisher's command, which does not say how this registry is reached; null when it need not.</summary>
    public string? Fetch { get; init; }
}

/// <summary>A recipe, and where it is to be had as a file.</summary>
public sealed record RunFile(string Title, string Text, string Url);

/// <summary>What a publisher suggests, and what to look at twice.</summary>
/// <param name="Text">As it is written.</param>
/// <param name="Line">The same with the names put in, as podman runs it; null where that is no other.</param>
public sealed record PublishedCommand(string Title, string Text, string? Line, IReadOnlyList<string> Flags);

/// <summary>What is installed in it.</summary>
/// <param name="Counts">How many packages of each ecosystem.</param>
/// <param name="Query">What is in the names of those that are shown.</param>
/// <param name="After">Behind which package URL they begin.</param>
/// <param name="Next">Behind which they go on; null at the end.</param>
/// <param name="Bom">Where they are as a bill of materials.</param>
public sealed record PackagesView(IReadOnlyList<EcosystemCount> Counts, string Query, string After, IReadOnlyList<PackageLine> Packages, string? Next, string Bom);

/// <summary>Packages of one ecosystem.</summary>
public sealed record EcosystemCount(string Ecosystem, long Count);

/// <summary>A package.</summary>
/// <param name="Source">What it was built from, where that is another one.</param>
public sealed record PackageLine(string Ecosystem, string Name, string Version, string Purl, string Source);

/// <summary>How it was built.</summary>
/// <param name="Origin">Where that is known from, in a sentence.</param>
/// <param name="Lines">Its instructions, the first of them where there are very many.</param>
/// <param name="Count">How many there are.</param>
public sealed record BuildView(string Origin, bool IsReconstructed, string? Note, IReadOnlyList<BuildViewLine> Lines, int Count, string Text);

/// <summary>An instruction, and how large what it made is.</summary>
public sealed record BuildViewLine(string Text, long? LayerSize, int Covers);

/// <summary>What refers to it.</summary>
public sealed record AttachedLine(string Digest, string Type, long Size, IReadOnlyDictionary<string, string> Annotations)
{
    /// <summary>What it is, as people name it.</summary>
    public string Title { get; init; } = "";

    /// <summary>When it was made, or pushed where it does not say.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>Where its content can be downloaded.</summary>
    public string? Download { get; init; }

    /// <summary>What refers to that, as far as it was looked up.</summary>
    public IReadOnlyList<AttachedLine> Attached { get; init; } = [];
}
