using Staithe.Content;
using Staithe.Database;
using Staithe.Events;

namespace Staithe.Search;

/// <summary>Which repositories the index has to look at again.</summary>
internal sealed class SearchNews : IEventFollower
{
    public string Name => "search";

    public async Task FollowAsync(DbSession session, IReadOnlyList<ContentEvent> events)
    {
        foreach (var repoId in events.Where(Changes).Select(one => one.RepoId!.Value).Distinct().Order())
            await ChangedRepositoryTable.AddAsync(session, repoId);
        foreach (var space in events.Where(one => one.Kind == EventKind.SpaceRenamed).Select(one => one.Space!).Distinct())
            await ChangedRepositoryTable.AddSpaceAsync(session, space);
    }

    // What an image is built on decides which labels are its own, so it is news that it was looked into.
    static bool Changes(ContentEvent one) => one.Kind
        is EventKind.ManifestPushed or EventKind.ManifestDeleted or EventKind.TagDeleted or EventKind.ImageRead
        or EventKind.RepositoryMoved or EventKind.RepositoryRemoved or EventKind.RepositoryTexts;
}
