using System.Globalization;
using Staithe.Accounts;
using Staithe.Database;

namespace Staithe.Web;

/// <summary>A page of some settings: what it is called in the menu, who has it, what it shows, and what its forms do.</summary>
/// <param name="name">What the address says in <c>view</c>.</param>
/// <param name="title">What the menu says.</param>
internal abstract class SettingsView(string name, string title)
{
    public string Name { get; } = name;

    public string Title { get; } = title;

    /// <summary>What its forms do, by what they say in <c>do</c>. What is done is decided in the operation's own transaction, whatever the page showed.</summary>
    public virtual IReadOnlyList<SettingsForm> Forms => [];

    /// <summary>Whether the reader of these settings has the page.</summary>
    public virtual bool IsFor(SettingsPlace place) => place.Manages;

    /// <summary>Shows it.</summary>
    /// <exception cref="AccountException">The reader may not see it.</exception>
    public abstract Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo);

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

    /// <summary>The number of what the form, or the query, is about.</summary>
    public static long Id(string text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : 0;

    /// <summary>A field of the form; null when it was left empty.</summary>
    protected static string? Text(Visit visit, string name) => visit.Field(name).Trim() is { Length: > 0 } text ? text : null;

    /// <summary>A number in the form.</summary>
    /// <exception cref="AccountException">It is none.</exception>
    protected static int? Number(Visit visit, string name) => Text(visit, name) switch
    {
        null => null,
        { } text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) => number,
        _ => throw new AccountException(AccountProblem.Invalid, "a number is not one: use digits"),
    };

    /// <summary>The rights that a form says: a role, or single ones.</summary>
    protected static string RightsOf(Visit visit) => Text(visit, "role") ?? string.Join(',', visit.Form!["right"].Where(right => right is not null));

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
    protected static async Task ThenAsync(AccessEpoch epoch, Visit visit, string path, Func<DbSession, Task> change)
    {
        await epoch.ChangeAsync(change, visit.Cancel);
        await visit.DoneAsync(path);
    }
}

/// <summary>A form of a page of settings.</summary>
/// <param name="Name">What it says in <c>do</c>: a line of <see cref="FormTable"/>.</param>
/// <param name="Act">Does it, then shows what has become of it.</param>
internal sealed record SettingsForm(string Name, Func<Visit, SettingsPlace, SettingsNav, Task> Act);

/// <summary>What some settings are about, and what their reader may do there.</summary>
/// <param name="Of">Whose they are, such as a space; empty for one's own.</param>
/// <param name="OfPath">Where that is looked at.</param>
/// <param name="Path">Where the settings are.</param>
internal sealed record SettingsPlace(string Of, string OfPath, string Path)
{
    /// <summary>The space, the part of one, or the repository.</summary>
    public SettingsTarget Target { get; init; } = new("", "", "");

    /// <summary>The space; null where they are about none.</summary>
    public SpaceRow? Space { get; init; }

    /// <summary>Whether the reader manages it.</summary>
    public bool Manages { get; init; }

    /// <summary>Whether the reader sees who is in its teams.</summary>
    public bool SeesTeams { get; init; }

    /// <summary>Whether it belongs to the reader.</summary>
    public bool Owns { get; init; }

    /// <summary>Whether it has another name than the one it was asked for by.</summary>
    public bool IsMoved { get; init; }

    /// <summary>The address of one of the pages.</summary>
    public string At(string view) => $"{Path}?view={view}";
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
