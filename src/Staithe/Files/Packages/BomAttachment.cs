using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Nodes;
using Staithe.Content;
using Staithe.Database;
using Staithe.Events;
using Staithe.Oci;

namespace Staithe.Files;

/// <summary>A list of packages as it was attached.</summary>
/// <param name="Digest">The artifact that refers to the image.</param>
/// <param name="Bom">The document in it.</param>
internal sealed record AttachedBom(Digest Digest, Descriptor Bom, int Packages);

/// <summary>
/// Attaches the packages of an image to it: an artifact like one that anybody could push who may push there, found with the referrers of the image and
/// signed by nobody. The same image has the same one, however often it is asked for. An image has one of these: an older one goes, unless it is in use.
/// </summary>
internal sealed class BomAttachment(Db db, BlobUpload uploads, ManifestPush push, ImageContents contents)
{
    const int MaxPackages = 50_000;
    const string EmptyType = "application/vnd.oci.empty.v1+json";
    const string FileName = "sbom.cdx.json";

    /// <exception cref="LookException">The image cannot be looked into, or not yet.</exception>
    public async Task<AttachedBom> RunAsync(FoundImage image, Pusher pusher, CancellationToken cancel)
    {
        var packages = await contents.ListPackagesAsync(image, "", MaxPackages, cancel);
        var name = image.Name.Repository;
        var bom = await KeepAsync(name, CycloneDx.MediaType, JsonSerializer.SerializeToUtf8Bytes(CycloneDx.Write(name.Value, image.Row.Digest, packages, await contents.ListNotesAsync(image, cancel))), pusher, cancel);
        var config = await KeepAsync(name, EmptyType, "{}"u8.ToArray(), pusher, cancel);
        var manifest = Write(image, config, bom);
        var digest = DigestAlgorithm.Sha256.Digest(manifest);
        await push.RunAsync(name, Reference.To(digest), [], manifest, MediaTypes.OciManifest, null, pusher, cancel);
        await SetAsync(image, digest);
        return new AttachedBom(digest, bom, packages.Count);
    }

    async Task<Descriptor> KeepAsync(RepositoryName name, string mediaType, byte[] content, Pusher pusher, CancellationToken cancel)
    {
        var digest = DigestAlgorithm.Sha256.Digest(content);
        await uploads.TakeWholeAsync(name, digest, new Chunk(null, content.Length, PipeReader.Create(new ReadOnlySequence<byte>(content))), pusher.Creator, cancel);
        return new Descriptor(mediaType, digest, content.Length);
    }

    static byte[] Write(FoundImage image, Descriptor config, Descriptor bom)
    {
        var layer = Write(bom);
        layer["annotations"] = new JsonObject { ["org.opencontainers.image.title"] = FileName }; // what clients call the file that they pull
        return JsonSerializer.SerializeToUtf8Bytes(new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = MediaTypes.OciManifest,
            ["artifactType"] = CycloneDx.MediaType,
            ["config"] = Write(config),
            ["layers"] = new JsonArray(layer),
            ["subject"] = Write(new Descriptor(image.Row.MediaType, Digest.Parse(image.Row.Digest), image.Row.Content.Length)),
        });
    }

    static JsonObject Write(Descriptor descriptor) => new() { ["mediaType"] = descriptor.MediaType, ["digest"] = descriptor.Digest.Value, ["size"] = descriptor.Size };

    // The one before is another when the repository has another name now, or this registry writes it in another way.
    async Task SetAsync(FoundImage image, Digest bom)
    {
        await db.WriteAsync(async session =>
        {
            if (await BomTable.FindAsync(session, image.Row.Id) == bom)
                return;
            if (await BomTable.DeleteUnusedAsync(session, image.Row.Id) is { } gone)
                await EventTable.AddAsync(session, ContentEvent.Of(EventKind.ManifestDeleted, image.Row.RepoId, image.Name.Repository) with { Digest = gone });
            await BomTable.SetAsync(session, image.Row.RepoId, Digest.Parse(image.Row.Digest), bom);
        });
    }
}
