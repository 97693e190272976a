using Staithe.Access;
using Staithe.Accounts;
using Staithe.Content;
using Staithe.Door;
using Staithe.Files;
using Staithe.Oci;

namespace Staithe.Api;

/// <summary>What is inside of images, for whoever may pull them: packages, and what changed. Whoever may push there may attach the packages to the image.</summary>
internal sealed class ImageHandlers(ImageLookup lookup, ImageContents contents, BomAttachment boms, AccessLookup access)
{
    const int MaxPackages = 50_000;

    public async Task<ImagePackages> ListPackagesAsync(ApiCall call)
    {
        var (image, _) = await GetAsync(call, "image", "platform");
        var limit = call.Limit;
        var rows = await contents.ListPackagesAsync(image, call.After, limit + 1, call.Cancel);
        var notes = await contents.ListNotesAsync(image, call.Cancel);
        return new ImagePackages(
            [.. rows.Take(limit).Select(ImagePackage.Of)], rows.Count > limit ? rows[limit - 1].Purl : null, !notes.Any(note => note.IsMissing), notes);
    }

    public async Task<object?> GetBomAsync(ApiCall call)
    {
        var (image, _) = await GetAsync(call, "image", "platform");
        var packages = await contents.ListPackagesAsync(image, "", MaxPackages, call.Cancel);
        var notes = await contents.ListNotesAsync(image, call.Cancel);
        await ApiJson.SendAsync(call.Http, CycloneDx.MediaType, CycloneDx.Write(image.Name.Repository.Value, image.Row.Digest, packages, notes));
        return null;
    }

    // A person asks for it, and answers for it as for any other push: nothing comes into a repository by itself.
    public async Task<AttachedSbom> AttachBomAsync(ApiCall call)
    {
        var (image, decision) = await GetAsync(call, "image", "platform");
        if (!decision.May(Rights.Push))
        {
            throw call.Who.Kind == IdentityKind.Anonymous
                ? ApiCall.SignInFirst()
                : new RefusalException(StatusCodes.Status403Forbidden, await access.SayRefusalAsync(call.Who, image.Name.Repository, Rights.Push, null, call.Cancel));
        }
        var attached = await boms.RunAsync(image, new Pusher(call.Who.Creator(call.Actor), (_, _) => false), call.Cancel);
        return new AttachedSbom(attached.Digest.Value, CycloneDx.MediaType, image.Row.Digest, attached.Bom.Digest.Value, attached.Bom.Size, attached.Packages);
    }

    public async Task<ImageDifference> CompareAsync(ApiCall call)
    {
        var ((before, _), (after, _)) = (await GetAsync(call, "from", "platform"), await GetAsync(call, "to", "platform"));
        return await new ImageDiff(contents).RunAsync(before, after, call.Cancel);
    }

    // Whoever has not signed in may be somebody who may; to all others an image that they may not pull is none.
    async Task<(FoundImage Image, Decision Decision)> GetAsync(ApiCall call, string image, string platform)
    {
        if (!ImageName.TryParse(call.RequiredQuery(image), out var name))
            throw ApiCall.Invalid($"{image} is \"{OciException.Quote(call.Query(image))}\", which is no image's name: write NAME:TAG or NAME@DIGEST");
        Platform? wanted = null;
        if (call.Query(platform) is { } text && !Platform.TryParse(text, out wanted))
            throw ApiCall.Invalid($"{platform} is \"{OciException.Quote(text)}\": it must be OS/ARCHITECTURE, such as linux/arm64");
        var reach = await access.ReachAsync(call.Who, name.Repository, call.Cancel);
        if (!reach.Decision.May(Rights.Pull))
        {
            throw call.Who.Kind == IdentityKind.Anonymous
                ? ApiCall.SignInFirst()
                : new RefusalException(StatusCodes.Status404NotFound, $"there is no repository {name.Repository}, or none that you may see");
        }
        return (await lookup.GetAsync(name with { Repository = reach.Name }, wanted, call.Cancel), reach.Decision);
    }
}
