using Staithe.Access;
using Staithe.Database;
using Staithe.Door;
using Staithe.Transport;

namespace Staithe.Distribution;

/// <summary><c>/v2/_catalog</c> of the Docker Registry API: the names of the repositories that have a manifest, as far as the caller may pull from them.</summary>
internal sealed class RepositoryListHandler(Db db)
{
    public async Task GetAsync(HttpContext http, Caller caller)
    {
        var page = Page.Of(http.Request);
        var names = await db.ReadAsync(session => VisibleRepositories.ListAsync(session, caller.Who, page.Last, page.Limit + 1), http.RequestAborted);
        if (page.Trim(names))
            page.Link(http.Response, "/v2/_catalog", names[^1]);
        await WholeBody.SendAsync(http, "application/json", JsonBody.Write(json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("repositories");
            foreach (var name in names)
                json.WriteStringValue(name);
            json.WriteEndArray();
            json.WriteEndObject();
        }));
    }
}
