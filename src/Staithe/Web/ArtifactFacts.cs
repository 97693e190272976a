using System.Text.Json;
using Staithe.Clients;
using Staithe.Content;
using Staithe.Oci;
using Staithe.Recipes;

namespace Staithe.Web;

/// <summary>What an artifact is that is no image to run.</summary>
/// <param name="Kind">In a word or two: Helm chart, signature, …</param>
/// <param name="Title">What it calls itself; empty when it does not.</param>
/// <param name="Description">The same at length.</param>
/// <param name="Facts">What else it says, in the order in which it is shown.</param>
/// <param name="Commands">How to get it.</param>
/// <param name="Subject">The digest of what it is about: of a signature, what is signed.</param>
/// <param name="Parts">What it is made of.</param>
public sealed record ArtifactFacts(
    string Kind,
    string Title,
    string Description,
    IReadOnlyList<ArtifactFact> Facts,
    IReadOnlyList<RunFile> Commands,
    string? Subject,
    IReadOnlyList<ArtifactPart> Parts);

/// <summary>Something that an artifact says of itself.</summary>
public sealed record ArtifactFact(string Term, string Value);

/// <summary>A part of an artifact.</summary>
/// <param name="Title">The name of the file that it is to be, where it has one.</param>
public sealed record ArtifactPart(string Digest, string MediaType, long Size, string? Title);

/// <summary>
/// Tells what artifacts are that are no images: charts, modules, models, signatures, bills of materials. What they say of themselves is read
/// forgivingly, and is anybody's text.
/// </summary>
internal sealed class ArtifactReader(ImageReader blobs)
{
    const int MaxRead = 2 * 1024 * 1024, MaxParts = 200, MaxFacts = 40, MaxPulled = 5;

    const string HelmConfig = "application/vnd.cncf.helm.config.v1+json";
    const string SimpleSigning = "application/vnd.dev.cosign.simplesigning.v1+json";
    const string Envelope = "application/vnd.dsse.envelope.v1+json";
    const string InToto = BuildFile.StatementType;
    const string TitleAnnotation = "org.opencontainers.image.title";

    /// <summary>What it is.</summary>
    /// <param name="image">Its manifest.</param>
    /// <param name="reference">Host, name, and tag or digest.</param>
    /// <param name="clients">Writes the commands that fetch it.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<ArtifactFacts> ReadAsync(FoundImage image, string reference, ClientCommands clients, CancellationToken cancel)
    {
        using var manifest = JsonDocument.Parse(image.Row.Content);
        var about = new About(image, reference, clients, Parts(manifest.RootElement), manifest.RootElement.Member("annotations").TextMap());
        var type = image.Manifest.ArtifactType ?? "";
        var config = image.Manifest.Config?.MediaType ?? "";
        foreach (var (term, value) in Named(about.Annotations))
            about.Add(term, value);
        if (config == HelmConfig)
            await AddChartAsync(about, cancel);
        else if (config.StartsWith("application/vnd.wasm.config.", StringComparison.Ordinal) || image.Manifest.Layers.Any(layer => layer.MediaType.Contains("wasm", StringComparison.Ordinal)))
            await AddModuleAsync(about, cancel);
        else if (IsModel(type) || IsModel(config) || image.Manifest.Layers.Any(layer => layer.MediaType == "application/vnd.ollama.image.model"))
            await AddModelAsync(about, cancel);
        else if (IsSignature(type) || image.Manifest.Layers.Any(layer => layer.MediaType == SimpleSigning))
            await AddSignatureAsync(about, cancel);
        else if (IsBom(type) || image.Manifest.Layers.Any(layer => IsBom(layer.MediaType)))
            await AddBomAsync(about, cancel);
        else if (type == InToto || image.Manifest.Layers.Any(layer => layer.MediaType is Envelope or InToto))
            await AddAttestationAsync(about, cancel);
        else
            about.Kind = ArtifactKind.Of(image.Manifest)?.Title is { } title and not "Image" ? title : image.IsImage ? "Image whose config cannot be read" : "Artifact";
        if (type.Length > 0)
            about.Add("Type", type);
        about.AddTime();
        about.AddPulls();
        return about.End();
    }

    static bool IsModel(string type) =>
        type.StartsWith("application/vnd.cncf.model.", StringComparison.Ordinal) || type.StartsWith("application/vnd.cnai.model.", StringComparison.Ordinal)
        || type.StartsWith("application/vnd.docker.ai.model.", StringComparison.Ordinal) || type.StartsWith("application/vnd.kitops.modelkit.", StringComparison.Ordinal);

    static bool IsSignature(string type) =>
        type.StartsWith("application/vnd.dev.cosign.artifact.sig.", StringComparison.Ordinal) || type.StartsWith("application/vnd.dev.sigstore.bundle", StringComparison.Ordinal) || type == "application/vnd.cncf.notary.signature";

    static bool IsBom(string type) => type.Contains("cyclonedx", StringComparison.Ordinal) || type.Contains("spdx", StringComparison.Ordinal) || type.StartsWith("application/vnd.syft+json", StringComparison.Ordinal);

    async Task AddChartAsync(About about, CancellationToken cancel)
    {
        about.Kind = "Helm chart";
        using var chart = await ReadConfigAsync(about, cancel);
        about.Say(chart, "name", "description");
        about.Add("Version", Text(chart, "version"));
        about.Add("Of the application", Text(chart, "appVersion"));
        about.Add("Kind of chart", Text(chart, "type"));
        about.Add("Needs Kubernetes", Text(chart, "kubeVersion"));
        about.Add("Website", Text(chart, "home"));
        about.Add("Sources", string.Join(", ", chart?.RootElement.Member("sources").Texts() ?? []));
        about.Add("Keywords", string.Join(", ", chart?.RootElement.Member("keywords").Texts() ?? []));
        about.Add("By", string.Join(", ", (chart?.RootElement.Member("maintainers").Items() ?? []).Select(one => one.Member("name").Text()).OfType<string>()));
        about.Add("Builds on", string.Join(", ", (chart?.RootElement.Member("dependencies").Items() ?? []).Select(one => $"{one.Member("name").Text()} {one.Member("version").Text()}".Trim())));
        if (chart?.RootElement.Member("deprecated") is { ValueKind: JsonValueKind.True })
            about.Add("Deprecated", "yes: its authors say not to use it");
        about.Add("Signed", about.Parts.Any(part => part.MediaType == "application/vnd.cncf.helm.chart.provenance.v1.prov") ? "a provenance file came with it" : null);

        var (name, reference) = (about.Image.Name.Repository.Value, about.Image.Name.Reference);
        var chartAt = $"oci://{about.Reference[..^(reference.ToString().Length + 1)]}";
        // A tag cannot hold a plus sign; helm writes and reads an underscore for it.
        string[] version = reference.Tag is { } tag ? ["--version", tag.Value.Replace('_', '+')] : [];
        var at = reference.Tag is null ? $"oci://{about.Reference}" : chartAt;
        about.Command("helm: fetch the chart", "helm", "pull", [at, .. version]);
        about.Command("helm: install it", "helm", "install", [name[(name.LastIndexOf('/') + 1)..], at, .. version]);
        about.Command("helm: what can be set", "helm", "show values", [at, .. version]);
    }

    async Task AddModuleAsync(About about, CancellationToken cancel)
    {
        about.Kind = "WebAssembly module";
        using var config = await ReadConfigAsync(about, cancel);
        about.Add("Made for", string.Join('/', new[] { Text(config, "os"), Text(config, "architecture") }.OfType<string>()));
        about.Add("Author", Text(config, "author"));
        about.Add("Built", config?.RootElement.Member("created").Time() is { } created ? Shown.Time(created) : null);
        var component = config?.RootElement.Member("component");
        if (component is not null)
            about.Kind = "WebAssembly component";
        about.Add("Exports", string.Join(", ", component.Member("exports").Texts()));
        about.Add("Imports", string.Join(", ", component.Member("imports").Texts()));
        about.Add("World", component.Member("target").Text());
        about.Command("wkg", "wkg", "oci pull", ["-o", $"{about.File}.wasm", about.Reference]);
    }

    async Task AddModelAsync(About about, CancellationToken cancel)
    {
        about.Kind = "Model";
        using var config = await ReadConfigAsync(about, cancel);
        var root = config?.RootElement;
        // ModelPack has a descriptor and a config, as Docker's models do; KitOps has a package and a model; Ollama's config is flat.
        var (told, made) = (root.Member("descriptor") ?? root.Member("package"), root.Member("config") ?? root.Member("model") ?? root);
        about.Title = told.Member("title").Text() ?? told.Member("name").Text() ?? about.Title;
        about.Description = told.Member("description").Text() ?? about.Description;
        about.Add("Family", told.Member("family").Text() ?? root.Member("model_family").Text());
        about.Add("Version", told.Member("version").Text());
        about.Add("From", told.Member("vendor").Text());
        about.Add("By", string.Join(", ", told.Member("authors").Texts()));
        about.Add("Licence", told.Member("license").Text() ?? string.Join(", ", told.Member("licenses").Texts()));
        about.Add("Architecture", made.Member("architecture").Text());
        about.Add("Format", made.Member("format").Text() ?? root.Member("model_format").Text());
        about.Add("Parameters", made.Member("paramSize").Text() ?? made.Member("parameters").Text() ?? made.Member("size").Text() ?? root.Member("model_type").Text());
        about.Add("Precision", made.Member("precision").Text());
        about.Add("Quantization", made.Member("quantization").Text() ?? root.Member("file_type").Text());
        about.Add("Framework", made.Member("framework").Text());
        about.Add("Built", told.Member("createdAt").Time() is { } created ? Shown.Time(created) : null);
        about.Add("Source", told.Member("sourceURL").Text());
        about.Add("Documentation", told.Member("docURL").Text());
        var type = about.Image.Manifest.Config?.MediaType ?? "";
        if (type.StartsWith("application/vnd.docker.ai.", StringComparison.Ordinal))
            about.Command("docker", "docker", "model pull", [about.Reference]);
        else if (type.StartsWith("application/vnd.kitops.", StringComparison.Ordinal))
            about.Command("kit", "kit", "pull", [about.Reference]);
        else if (type.StartsWith("application/vnd.c", StringComparison.Ordinal))
            about.Command("modctl", "modctl", "pull", [about.Reference]);
        else
            about.Command("ollama", "ollama", "pull", [about.Reference]);
    }

    async Task AddSignatureAsync(About about, CancellationToken cancel)
    {
        about.Kind = "Signature";
        var type = about.Image.Manifest.ArtifactType ?? "";
        about.Add("Made with", type == "application/vnd.cncf.notary.signature" ? "Notation" : type.Contains("sigstore", StringComparison.Ordinal) ? "Sigstore, as a bundle" : "cosign");
        using var payload = await ReadPartAsync(about, cancel);
        var critical = payload?.RootElement.Member("critical");
        about.Subject ??= critical.Member("image").Member("docker-manifest-digest").Text();
        about.Add("Says that this is", critical.Member("identity").Member("docker-reference").Text());
        about.Add("By", payload?.RootElement.Member("optional").Member("creator").Text());
        about.Add("Of what kind", about.Annotations.GetValueOrDefault("dev.sigstore.bundle.predicateType"));
        about.Add("Certificate's thumbprint", about.Annotations.GetValueOrDefault("io.cncf.notary.x509chain.thumbprint#S256"));
        about.Add("Checked here", "no: a signature is worth what whoever checks it with a key they trust makes of it");
    }

    async Task AddBomAsync(About about, CancellationToken cancel)
    {
        about.Kind = "Bill of materials";
        using var bom = await ReadPartAsync(about, cancel);
        var root = bom?.RootElement;
        if (root.Member("bomFormat").Text() is { } format)
        {
            about.Add("Format", $"{format} {root.Member("specVersion").Text()}".TrimEnd());
            about.Add("Components", Shown.Number(Length(root.Member("components"))));
            var tools = root.Member("metadata").Member("tools");
            about.Add("Made with", string.Join(", ", tools.Member("components").Items().Concat(tools.Items()).Select(tool => $"{tool.Member("name").Text()} {tool.Member("version").Text()}".Trim()).Take(5)));
        }
        else if (root.Member("spdxVersion").Text() is { } version)
        {
            about.Add("Format", version);
            about.Title = root.Member("name").Text() ?? about.Title;
            about.Add("Packages", Shown.Number(Length(root.Member("packages"))));
            about.Add("Made with", string.Join(", ", root.Member("creationInfo").Member("creators").Texts().Take(5)));
        }
    }

    async Task AddAttestationAsync(About about, CancellationToken cancel)
    {
        about.Kind = "Attestation";
        using var envelope = await ReadPartAsync(about, cancel);
        using var unpacked = Unpack(envelope);
        var statement = (unpacked ?? envelope)?.RootElement;
        about.Add("Of what kind", statement.Member("predicateType").Text());
        var subject = statement.Member("subject").Items().Select(one => (Name: one.Member("name").Text(), Digest: one.Member("digest").Member("sha256").Text())).FirstOrDefault();
        about.Add("About", subject.Name);
        about.Subject ??= subject.Digest is { } hash && Digest.TryParse($"sha256:{hash}", out var digest) ? digest.Value : null;
        about.Add("Signed", envelope?.RootElement.Member("signatures").Items().Any() == true ? "yes; not checked here" : null);
    }

    // A DSSE envelope has its payload in Base64.
    static JsonDocument? Unpack(JsonDocument? envelope) =>
        envelope?.RootElement.Member("payload").Text() is { } payload && TryDecode(payload) is { } bytes ? TryParse(bytes) : null;

    static byte[]? TryDecode(string text)
    {
        var bytes = new byte[text.Length];
        return Convert.TryFromBase64String(text, bytes, out var written) ? bytes[..written] : null;
    }

    Task<JsonDocument?> ReadConfigAsync(About about, CancellationToken cancel) => ReadAsync(about, about.Image.Manifest.Config, cancel);

    Task<JsonDocument?> ReadPartAsync(About about, CancellationToken cancel) => ReadAsync(about, about.Image.Manifest.Layers is [var first, ..] ? first : null, cancel);

    async Task<JsonDocument?> ReadAsync(About about, Descriptor? blob, CancellationToken cancel) =>
        blob is not null && blob.Size <= MaxRead && await blobs.ReadAsync(about.Image.Row.RepoId, blob.Digest, cancel) is { } bytes ? TryParse(bytes) : null;

    static JsonDocument? TryParse(byte[] bytes)
    {
        try
        {
            return System.Text.Unicode.Utf8.IsValid(bytes) ? JsonDocument.Parse(bytes) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    static string? Text(JsonDocument? document, string member) => document?.RootElement.Member(member).Text();

    static long Length(JsonElement? list) => list is { ValueKind: JsonValueKind.Array } there ? there.GetArrayLength() : 0;

    static List<ArtifactPart> Parts(JsonElement manifest) =>
    [
        .. (manifest.Member("layers") ?? manifest.Member("blobs")).Items().Take(MaxParts).Select(layer => new ArtifactPart(
            layer.Member("digest").Text() ?? "", layer.Member("mediaType").Text() ?? "", layer.Member("size").Number() ?? 0,
            layer.Member("annotations").Member(TitleAnnotation).Text() ?? layer.Member("annotations").Member("org.cncf.model.filepath").Text())),
    ];

    // What annotations say in agreed words, where nothing else does.
    static IEnumerable<(string Term, string Value)> Named(IReadOnlyDictionary<string, string> annotations)
    {
        foreach (var (name, term) in ((string, string)[])[("version", "Version"), ("licenses", "Licence"), ("vendor", "From"), ("authors", "By"), ("source", "Source"), ("url", "Website"), ("documentation", "Documentation")])
        {
            if (annotations.TryGetValue($"org.opencontainers.image.{name}", out var value))
                yield return (term, name == "licenses" ? SpdxLicense.SpellWhole(value) : value);
        }
    }

    /// <summary>What has been found out so far.</summary>
    sealed class About(FoundImage image, string reference, ClientCommands clients, IReadOnlyList<ArtifactPart> parts, IReadOnlyDictionary<string, string> annotations)
    {
        readonly List<ArtifactFact> facts = [];
        readonly List<RunFile> commands = [];

        public FoundImage Image { get; } = image;

        public string Reference => reference;

        public IReadOnlyList<ArtifactPart> Parts => parts;

        public IReadOnlyDictionary<string, string> Annotations { get; } = annotations;

        /// <summary>What a file with it is called.</summary>
        public string File => Image.Name.Repository.Value[(Image.Name.Repository.Value.LastIndexOf('/') + 1)..];

        public string Kind { get; set; } = "";

        public string Title { get; set; } = annotations.GetValueOrDefault(TitleAnnotation) ?? "";

        public string Description { get; set; } = annotations.GetValueOrDefault("org.opencontainers.image.description") ?? "";

        public string? Subject { get; set; } = image.Manifest.Subject?.Digest.Value;

        public void Say(JsonDocument? told, string title, string description) =>
            (Title, Description) = (Text(told, title) ?? Title, Text(told, description) ?? Description);

        // Of what is told twice the later is of the artifact's own config.
        public void Add(string term, string? value)
        {
            if (string.IsNullOrEmpty(value) || facts.Count >= MaxFacts)
                return;
            facts.RemoveAll(fact => fact.Term == term);
            facts.Add(new ArtifactFact(term, Shown.Cut(value, 1000)));
        }

        /// <summary>When it was built, where it says so; else when it was pushed.</summary>
        public void AddTime()
        {
            if (facts.Exists(fact => fact.Term == "Built"))
                return;
            if (ForeignTime.Parse(Annotations.GetValueOrDefault("org.opencontainers.image.created")) is { } created)
                Add("Built", Shown.Time(created));
            else
                Add("Pushed", Shown.Time(Shown.Then(Image.Row.PushedAt)));
        }

        public void Command(string title, string client, string verb, string[] arguments) => commands.Add(new RunFile(title, clients.Line(client, verb, arguments), ""));

        /// <summary>How clients get it that know nothing of its kind.</summary>
        public void AddPulls()
        {
            Command("oras", "oras", "pull", [reference]);
            Command("skopeo", "skopeo", "copy", [$"docker://{reference}", $"oci:{File}"]);
            foreach (var (part, index) in parts.Select((one, place) => (Part: one, Index: place)).Where(one => Digest.TryParse(one.Part.Digest, out _)).Take(MaxPulled))
            {
                var path = part.Title is { Length: > 0 and < 200 } title && !title.Contains('/', StringComparison.Ordinal) && Visible.Is(title) && title is not ("." or "..") ? title : $"{File}-{index + 1}";
                var label = $"curl, {(parts.Count == 1 ? "what it holds" : $"part {index + 1}")}";
                var from = $"{clients.Url}/v2/{Image.Name.Repository}/blobs/{part.Digest}";
                commands.Add(new RunFile(label, clients.Fetch("-o", path.StartsWith('-') ? $"./{path}" : path, from), ""));
            }
        }

        public ArtifactFacts End() => new(Kind, Shown.Cut(Title, 200), Shown.Cut(Description, 2000), facts, commands, Subject, parts);
    }
}
