using Staithe.Database;

namespace Staithe.Events;

/// <summary>
/// Somebody for whom events leave work. Is given each event once for all servers, in their order, a moment after it was committed, many at a time;
/// after a crash perhaps some that it was given before.
/// </summary>
internal interface IEventFollower
{
    /// <summary>Under which its place is kept.</summary>
    string Name { get; }

    /// <summary>Writes rows that say what is to be done, and nothing else, in the transaction that moves its place.</summary>
    Task FollowAsync(DbSession session, IReadOnlyList<ContentEvent> events);
}
