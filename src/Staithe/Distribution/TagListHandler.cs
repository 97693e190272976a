using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;
using Staithe.Transport;

namespace Staithe.Distribution;

/// <summary>end-8: the tags of a repository, in byte order.</summary>
internal sealed class TagListHandler(Db db)
{
    public async Task GetAsync(HttpContext http, OciRoute.TagList route)
    {
        var page = Page.Of(http.Request);
        var tags = await db.ReadAsync(
            async session => await RepositoryTable.FindIdAsync(session, route.Name) is { } repoId
                ? await TagTable.ListAsync(session, repoId, page.Last, page.Limit + 1)
                : null,
            http.RequestAborted) ?? throw RepositoryListHandler.Unknown(route.Name);
        if (page.Trim(tags))
            page.Link(http.Response, route.Path, tags[^1]);
        await WholeBody.SendAsync(http, "application/json", JsonBody.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("name", route.Name.Value);
            json.WriteStartArray("tags");
            foreach (var tag in tags)
                json.WriteStringValue(tag);
            json.WriteEndArray();
            json.WriteEndObject();
        }));
    }
}
