using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Managing;

namespace Staithe.Web;

/// <summary>What settings are about: a space, a part of one, or a repository.</summary>
/// <param name="Space">The space, as it is called now.</param>
/// <param name="Target">The repository, or everything that begins so.</param>
/// <param name="Path">Where its settings are.</param>
internal sealed record SettingsTarget(string Space, string Target, string Path)
{
    public bool IsRepository => !Target.EndsWith('/');

    public bool IsPart => !IsRepository && !IsWhole;

    bool IsWhole => Target.Length == Space.Length + 1;

    /// <summary>Where the settings of another target are.</summary>
    public static string PathOf(string target) => $"{OwnSettingsHandler.Path}/{(target.IndexOf('/', StringComparison.Ordinal) == target.Length - 1 ? target[..^1] : target)}";

    /// <summary>The address of one of its pages.</summary>
    public string At(string view) => $"{Path}?view={view}";
}

/// <summary>
/// A page that the settings of a space, of a part of it and of a repository have in common. A target is managed by who manages it, whatever else is in the space.
/// </summary>
internal abstract class TargetView(Db db, AccessEpoch epoch, string name, string title) : SettingsView(name, title)
{
    const int MaxNames = 500; // that a field proposes; others are typed

    // What was made last is what one looks for.
    protected static IReadOnlyList<string> NewestFirst { get; } = [ListOrder.Newest, ListOrder.Oldest];

    protected Db Db { get; } = db;

    protected AccessEpoch Epoch { get; } = epoch;

    /// <summary>What teams and robots there are, to choose from.</summary>
    protected static async Task<(IReadOnlyList<string> Teams, IReadOnlyList<string> Robots)> ListNamesAsync(DbSession session, string spaceName)
    {
        var space = await Spaces.FindAsync(session, spaceName);
        var first = new ListRequest(Limit: MaxNames);
        return (
            [.. (await TeamTable.ListAsync(session, space.Id, first)).Items.Select(team => team.Name)],
            [.. (await RobotTable.ListAsync(session, space.Id, first)).Items.Select(robot => robot.Name)]);
    }

    /// <summary>To whom, as a form says it: what kind, and the name.</summary>
    protected static GranteeNames ReadGrantee(Visit visit, string kind, string name)
    {
        var who = Text(visit, name);
        return visit.Field(kind) switch
        {
            "user" => new GranteeNames(who, null, null),
            "team" => new GranteeNames(null, who, null),
            "robot" => new GranteeNames(null, null, who),
            _ => new GranteeNames(null, null, null),
        };
    }

    /// <summary>A target as a form says it; unless told, the one that the page is about.</summary>
    protected static string ReadTarget(Visit visit, SettingsTarget target) => target.IsRepository ? target.Target : Text(visit, "target") ?? target.Target;

    /// <summary>With a part of a list, what a page needs to tell of it and to have more given.</summary>
    protected Task<(ListPart<T> Part, (IReadOnlyList<string> Teams, IReadOnlyList<string> Robots) Names, bool ManagesAll)> ReadAsync<T>(
        Visit visit, SettingsTarget target, Func<DbSession, Task<ListPart<T>>> list) =>
        Db.ReadAsync(async session => (await list(session), await ListNamesAsync(session, target.Space), await ManagesAllAsync(session, visit, target)), visit.Cancel);

    /// <summary>Whether the reader manages the whole space, and so can go to the settings of whatever is above.</summary>
    protected static async Task<bool> ManagesAllAsync(DbSession session, Visit visit, SettingsTarget target) =>
        (await AccessLookup.DecideAsync(session, visit.Who, await SpaceAccess.FindAsync(session, visit.Who, target.Space), $"{target.Space}/")).Always.HasFlag(Rights.Manage);

    /// <summary>The entry that the address names by its number; null when there is none that the reader may change.</summary>
    protected async Task<T?> FindAsync<T>(Visit visit, string parameter, Func<DbSession, long, Task<T>> find) where T : class
    {
        if (visit.Query(parameter).Length == 0)
            return null;
        try
        {
            return await Db.ReadAsync(session => find(session, Id(visit.Query(parameter))), visit.Cancel);
        }
        catch (AccountException)
        {
            return null;
        }
    }

    /// <summary>Deletes what the form names by its number, then shows the page again.</summary>
    protected async Task DeleteAsync(Visit visit, SettingsPlace place, Func<DbSession, long, Task> delete)
    {
        var id = Id(visit.Field("id"));
        await ThenAsync(Epoch, visit, place.Target.At(Name), session => delete(session, id));
    }

    /// <summary>Asks whether an entry is really to go.</summary>
    protected Task AskAsync(Visit visit, SettingsNav nav, SettingsPlace place, string form, long id, string button, string title, IReadOnlyList<string> consequences) =>
        AskAsync(visit, nav, new Question(title, consequences, place.Target.At(Name), [("do", form), ("id", Shown.Id(id))], null, button, place.Target.At(Name)));
}
