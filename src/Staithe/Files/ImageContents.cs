using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;
using Staithe.Storage;

namespace Staithe.Files;

/// <summary>
/// What the faces ask of the insides of images: the files, the packages, what changed. An image that nobody has looked into yet is looked into at
/// once, and the caller waits for that a little.
/// </summary>
internal sealed class ImageContents(Db db, IBlobStorage storage, LayerFiles files, InspectionJob worker)
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    static readonly TimeSpan ReadPatience = TimeSpan.FromSeconds(20);

    readonly BlobReader blobs = new(db, storage);

    // What a request reads of a layer costs processor time, of which the machine has so much; however many ask, pulls are served too.
    static readonly SemaphoreSlim Reading = new(Math.Max(1, Environment.ProcessorCount / 2));

    /// <summary>The files of an image.</summary>
    /// <exception cref="LookException">Not yet, or never.</exception>
    public async Task<ImageFiles> OpenAsync(FoundImage image, CancellationToken cancel)
    {
        CheckImage(image);
        return await TryOpenAsync(image, cancel)
            ?? await WaitAsync(image, () => TryOpenAsync(image, cancel), cancel);
    }

    /// <summary>A page of the packages of an image, behind a package URL; with a text only those in whose name it is.</summary>
    /// <exception cref="LookException">Not yet, or never.</exception>
    public async Task<List<PackageRow>> ListPackagesAsync(FoundImage image, string after, int limit, CancellationToken cancel, string text = "")
    {
        CheckImage(image);
        return await TryListAsync() ?? await WaitAsync(image, TryListAsync, cancel);

        async Task<List<PackageRow>?> TryListAsync() => await db.ReadAsync(
            async session => (await ImageTable.FindStateAsync(session, image.Row.Id))?.State != ImageState.Done ? null
                : text.Length == 0 ? await PackageTable.ListAsync(session, image.Row.Id, after, limit)
                : await PackageTable.ListNamedAsync(session, image.Row.Id, text, after, limit),
            cancel);
    }

    /// <summary>Whether anybody may fetch the image, without saying who they are.</summary>
    public Task<bool> IsPublicAsync(FoundImage image, CancellationToken cancel) =>
        db.ReadAsync(async session => await RepositoryTable.FindVisibilityAsync(session, image.Row.RepoId) == "public", cancel);

    /// <summary>What is to be said of an image: what of it was not read, which claims are not true. Nothing of one that nobody has looked into.</summary>
    public async Task<IReadOnlyList<ImageNote>> ListNotesAsync(FoundImage image, CancellationToken cancel) => await FindStateAsync(image, cancel) switch
    {
        { State: ImageState.Refused, Reason: var reason } => [new ImageNote(ImageNote.Unread, "image", reason ?? "it cannot be looked into")],
        { Notes: var notes } => notes,
        _ => [],
    };

    /// <summary>For reading the files of an image; of one request, and not by two at a time.</summary>
    public LayerReader Read(ImageFiles image) => new(image, storage);

    /// <summary>Runs what reads in layers when it is its turn.</summary>
    /// <exception cref="LookException">Too many are reading.</exception>
    public static async Task<T> InTurnAsync<T>(Func<T> read, CancellationToken cancel)
    {
        if (!await Reading.WaitAsync(ReadPatience, cancel))
            throw new LookException(StatusCodes.Status503ServiceUnavailable, "many are reading files out of images: try again") { RetryAfter = 5 };
        try
        {
            return read();
        }
        finally
        {
            Reading.Release();
        }
    }

    /// <summary>The config of an image; null when it cannot be read.</summary>
    public async Task<ImageConfig?> FindConfigAsync(FoundImage image, CancellationToken cancel)
    {
        CheckImage(image);
        return await blobs.FindAsync(image.Row.RepoId, image.Manifest.Config!.Digest, ImageConfig.MaxBytes, cancel) is { } content ? ImageConfig.TryParse(content) : null;
    }

    static void CheckImage(FoundImage image)
    {
        if (!image.IsImage)
            throw new LookException(StatusCodes.Status422UnprocessableEntity, image.Problem ?? $"{image.Name} is no image, so it has no files: it is {image.Manifest.ArtifactType ?? image.Manifest.MediaType}");
    }

    async Task<ImageFiles?> TryOpenAsync(FoundImage image, CancellationToken cancel)
    {
        var layers = await ImageInspection.ListLayersAsync(db, image.Row, image.Manifest, cancel);
        if (ImageInspection.FindRefusal(layers) is { } refusal)
            throw new LookException(StatusCodes.Status422UnprocessableEntity, refusal);
        return ImageInspection.TryOpen(files, layers);
    }

    async Task<T> WaitAsync<T>(FoundImage image, Func<Task<T?>> look, CancellationToken cancel)
        where T : class
    {
        // What was refused once is not tried again for everybody who asks.
        if (await FindStateAsync(image, cancel) is { State: ImageState.Refused } before)
            throw new LookException(StatusCodes.Status422UnprocessableEntity, before.Reason!);
        try
        {
            await worker.RequestAsync(image.Row.Id).WaitAsync(Patience, cancel);
        }
        catch (TimeoutException)
        {
            throw new LookException(StatusCodes.Status503ServiceUnavailable, $"nobody has looked into {image.Name} yet; {worker.Describe(image.Row.Id)}: try again in a few seconds") { RetryAfter = 5 };
        }
        if (await FindStateAsync(image, cancel) is { State: ImageState.Refused } after)
            throw new LookException(StatusCodes.Status422UnprocessableEntity, after.Reason!);
        return await look() ?? throw new LookException(StatusCodes.Status503ServiceUnavailable, $"looking into {image.Name} failed; it will be tried again") { RetryAfter = 60 };
    }

    Task<ImageState?> FindStateAsync(FoundImage image, CancellationToken cancel) => db.ReadAsync(session => ImageTable.FindStateAsync(session, image.Row.Id), cancel);
}
