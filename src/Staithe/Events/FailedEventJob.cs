using System.Globalization;
using System.Text.Json;
using Staithe.Database;
using Staithe.Jobs;
using Staithe.Oci;

namespace Staithe.Events;

/// <summary>Gives an event once more to a follower that could not take it.</summary>
internal sealed class FailedEventJob(Db db, IReadOnlyList<IEventFollower> followers) : IJob
{
    const int MaxCauseLength = 500;

    public string Kind => WorkKind.Events;

    /// <summary>The unit of work that is left of it.</summary>
    public static FailedWork Of(IEventFollower follower, (long Tx, long Id) place, ContentEvent? given, Exception failure) => new(
        WorkKind.Events,
        string.Create(CultureInfo.InvariantCulture, $"{follower.Name} {place.Tx} {place.Id}"),
        $"{given?.Kind ?? "an event"} {given?.Name?.Value ?? given?.Space} for {follower.Name}",
        ForeignText.Line($"{failure.GetType().Name}: {failure.Message}", MaxCauseLength),
        1,
        0,
        0);

    /// <summary>The event, as the row of the unit keeps it; null for one that could not be read.</summary>
    public static string? Write(ContentEvent? given) => given is null ? null : JsonSerializer.Serialize(new Kept(
        given.Kind, given.Space, given.RepoId, given.Name?.Value, given.Former, given.Digest?.Value, given.ManifestId, given.IsImage, [.. given.Tags.Select(tag => tag.Value)]));

    public Task RunAsync(JobRun run, CancellationToken cancel)
    {
        var follower = followers.FirstOrDefault(one => run.Unit.StartsWith($"{one.Name} ", StringComparison.Ordinal)) ?? throw new InvalidDataException("nobody follows under that name any more");
        var given = Read(run.Job.Data ?? throw new InvalidDataException("the event cannot be read"));
        return db.WriteAsync(
            async session =>
            {
                await follower.FollowAsync(session, [given]);
                await run.CompleteAsync(session);
            },
            cancel);
    }

    static ContentEvent Read(string text)
    {
        var kept = JsonSerializer.Deserialize<Kept>(text)!;
        return new ContentEvent(kept.Kind)
        {
            Space = kept.Space,
            RepoId = kept.RepoId,
            Name = kept.Name is null ? null : RepositoryName.Parse(kept.Name),
            Former = kept.Former,
            Digest = kept.Digest is null ? null : Digest.Parse(kept.Digest),
            ManifestId = kept.ManifestId,
            IsImage = kept.IsImage,
            Tags = [.. kept.Tags.Select(TagName.Parse)],
        };
    }

    sealed record Kept(string Kind, string? Space, long? RepoId, string? Name, string? Former, string? Digest, long? ManifestId, bool IsImage, string[] Tags);
}
