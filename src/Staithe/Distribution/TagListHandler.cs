using Staithe.Content;
using Staithe.Database;
using Staithe.Door;
using Staithe.Oci;
using Staithe.Transport;

namespace Staithe.Distribution;

/// <summary>end-8: the tags of a repository, in byte order.</summary>
internal sealed class TagListHandler(Db db)
{
    /// <param name="asked">The path by which the list was asked for, where it is another than the route's own.</param>
    public async Task GetAsync(HttpContext http, OciRoute.TagList route, string? asked = null)
    {
        var page = Page.Of(http.Request);
        var tags = await db.ReadAsync(
            async session => await RepositoryTable.FindIdAsync(session, route.Name) is { } repoId
                ? await TagTable.ListAsync(session, repoId, page.Last, page.Limit + 1)
                : null,
            http.RequestAborted) ?? throw Gate.Unknown(route.Name);
        if (page.Trim(tags))
            page.Link(http.Response, asked ?? route.Path, tags[^1]);
        await SendAsync(http, route.Name, tags);
    }

    public static Task SendAsync(HttpContext http, RepositoryName name, IEnumerable<string> tags) => WholeBody.SendAsync(http, "application/json", JsonBody.Write(json =>
    {
        json.WriteStartObject();
        json.WriteString("name", name.Value);
        json.WriteStartArray("tags");
        foreach (var tag in tags)
            json.WriteStringValue(tag);
        json.WriteEndArray();
        json.WriteEndObject();
    }));
}
