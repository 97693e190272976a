using System.Globalization;
using Staithe.Database;
using Staithe.Events;
using Staithe.Jobs;

namespace Staithe.Search;

/// <summary>Has the index look again at each repository that has changed.</summary>
internal sealed class SearchNews : IEventFollower
{
    public string Name => "search";

    public async Task FollowAsync(DbSession session, IReadOnlyList<ContentEvent> events)
    {
        foreach (var changed in events.Where(Changes).GroupBy(one => one.RepoId!.Value).OrderBy(some => some.Key))
            await JobTable.AddAsync(session, WorkKind.Search, changed.Key.ToString(CultureInfo.InvariantCulture), changed.Last().Name?.Value ?? "");
        foreach (var space in events.Where(one => one.Kind == EventKind.SpaceRenamed).Select(one => one.Space!).Distinct())
            await session.ExecuteAsync(AddSpaceSql, space);
    }

    // What an image is built on decides which labels are its own, so it is news that it was looked into.
    static bool Changes(ContentEvent one) => one.Kind
        is EventKind.ManifestPushed or EventKind.ManifestDeleted or EventKind.TagDeleted or EventKind.ImageRead
        or EventKind.RepositoryMoved or EventKind.RepositoryRemoved or EventKind.RepositoryTexts;

    static readonly Sql AddSpaceSql = new($$"""
        insert into jobs (kind, unit, label, priority, seq, created_at, not_before, leased_until, lease, attempts)
        select '{{WorkKind.Search}}', cast(id as text), name, 0, 1, {now}, {now}, 0, 0, 0 from repositories where space = $1
        on conflict (kind, unit) do update set seq = jobs.seq + 1, label = excluded.label
        """);
}
