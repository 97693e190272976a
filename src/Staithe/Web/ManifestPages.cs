using Staithe.Access;
using Staithe.Accounts;
using Staithe.Content;
using Staithe.Database;
using Staithe.Managing;
using Staithe.Oci;

namespace Staithe.Web;

/// <summary>
/// The manifests of a repository, and what deletes them and tags: the forms do what the operations <c>deleteTag</c> and <c>deleteManifest</c> do. Whether the reader
/// may see the repository is asked before.
/// </summary>
internal sealed class ManifestPages(Db db, RepositoryContent content)
{
    /// <summary>The page of manifests, as the address says it.</summary>
    public const string View = "manifests";

    /// <summary>A part of the manifests, as the address asks for it.</summary>
    public async Task<(IReadOnlyList<ManifestLine> Lines, ListView List)> ListAsync(Visit visit, long repoId)
    {
        var (asked, isUntagged) = (visit.Asked(ManifestListing.Orders), visit.Query("untagged") == "true");
        var part = await db.ReadAsync(session => Visit.ListAsync(asked, part => ManifestListing.ListAsync(session, repoId, isUntagged, part)), visit.Cancel);
        return ([.. part.Items.Select(LineOf)], ListView.Of(visit, asked, ManifestListing.Orders, part.Next));
    }

    /// <summary>Asks whether something is to be deleted, where the address says so; false when it does not.</summary>
    public async Task<bool> TryAskAsync(Visit visit, RepositoryName name, long repoId, Decision decision)
    {
        if (visit.Who.Kind != IdentityKind.User)
            return false;
        var question = visit.Query("ask") switch
        {
            "tag.delete" when TagName.TryParse(visit.Query("tag"), out var tag) && decision.May(Rights.Delete, tag) => await AskOfTagAsync(visit, name, repoId, tag),
            "manifest.delete" when Digest.TryParse(visit.Query("digest"), out var digest) && decision.Always.HasFlag(Rights.Delete) => await AskOfManifestAsync(visit, name, repoId, digest),
            _ => null,
        };
        if (question is null)
            return false;
        await SettingsView.AskAsync(visit, NavOf(name), question);
        return true;
    }

    /// <summary>Does what a form says; null when it is none of these.</summary>
    public Task? Act(Visit visit, RepositoryName name) => visit.Field("do") switch
    {
        "tag.delete" => DeleteTagAsync(visit, name),
        "manifest.delete" => DeleteManifestAsync(visit, name),
        _ => null,
    };

    static string PathOf(RepositoryName name, string view) => $"/r/{name}?view={view}";

    static SettingsNav NavOf(RepositoryName name) => new(
        name.Value,
        $"/r/{name}",
        "Delete",
        [new NavLink("Overview", $"/r/{name}", false), new NavLink("Tags", PathOf(name, "tags"), false), new NavLink("Manifests", PathOf(name, View), false)]);

    async Task<Question?> AskOfTagAsync(Visit visit, RepositoryName name, long repoId, TagName tag)
    {
        if (await db.ReadAsync(session => TagListing.DescribeAsync(session, repoId, [tag.Value]), visit.Cancel) is not [var row])
            return null;
        return new Question(
            $"Delete the tag {tag}",
            [$"It points at {row.Digest}, which stays, and can still be pulled by its digest.", row.PulledAt is { } at ? $"The tag was last pulled {Shown.Ago(Shown.Then(at))}." : "The tag was never pulled."],
            PathOf(name, "tags"),
            [("do", "tag.delete"), ("tag", tag.Value)],
            null,
            "Delete tag",
            PathOf(name, "tags"));
    }

    async Task<Question?> AskOfManifestAsync(Visit visit, RepositoryName name, long repoId, Digest digest)
    {
        var asked = new ListRequest(digest.Value, Limit: 1);
        if (await db.ReadAsync(session => ManifestListing.ListAsync(session, repoId, isUntagged: false, asked), visit.Cancel) is not { Items: [var row] })
            return null;
        return new Question(
            $"Delete {Shown.Digest(digest.Value)}",
            [row.TagCount == 0 ? "It has no tag." : $"It goes with {Shown.Count(row.TagCount, "tag")}: {string.Join(", ", row.Tags)}{(row.TagCount > row.Tags.Count ? ", …" : "")}.", "This cannot be undone."],
            PathOf(name, View),
            [("do", "manifest.delete"), ("digest", digest.Value)],
            null,
            "Delete manifest",
            PathOf(name, View));
    }

    async Task DeleteTagAsync(Visit visit, RepositoryName name)
    {
        if (!TagName.TryParse(visit.Field("tag"), out var tag))
            throw new AccountException(AccountProblem.Invalid, "the form names no tag: go back and try again");
        await content.DeleteTagAsync(visit.Who, visit.Actor, name, tag, visit.Cancel);
        await visit.DoneAsync(PathOf(name, "tags"));
    }

    async Task DeleteManifestAsync(Visit visit, RepositoryName name)
    {
        if (!Digest.TryParse(visit.Field("digest"), out var digest))
            throw new AccountException(AccountProblem.Invalid, "the form names no manifest: go back and try again");
        await content.DeleteManifestAsync(visit.Who, visit.Actor, name, digest, visit.Cancel);
        await visit.DoneAsync(PathOf(name, View));
    }

    static ManifestLine LineOf(ListedManifest row) => new(
        row.Digest,
        ArtifactKind.Of(row.ArtifactType)?.Title ?? (row.Children > 0 || MediaTypes.IsIndex(row.MediaType) ? "index" : row.ArtifactType ?? "image"),
        row.Children,
        row.Size,
        Shown.Then(row.CreatedAt),
        row.Tags,
        row.TagCount,
        row.IsChild);
}

/// <summary>A manifest of a repository.</summary>
/// <param name="Kind">What it is, for people.</param>
/// <param name="Children">How many manifests an index has.</param>
/// <param name="Tags">The first of its tags.</param>
/// <param name="TagCount">How many it has.</param>
/// <param name="IsChild">Whether an index has it, and keeps it.</param>
public sealed record ManifestLine(string Digest, string Kind, long Children, long Size, DateTimeOffset PushedAt, IReadOnlyList<string> Tags, long TagCount, bool IsChild);
