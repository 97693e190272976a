using System.Globalization;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;

namespace Staithe.Web;

/// <summary>
/// Pages of settings. Each shows what it may to whom it may, and takes forms that say in <c>do</c> what is to be done; what was refused is said above the form that
/// it was sent from. To whoever may not see a page it is as if there were none.
/// </summary>
internal abstract class SettingsHandler : IWebHandler
{
    public abstract bool Takes(string path);

    public async Task HandleAsync(Visit visit)
    {
        if (visit.Who.Kind != IdentityKind.User)
            await NothingAsync(visit);
        else if (visit.Form is null)
            await TryShowAsync(visit);
        else
            await TryActAsync(visit);
    }

    /// <summary>Shows the page.</summary>
    /// <exception cref="AccountException">The asker may not see it.</exception>
    protected abstract Task ShowAsync(Visit visit, Echo echo);

    /// <summary>Does what the form says.</summary>
    /// <exception cref="AccountException">It was refused.</exception>
    protected abstract Task ActAsync(Visit visit);

    /// <summary>Answers with a page of settings, or with what it shows as JSON.</summary>
    public static Task SendAsync<TPage, TModel>(Visit visit, SettingsNav nav, TModel model, Echo echo) where TPage : SettingsPageOf<TModel> => Visit.WantsJson(visit.Http)
        ? PageRenderer.SendJsonAsync(visit.Http, echo.Status, model)
        : visit.Renderer.SendAsync<TPage>(visit.Http, echo.Status, new()
        {
            [nameof(PageOf<>.Frame)] = visit.FrameOf(echo.Status),
            [nameof(PageOf<>.Model)] = model,
            [nameof(SettingsPageOf<>.Nav)] = nav,
            [nameof(SettingsPageOf<>.Echo)] = echo,
        });

    /// <summary>Asks whether it is really meant.</summary>
    public static Task AskAsync(Visit visit, SettingsNav nav, Question question) => SendAsync<QuestionPage, Question>(visit, nav, question, Echo.None);

    /// <summary>A field of the form; null when it was left empty.</summary>
    public static string? Text(Visit visit, string name) => visit.Field(name).Trim() is { Length: > 0 } text ? text : null;

    /// <summary>A number in the form.</summary>
    /// <exception cref="AccountException">It is none.</exception>
    public static int? Number(Visit visit, string name) => Text(visit, name) switch
    {
        null => null,
        { } text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
        _ => throw new AccountException(AccountProblem.Invalid, "a number is not one: use digits"),
    };

    /// <summary>The number of what the form, or the query, is about.</summary>
    public static long Id(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0;

    /// <summary>The rights that a form says: a role, or single ones.</summary>
    public static string RightsOf(Visit visit) => Text(visit, "role") ?? string.Join(',', visit.Form!["right"].Where(right => right is not null));

    /// <exception cref="AccountException">There is no such form.</exception>
    protected static AccountException UnknownDeed() => new(AccountProblem.Invalid, "the form does not say what to do");

    /// <exception cref="AccountException">It is none.</exception>
    protected static Visibility ReadVisibility(Visit visit) => VisibilityText.TryParse(visit.Field("visibility"), out var visibility)
        ? visibility
        : throw new AccountException(AccountProblem.Invalid, "choose private, internal or public");

    /// <summary>What goes for good is named once more.</summary>
    /// <exception cref="AccountException">It is not.</exception>
    protected static void RequireConfirmed(Visit visit, string name)
    {
        if (visit.Field("confirm").Trim() != name)
            throw new AccountException(AccountProblem.Invalid, $"nothing was done: type {name} to confirm it");
    }

    /// <summary>Does something, then shows a page again.</summary>
    public static async Task ThenAsync(AccessEpoch epoch, Visit visit, string path, Func<DbSession, Task> deed)
    {
        await epoch.ChangeAsync(deed, visit.Cancel);
        await visit.DoneAsync(path);
    }

    async Task TryShowAsync(Visit visit)
    {
        try
        {
            await ShowAsync(visit, Echo.None);
        }
        catch (AccountException hidden) when (hidden.Problem is AccountProblem.Unknown or AccountProblem.Forbidden)
        {
            await NothingAsync(visit);
        }
    }

    async Task TryActAsync(Visit visit)
    {
        AccountException refusal;
        try
        {
            if (visit.Form!.Any(field => field.Key is not ("readme" or "claims") && field.Value.Any(value => value!.Any(char.IsControl))))
                throw new AccountException(AccountProblem.Invalid, "a field holds a control character: leave it out");
            await ActAsync(visit);
            return;
        }
        catch (AccountException refused)
        {
            refusal = refused;
        }
        try
        {
            await ShowAsync(visit, Echo.Of(visit, refusal));
        }
        catch (AccountException)
        {
            throw refusal; // whoever may not see the page learns what was refused, and no more
        }
    }

    static Task NothingAsync(Visit visit) => visit.RefuseAsync("There is no such page, or none that you may see.");
}

/// <summary>What is asked before something goes for good.</summary>
/// <param name="Title">What would be done.</param>
/// <param name="Consequences">What that means.</param>
/// <param name="Path">Where the answer goes.</param>
/// <param name="Fields">What the form says, beside the deed.</param>
/// <param name="Confirm">What has to be typed; null where a button is enough.</param>
/// <param name="Button">What the button says.</param>
/// <param name="Back">Where nothing is done.</param>
public sealed record Question(string Title, IReadOnlyList<string> Consequences, string Path, IReadOnlyList<(string Name, string Value)> Fields, string? Confirm, string Button, string Back);

/// <summary>A secret that is shown this once.</summary>
/// <param name="Title">What it is.</param>
/// <param name="Message">What to do with it.</param>
/// <param name="Texts">The secret, and what one does with it, to copy.</param>
/// <param name="Back">Where to go on.</param>
public sealed record ShownSecret(string Title, string Message, IReadOnlyList<SecretText> Texts, string Back);

/// <summary>Something to copy.</summary>
/// <param name="Label">What it is.</param>
public sealed record SecretText(string Label, string Text)
{
    /// <summary>What it needs besides; null when it needs nothing.</summary>
    public string? Note { get; init; }
}
