using Staithe.Accounts;
using Staithe.Content;
using Staithe.Database;

namespace Staithe.Access;

/// <summary>
/// Runs changes after which content answers under other names, or not at all: rights are changed with it, and a full disk does not stop it.
/// </summary>
internal sealed class ContentChanges(AccessEpoch epoch, ContentRules rules)
{
    /// <summary>For how long bytes stay on disk that nobody has any more.</summary>
    public TimeSpan Trash => rules.Trash;

    public Task<T> RunAsync<T>(Func<DbSession, Task<T>> change, CancellationToken cancel) => epoch.ChangeAsync(SpaceUse.Frees, change, cancel);

    public Task RunAsync(Func<DbSession, Task> change, CancellationToken cancel) => RunAsync<object?>(
        async session =>
        {
            await change(session);
            return null;
        },
        cancel);
}
