using Staithe.Access;
using Staithe.Accounts;
using Staithe.Content;
using Staithe.Database;
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
        return await call.ReadAsync(async session => await AnswerAsync(session, await RepositoryCare.SeenAsync(session, call.Who, name)));
    }

    public static async Task<Repository> ChangeAsync(ApiCall call, RepositoryChange change)
    {
        var name = call.Repository("name");
        Visibility? visibility = change.Visibility is null ? null : ApiCall.ReadVisibility(change.Visibility);
        // Rendering is work: for who may keep the result, and before the transaction.
        if (change.Readme is not null)
            await call.ReadAsync(session => RepositoryCare.RequireAsync(session, call.Who, name, Rights.Manage));
        var wish = new RepositoryWish(visibility, change.Description, change.Readme is null ? null : Readme.Read(change.Readme));
        return await call.ChangeAsync(async session =>
        {
            await RepositoryCare.ChangeAsync(session, call.Who, call.Actor, name, wish);
            return await AnswerAsync(session, await AccessLookup.ExplainAsync(session, call.Who, name));
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

    static async Task<Repository> AnswerAsync(DbSession session, Explanation seen)
    {
        var name = seen.Place!.Name;
        var id = await RepositoryTable.FindIdAsync(session, name) ?? throw RepositoryCare.Unknown(name);
        return new Repository(
            name.Value,
            VisibilityText.Format(seen.Place.Visibility!.Value),
            RightsText.Format(seen.Decision.Always),
            OnTags(seen.Decision),
            await RepositoryPageTable.FindDescriptionAsync(session, id),
            await RepositoryPageTable.FindReadmeTextAsync(session, id));
    }

    static string? Visibility(Visibility? visibility) => visibility is { } known ? VisibilityText.Format(known) : null;

    static List<Reason> Reasons(IReadOnlyList<RightsReason> reasons) => [.. reasons.Select(reason => new Reason(reason.Kind, reason.GrantId, reason.Via, reason.Target, reason.Rights, reason.Tags))];

    static List<RightsOnTags> OnTags(Decision decision) => [.. decision.OnTags.Select(some => new RightsOnTags(some.Tags.Text, RightsText.Format(some.Rights)))];
}
