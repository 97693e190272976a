using Staithe.Access;
using Staithe.Accounts;
using Staithe.Content;
using Staithe.Managing;
using Staithe.Oci;

namespace Staithe.Api;

/// <summary>The tags and manifests of a repository: for whoever may pull from it, and deleted by whoever has the right.</summary>
internal sealed class ContentHandlers(RepositoryContent content)
{
    const string Repository = "repository", Tag = "tag", Digest = "digest", Attachments = "attachments", Untagged = "untagged";
    const string Include = "include", Only = "only", True = "true";

    static readonly QueryParameter Name = new(Repository, "The repository, such as team/app.", IsRequired: true);

    public static QueryParameter[] OfTagList { get; } =
    [
        Name,
        .. Operation.Listing("part of the tag", TagListing.Orders),
        new(Attachments, "Signatures, lists of packages and the like, which are left out unless told: include, or only.") { Values = [Include, Only] },
    ];

    public static QueryParameter[] OfTag { get; } = [Name, new(Tag, "The tag.", IsRequired: true)];

    public static QueryParameter[] OfManifestList { get; } =
    [
        Name,
        .. Operation.Listing("part of the digest, the media type or the artifact type", ManifestListing.Orders),
        new(Untagged, "true for only those that no tag names.") { Values = [True] },
    ];

    public static QueryParameter[] OfManifest { get; } = [Name, new(Digest, "The digest.", IsRequired: true)];

    public Task<Page<RepositoryTag>> ListTagsAsync(ApiCall call)
    {
        var kind = call.Query(Attachments) switch { null => TagKind.Releases, Only => TagKind.Attachments, _ => TagKind.All };
        return TryAsync(call, () => call.ListAsync(asked => content.ListTagsAsync(call.Who, call.Repository(Repository), kind, asked, call.Cancel), RepositoryTag.Of));
    }

    public Task DeleteTagAsync(ApiCall call)
    {
        if (!TagName.TryParse(call.RequiredQuery(Tag), out var tag))
            throw ApiCall.Invalid($"tag is \"{OciException.Quote(call.Query(Tag))}\", which is no tag: use letters, digits, _ . and -, at most {TagName.MaxLength}");
        return TryAsync(call, async () =>
        {
            await content.DeleteTagAsync(call.Who, call.Actor, call.Repository(Repository), tag, call.Cancel);
            return true;
        });
    }

    public Task<Page<RepositoryManifest>> ListManifestsAsync(ApiCall call) => TryAsync(call, () => call.ListAsync(
        asked => content.ListManifestsAsync(call.Who, call.Repository(Repository), call.Query(Untagged) is not null, asked, call.Cancel), RepositoryManifest.Of));

    public Task DeleteManifestAsync(ApiCall call)
    {
        if (!Oci.Digest.TryParse(call.RequiredQuery(Digest), out var digest))
            throw ApiCall.Invalid($"digest is \"{OciException.Quote(call.Query(Digest))}\", which is no digest: take it whole, such as sha256:…, from /manifests");
        return TryAsync(call, async () =>
        {
            await content.DeleteManifestAsync(call.Who, call.Actor, call.Repository(Repository), digest, call.Cancel);
            return true;
        });
    }

    // Whoever has not signed in may be somebody who may.
    static async Task<T> TryAsync<T>(ApiCall call, Func<Task<T>> run)
    {
        try
        {
            return await run();
        }
        catch (AccountException refused) when (call.Who.Kind == IdentityKind.Anonymous && refused.Problem is AccountProblem.Unknown or AccountProblem.Forbidden)
        {
            throw ApiCall.SignInFirst();
        }
    }
}
