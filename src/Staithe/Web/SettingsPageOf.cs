using Microsoft.AspNetCore.Components;
using Staithe.Accounts;
using Staithe.Door;

namespace Staithe.Web;

/// <summary>A page of settings: one of several, with forms.</summary>
public abstract class SettingsPageOf<TModel> : PageOf<TModel>
{
    /// <summary>The pages beside it.</summary>
    [Parameter, EditorRequired]
    public SettingsNav Nav { get; set; } = null!;

    /// <summary>What became of a form on it.</summary>
    [Parameter, EditorRequired]
    public Echo Echo { get; set; } = null!;
}

/// <summary>The pages of some settings.</summary>
/// <param name="Of">Whose they are, such as a space; empty for one's own.</param>
/// <param name="OfPath">Where that is looked at.</param>
/// <param name="Title">What the page is called.</param>
public sealed record SettingsNav(string Of, string OfPath, string Title, IReadOnlyList<NavLink> Links);

/// <summary>A page of some settings.</summary>
public sealed record NavLink(string Text, string Path, bool IsCurrent);

/// <summary>What became of a form: nothing yet, or a refusal, and then what was typed.</summary>
/// <param name="Status">The status of the answer.</param>
/// <param name="Problem">What was wrong.</param>
public sealed record Echo(int Status, string? Problem, IReadOnlyDictionary<string, string> Typed)
{
    /// <summary>Nothing was sent yet.</summary>
    public static Echo None { get; } = new(StatusCodes.Status200OK, null, new Dictionary<string, string>());

    /// <summary>What was typed into a field of the form that was refused.</summary>
    /// <param name="deed">What the form is to do: there may be several on a page.</param>
    /// <param name="name">The field.</param>
    /// <param name="otherwise">What is in it before anything was typed.</param>
    public string Of(string deed, string name, string otherwise = "") => Typed.GetValueOrDefault("do") == deed ? Typed.GetValueOrDefault(name) ?? otherwise : otherwise;

    /// <summary>Something that was asked for in the address is not there.</summary>
    public static Echo Of(string problem) => new(StatusCodes.Status404NotFound, Visit.Sentence(problem), new Dictionary<string, string>());

    internal static Echo Of(Visit visit, AccountException refused) => new(
        RefusalTable.StatusOf(refused.Problem),
        Visit.Sentence(refused.Message),
        visit.Form!.Where(field => field.Key is not ("password" or "old" or "token")).ToDictionary(field => field.Key, field => field.Value.ToString()));
}
