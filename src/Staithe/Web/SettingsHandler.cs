using Staithe.Access;
using Staithe.Accounts;

namespace Staithe.Web;

/// <summary>
/// Some settings: a table of pages. Each page is there for whom it is for, and takes forms that say in <c>do</c> what is to be done; what was refused is said above
/// the form that it was sent from. To whoever may not see a page it is as if there were none.
/// </summary>
/// <param name="views">The pages; the first is where the settings begin.</param>
internal abstract class SettingsHandler(IReadOnlyList<SettingsView> views) : IWebHandler
{
    /// <summary>The pages; the first is where the settings begin.</summary>
    protected IReadOnlyList<SettingsView> Views => views;

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

    /// <summary>What the address names, and what the reader may do there.</summary>
    /// <exception cref="AccountException">There is no such thing as far as the reader may know.</exception>
    protected abstract Task<SettingsPlace> FindAsync(Visit visit);

    /// <summary>The menu, beside one of the pages.</summary>
    protected virtual SettingsNav NavOf(SettingsPlace place, SettingsView shown) => new(
        place.Of,
        place.OfPath,
        shown.Title,
        [.. views.Where(view => view.IsFor(place)).Select(view => new NavLink(view.Title, view == views[0] ? place.Path : place.At(view.Name), view == shown))]);

    async Task ShowAsync(Visit visit, Echo echo)
    {
        var place = await FindAsync(visit);
        if (place.IsMoved && visit.Form is null)
        {
            await visit.GoToAsync(place.Path + visit.Http.Request.QueryString);
            return;
        }
        var wanted = visit.Query("view");
        var view = wanted.Length == 0 ? views[0] : views.FirstOrDefault(view => view.Name == wanted);
        if (view is null)
            await visit.SendNothingAsync("Not here", "There is no such page.");
        else if (!view.IsFor(place))
            throw new AccountException(AccountProblem.Unknown, "there is no such page, or none that you may see");
        else
            await view.ShowAsync(visit, place, NavOf(place, view), echo);
    }

    async Task ActAsync(Visit visit)
    {
        var place = await FindAsync(visit);
        var name = visit.Field("do");
        var view = views.FirstOrDefault(view => view.Forms.Any(form => form.Name == name)) ?? throw new AccountException(AccountProblem.Invalid, "the form does not say what to do");
        await view.Forms.First(form => form.Name == name).Act(visit, place, NavOf(place, view));
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
