using System.Text.Json;
using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;
using Staithe.Telemetry;

namespace Staithe.Search;

/// <summary>Keeps the index a moment behind the content: looks at each repository that has changed, one at a time, away from any request.</summary>
internal sealed class Indexer(Db db, BlobReader blobs, LogOutput log) : BackgroundService
{
    const int BatchRows = 50;
    const int MaxBlobs = 200; // that are read of one repository
    static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    readonly InheritedLabels labels = new(db, blobs);

    /// <summary>Looks at everything that has changed; how many repositories that were.</summary>
    public async Task<int> RunOnceAsync(CancellationToken cancel)
    {
        var total = 0;
        while (true)
        {
            var changed = await db.ReadAsync(session => ChangedRepositoryTable.ListAsync(session, BatchRows), cancel);
            foreach (var (repoId, seq) in changed)
                await IndexAsync(repoId, seq, cancel);
            total += changed.Count;
            if (changed.Count < BatchRows)
                return total;
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval);
        do
        {
            try
            {
                await RunOnceAsync(stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                log.Write(LogLevel.Error, "the search index fell behind; it will be tried again", ("exception", e.ToString()));
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    async Task IndexAsync(long repoId, long seq, CancellationToken cancel)
    {
        var document = await ReadAsync(repoId, cancel);
        await db.WriteAsync(
            async session =>
            {
                if (document is null || await RepositoryTable.FindIdAsync(session, RepositoryName.Parse(document.Name)) != repoId)
                    await SearchTable.RemoveAsync(session, repoId); // it is gone, or has another name by now and comes again
                else
                    await SearchTable.PutAsync(session, repoId, document);
                await ChangedRepositoryTable.RemoveAsync(session, repoId, seq);
            },
            cancel);
    }

    async Task<SearchDocument?> ReadAsync(long repoId, CancellationToken cancel)
    {
        if (await db.ReadAsync(session => Snapshot.FindAsync(session, repoId), cancel) is not { } snapshot)
            return null;
        var parsed = snapshot.Manifests.Select(manifest => (Row: manifest, Manifest: TryParse(manifest))).Where(one => one.Manifest is not null).Select(one => (one.Row, Manifest: one.Manifest!)).ToList();
        string[] read = [.. parsed.SelectMany(one => one.Manifest.Blobs.Where(IsRead)).Select(blob => blob.Digest.Value).Distinct().Take(MaxBlobs)];
        var stored = read.Length == 0 ? [] : await db.ReadAsync(session => Snapshot.ListBlobsAsync(session, repoId, read), cancel);

        var document = new SearchDocument { Name = snapshot.Name, UpdatedAt = snapshot.UpdatedAt };
        document.AddTerm("name", snapshot.Name.Split('/')[^1]);
        document.AddTerm("space", snapshot.Name.Split('/')[0]);
        foreach (var tag in snapshot.Tags)
        {
            if (OfDigest(tag) is { } kind)
            {
                document.AddTerm("has", kind);
                continue; // nobody looks for a name that is a digest
            }
            document.AddTerm("tag", tag);
            document.AddWords(tag);
        }
        foreach (var (row, manifest) in parsed)
        {
            AddAnnotations(document, row.AnnotationsJson);
            if (manifest.Layers.Any(layer => layer.MediaType.Contains("in-toto", StringComparison.Ordinal)))
            {
                document.AddTerm("has", "attestation"); // beside the images of an index, as an image for no platform
                foreach (var layer in manifest.Layers.Where(IsRead))
                {
                    if (await FindAsync(stored, layer, cancel) is { } statement && BuildFile.FromProvenance(statement) is not null)
                        document.AddTerm("has", "buildfile");
                }
                continue;
            }
            AddType(document, manifest);
            foreach (var descriptor in manifest.Blobs.Where(blob => ImageConfig.IsConfig(blob.MediaType)))
            {
                if (await FindAsync(stored, descriptor, cancel) is not { } content || ImageConfig.TryParse(content) is not { } config)
                    continue;
                if (document.Size == 0)
                    document.Size = manifest.Blobs.Sum(layer => layer.Size);
                AddConfig(document, config, await labels.FindAsync(row.Id, config, cancel));
            }
        }
        foreach (var type in snapshot.ReferrerTypes)
            document.AddTerm("has", Kind(type));
        if (snapshot.Readme.Length > 0)
            document.AddTerm("has", "readme");
        if (snapshot.Description.Length > 0)
            document.Description = snapshot.Description; // what its people say goes before what the image says
        document.AddWords(snapshot.Readme);
        return document;
    }

    static bool IsRead(Descriptor blob) => ImageConfig.IsConfig(blob.MediaType) || blob.MediaType == BuildFile.StatementType;

    async Task<byte[]?> FindAsync(Dictionary<string, LinkedBlob> stored, Descriptor blob, CancellationToken cancel) =>
        stored.TryGetValue(blob.Digest.Value, out var row) ? await blobs.FindAsync(row, ImageConfig.MaxBytes, cancel) : null;

    static Manifest? TryParse(SnapshotManifest row)
    {
        try
        {
            return Manifest.Parse(row.Content, row.MediaType);
        }
        catch (OciException)
        {
            return null;
        }
    }

    static void AddType(SearchDocument document, Manifest manifest)
    {
        if (MediaTypes.IsIndex(manifest.MediaType))
            document.AddTerm("type", "index");
        else if (manifest.Blobs.Any(blob => ImageConfig.IsConfig(blob.MediaType)))
            document.AddTerm("type", "image");
        else
            document.AddTerm("type", manifest.ArtifactType);
    }

    static void AddConfig(SearchDocument document, ImageConfig config, IReadOnlySet<string> inherited)
    {
        document.AddTerm("arch", config.Platform.Architecture);
        document.AddTerm("os", config.Platform.Os);
        foreach (var port in config.ExposedPorts)
            document.AddTerm("port", port.ToString());
        foreach (var variable in config.Environment)
        {
            document.AddTerm("env", variable.Name);
            document.AddWords(variable.Name);
        }
        foreach (var volume in config.Volumes)
            document.AddTerm("volume", volume);
        document.AddTerm("user", config.IsNonRoot ? "nonroot" : "root");
        document.AddTerm("user", config.User);
        foreach (var program in config.WholeCommand.Take(2))
        {
            document.AddTerm("entrypoint", program);
            document.AddTerm("entrypoint", program.Split('/')[^1]);
            document.AddWords(program);
        }
        foreach (var (name, value) in config.Labels)
        {
            document.AddTerm("label", $"{name}={value}");
            // The title of what it is built on is not its own.
            if (!inherited.Contains(name))
                AddKnown(document, name, value);
        }
    }

    static void AddAnnotations(SearchDocument document, string? json)
    {
        if (json is null)
            return;
        using var annotations = JsonDocument.Parse(json);
        foreach (var annotation in annotations.RootElement.EnumerateObject())
        {
            if (annotation.Value.GetString() is not { } value)
                continue;
            document.AddTerm("annotation", $"{annotation.Name}={value}");
            AddKnown(document, annotation.Name, value);
        }
    }

    // What labels and annotations say in agreed words (image-spec, annotations.md). The newest image speaks first.
    static void AddKnown(SearchDocument document, string name, string value)
    {
        switch (name)
        {
            case "org.opencontainers.image.title" or "io.k8s.display-name":
                document.Title = document.Title.Length > 0 ? document.Title : Line(value, 120);
                break;
            case "org.opencontainers.image.description" or "io.k8s.description" or "description" or "summary":
                document.Description = document.Description.Length > 0 ? document.Description : Line(value, 400);
                break;
            case "org.opencontainers.image.licenses" or "license" or "licenses":
                foreach (var licence in value.Split([" AND ", " OR ", ",", "(", ")"], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Take(10))
                    document.AddTerm("license", licence);
                break;
            case "org.opencontainers.image.base.name" or "org.opencontainers.image.base.digest":
                document.AddTerm("base", value);
                break;
            case "org.opencontainers.image.vendor" or "vendor" or "org.opencontainers.image.authors":
                document.AddWords(value);
                break;
        }
    }

    // What cosign ties to an image by the name of a tag (sha256-….sig) instead of a subject.
    static string? OfDigest(string tag) => tag.Length > 71 && tag.StartsWith("sha256-", StringComparison.Ordinal) && tag[7..71].All(char.IsAsciiHexDigitLower)
        ? tag[71..] switch { ".sig" => "signature", ".att" => "attestation", ".sbom" => "sbom", _ => null }
        : null;

    static string Kind(string artifactType) => artifactType switch
    {
        _ when artifactType.Contains("containerfile", StringComparison.Ordinal) || artifactType.Contains("dockerfile", StringComparison.Ordinal) => "buildfile",
        _ when artifactType.Contains("cyclonedx", StringComparison.Ordinal) || artifactType.Contains("spdx", StringComparison.Ordinal) => "sbom",
        _ when artifactType.Contains("signature", StringComparison.Ordinal) || artifactType.Contains("cosign", StringComparison.Ordinal) || artifactType.Contains("sigstore", StringComparison.Ordinal) => "signature",
        _ when artifactType.Contains("in-toto", StringComparison.Ordinal) => "attestation",
        _ => artifactType,
    };

    static string Line(string text, int length)
    {
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        line = new string([.. line.Where(c => !char.IsControl(c))]);
        return line.Length > length ? line[..length].TrimEnd() + "…" : line;
    }
}
