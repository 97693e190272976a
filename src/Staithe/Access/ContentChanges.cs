using Staithe.Accounts;
using Staithe.Content;
using Staithe.Database;

namespace Staithe.Access;

/// <summary>
/// Runs changes after which content answers under other names, or not at all. Who is told of one finds nothing any more that was remembered
/// before it: neither what may be done, nor what is where.
/// </summary>
internal sealed class ContentChanges(AccessEpoch epoch, ContentCache cache, ContentRules rules)
{
    /// <summary>For how long bytes stay on disk that nobody has any more.</summary>
    public TimeSpan Trash => rules.Trash;

    public async Task<T> RunAsync<T>(Func<DbSession, Task<T>> change, CancellationToken cancel)
    {
        var result = await cache.ChangeAsync(() => epoch.ChangeAsync(SpaceUse.Frees, change, cancel));
        cache.ForgetAll();
        return result;
    }

    public Task RunAsync(Func<DbSession, Task> change, CancellationToken cancel) => RunAsync<object?>(
        async session =>
        {
            await change(session);
            return null;
        },
        cancel);
}
