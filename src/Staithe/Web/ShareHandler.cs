using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;
using Staithe.Sharing;

namespace Staithe.Web;

/// <summary>
/// What a share link is for, and how one pulls by it. The page of a link that has ended is that of one that never was. Its address is a secret:
/// no other page is told where its reader came from.
/// </summary>
internal sealed class ShareHandler(Db db, ShareLinkLookup links, ShareCommands commands) : IWebHandler
{
    const string Prefix = "/s/";

    public bool Takes(string path) => path.StartsWith(Prefix, StringComparison.Ordinal);

    public async Task HandleAsync(Visit visit)
    {
        visit.Http.Response.Headers["X-Robots-Tag"] = "noindex, nofollow";
        // Whoever opens the name of an image in a browser means the link that is in it.
        var secret = visit.Path[Prefix.Length..].Split('/', ':')[0];
        if (await links.ShowAsync(secret, visit.Cancel) is not { } shown)
        {
            await visit.SendNothingAsync("This link has ended", "Or it never was one: look whether it is whole. Ask whoever gave it to you for another.");
            return;
        }
        var (link, tags) = (shown.Link, shown.Tags);
        var tag = link.Tag ?? await db.ReadAsync(session => RepositoryPageTable.FindMainTagAsync(session, link.RepoId), visit.Cancel);
        var image = tag is null || tags.Count == 0 ? null : $"{visit.Frame.Host}/{ShareLinkName.Of(secret, link.Repository)}:{tag}";
        await visit.SendAsync<SharePage, SharedImage>(new SharedImage(
            link.Repository,
            link.Tag,
            image,
            image is null ? [] : await commands.ListAsync(visit.Frame.Clients, secret, RepositoryName.Parse(link.Repository), TagName.Parse(tag!), visit.Cancel),
            tags,
            DateTimeOffset.FromUnixTimeMilliseconds(link.ExpiresAt),
            link.MaxPulls,
            link.Pulls));
    }
}

/// <summary>What is shared by a link.</summary>
/// <param name="Tag">The one tag; null for the whole repository.</param>
/// <param name="Image">What to pull; null while there is nothing.</param>
/// <param name="Commands">How to run and pull it; none while there is nothing.</param>
/// <param name="Tags">The tags that one may pull, those that moved last first.</param>
/// <param name="MaxPulls">Null for as many as one likes.</param>
public sealed record SharedImage(
    string Repository, string? Tag, string? Image, IReadOnlyList<SecretText> Commands, IReadOnlyList<string> Tags, DateTimeOffset ExpiresAt, long? MaxPulls, long Pulls)
{
    /// <summary>How it is called.</summary>
    public string Title => Tag is null ? Repository : $"{Repository}:{Tag}";
}
