using Staithe.Access;
using Staithe.Accounts;
using Staithe.Managing;

namespace Staithe.Api;

/// <summary>Repositories, and who may do what with them. Their names have slashes, so they are in the query.</summary>
internal static class RepositoryHandlers
{
    public static Task<Page<RepositoryEntry>> ListAsync(ApiCall call) => call.PageAsync(
        (session, limit) => VisibleRepositories.ListAsync(session, call.Who, call.After, limit),
        name => new RepositoryEntry(name),
        name => name);

    public static async Task<Repository> GetAsync(ApiCall call)
    {
        var name = call.Repository("name");
        return await call.ReadAsync(async session => Answer(await RepositoryCare.SeenAsync(session, call.Who, name)));
    }

    public static async Task<Repository> ChangeAsync(ApiCall call, VisibilityChange change)
    {
        var (name, visibility) = (call.Repository("name"), ApiCall.ReadVisibility(change.Visibility));
        return await call.ChangeAsync(async session =>
        {
            await RepositoryCare.SetVisibilityAsync(session, call.Who, call.Actor, name, visibility);
            return Answer(await AccessLookup.ExplainAsync(session, call.Who, name));
        });
    }

    /// <summary>What somebody may do with a repository, or with one that they may make, and where that comes from.</summary>
    public static async Task<EffectiveRights> GetRightsAsync(ApiCall call)
    {
        var name = call.Repository("repository");
        var (user, robot) = (call.Query("user"), call.Query("robot"));
        if (user is not null && robot is not null)
            throw ApiCall.Invalid("give user or robot, not both; neither asks for your own rights");
        var rights = await call.ReadAsync(session => RightsReport.OfOneAsync(session, call.Who, name, user, robot));
        return new EffectiveRights(rights.Repository.Value, rights.Who.Name, Visibility(rights.Visibility), RightsText.Format(rights.Decision.Always), OnTags(rights.Decision), Reasons(rights.Reasons));
    }

    /// <summary>Everything by which anybody may do something with a repository, or with one that may be made.</summary>
    public static async Task<EverybodysRights> GetEverybodysRightsAsync(ApiCall call)
    {
        var name = call.Repository("repository");
        var rights = await call.ReadAsync(session => RightsReport.OfAllAsync(session, call.Who, name));
        return new EverybodysRights(rights.Repository.Value, Visibility(rights.Visibility), Reasons(rights.Reasons));
    }

    static Repository Answer(Explanation seen) =>
        new(seen.Place!.Name.Value, VisibilityText.Format(seen.Place.Visibility!.Value), RightsText.Format(seen.Decision.Always), OnTags(seen.Decision));

    static string? Visibility(Visibility? visibility) => visibility is { } known ? VisibilityText.Format(known) : null;

    static List<Reason> Reasons(IReadOnlyList<RightsReason> reasons) => [.. reasons.Select(reason => new Reason(reason.Kind, reason.GrantId, reason.Via, reason.Target, reason.Rights, reason.Tags))];

    static List<RightsOnTags> OnTags(Decision decision) => [.. decision.OnTags.Select(some => new RightsOnTags(some.Tags.Text, RightsText.Format(some.Rights)))];
}
