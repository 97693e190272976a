using System.Globalization;
using Staithe.Content;
using Staithe.Database;
using Staithe.Jobs;
using Staithe.Oci;

namespace Staithe.Search;

/// <summary>
/// Keeps the index a moment behind the content: looks at a repository that has changed, away from any request. A repository that
/// cannot be indexed holds up no other one.
/// </summary>
internal sealed class Indexer(Db db, BlobReader blobs) : IJob
{
    const int MaxBlobs = 200; // that are read of one repository

    readonly InheritedLabels labels = new(db, blobs);

    public string Kind => WorkKind.Search;

    public JobRules Rules { get; } = new() { Batch = 20, Lease = TimeSpan.FromSeconds(30), IsTold = false };

    /// <summary>Puts a repository into the index as it is now, or takes it out.</summary>
    public async Task RunAsync(JobRun run, CancellationToken cancel)
    {
        var repoId = long.Parse(run.Unit, NumberStyles.None, CultureInfo.InvariantCulture);
        var document = await ReadAsync(repoId, cancel);
        await db.WriteAsync(
            async session =>
            {
                if (document is null || await RepositoryTable.FindIdAsync(session, RepositoryName.Parse(document.Name)) != repoId)
                    await SearchTable.RemoveAsync(session, repoId); // it is gone, or has another name by now and comes again
                else
                    await SearchTable.PutAsync(session, repoId, document);
                await run.CompleteAsync(session);
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
            document.AddTerm("tag", tag);
            document.AddWords(tag);
        }
        foreach (var tag in snapshot.AttachmentTags)
            document.AddTerm("has", ArtifactKind.OfTag(tag)?.Has);
        foreach (var (row, manifest) in parsed)
        {
            AddAnnotations(document, Manifest.ReadAnnotations(row.AnnotationsJson));
            if (manifest.Layers.Any(layer => layer.MediaType == BuildFile.StatementType))
            {
                document.AddTerm("has", "attestation"); // beside the images of an index, as an image for no platform
                foreach (var layer in manifest.Layers)
                    document.AddTerm("has", ArtifactKind.Of(layer.PredicateType)?.Has);
                if (await BuildFile.FindInAsync(manifest, layer => FindAsync(stored, layer, cancel)) is not null)
                    document.AddTerm("has", "buildfile");
                continue;
            }
            AddType(document, manifest);
            if (!ImageLookup.IsImage(manifest) || await FindAsync(stored, manifest.Config!, cancel) is not { } content || ImageConfig.TryParse(content) is not { } config)
                continue;
            if (document.Size == 0)
                document.Size = manifest.TotalSize;
            AddConfig(document, config, await labels.FindAsync(row.Id, config, cancel));
        }
        foreach (var type in snapshot.ReferrerTypes)
            document.AddTerm("has", ArtifactKind.Of(type)?.Has ?? type);
        if (snapshot.Readme.Length > 0)
            document.AddTerm("has", "readme");
        if (snapshot.Description.Length > 0)
            document.Description = snapshot.Description; // what its people say goes before what the image says
        document.AddWords(snapshot.Readme);
        return document;
    }

    static bool IsRead(Descriptor blob) => ImageConfig.IsConfig(blob.MediaType) || BuildFile.MayBeProvenance(blob);

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
        else if (ImageLookup.IsImage(manifest))
            document.AddTerm("type", "image");
        else if (manifest.ArtifactType is { } told && !ImageConfig.IsConfig(told))
            document.AddTerm("type", told);
        else if (manifest.Layers is [var first, ..])
            document.AddTerm("type", first.MediaType); // it has the config of an image and is none
        if (ArtifactKind.Of(manifest) is { Title: not ("Image" or "Image index") } kind)
            document.AddWords(kind.Title);
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

    static void AddAnnotations(SearchDocument document, IReadOnlyDictionary<string, string> annotations)
    {
        foreach (var (name, value) in annotations)
        {
            document.AddTerm("annotation", $"{name}={value}");
            AddKnown(document, name, value);
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
                foreach (var licence in SpdxLicense.Split(value).Take(10))
                    document.AddTerm("license", SpdxLicense.Key(licence));
                break;
            case "org.opencontainers.image.base.name" or "org.opencontainers.image.base.digest":
                document.AddTerm("base", value);
                break;
            case "org.opencontainers.image.vendor" or "vendor" or "org.opencontainers.image.authors":
                document.AddWords(value);
                break;
        }
    }

    static string Line(string text, int length)
    {
        var line = ForeignText.Line(text, length + 1);
        return line.Length > length ? ForeignText.Clean(line, length).TrimEnd() + "…" : line;
    }
}
