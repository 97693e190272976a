using Staithe.Access;
using Staithe.Content;
using Staithe.Database;
using Staithe.Search;

namespace Staithe.Api;

/// <summary>What the asker watches and has starred.</summary>
internal static class WatchHandlers
{
    public static Task<Page<Watch>> ListAsync(ApiCall call)
    {
        var after = call.AfterNumber(0);
        return call.PageAsync(
            async (session, limit) =>
            {
                await call.RequireUserAsync(session);
                return await WatchTable.ListAsync(session, call.Who, after, limit);
            },
            row => new Watch(row.Kind, row.Name, Time.Of(row.CreatedAt)),
            row => Text.Of(row.Id));
    }

    public static Task AddAsync(ApiCall call) => ChangeAsync(call, Watches.AddAsync);

    public static Task RemoveAsync(ApiCall call) => ChangeAsync(call, Watches.RemoveAsync);

    public static Task StarAsync(ApiCall call) => SetStarAsync(call, true);

    public static Task UnstarAsync(ApiCall call) => SetStarAsync(call, false);

    static Task ChangeAsync(ApiCall call, Func<DbSession, Identity, string, string, Task> change)
    {
        var (kind, name) = Read(call);
        return call.Db.WriteAsync(
            SpaceUse.Small,
            async session =>
            {
                await call.RequireUserAsync(session);
                await change(session, call.Who, kind, name);
            },
            call.Cancel);
    }

    static Task SetStarAsync(ApiCall call, bool isStarred)
    {
        var name = call.Repository("repository").Value;
        return call.Db.WriteAsync(
            SpaceUse.Small,
            async session =>
            {
                await call.RequireUserAsync(session);
                await RepositoryPageTable.SetStarAsync(session, call.Who.Id, await Watches.FindRepositoryAsync(session, call.Who, name), isStarred);
            },
            call.Cancel);
    }

    static (string Kind, string Name) Read(ApiCall call) => WatchRow.Kinds.Where(kind => call.Query(kind) is not null).ToList() switch
    {
        [var kind] => (kind, call.RequiredQuery(kind)),
        _ => throw ApiCall.Invalid("say what to watch: one of ?repository=…, ?space=… and ?search=…"),
    };
}
