using Staithe.Accounts;
using Staithe.Database;
using Staithe.Managing;

namespace Staithe.Web;

/// <summary>The accounts.</summary>
internal sealed class PeopleSettings(Db db, People people) : SettingsView("", "People")
{
    public override IReadOnlyList<SettingsForm> Forms =>
    [
        new("user.add", AddAsync),
        new("user.reset", ResetAsync),
        new("user.admin", (visit, place, _) => SetAsync(visit, place, isAdmin: true)),
        new("user.ordinary", (visit, place, _) => SetAsync(visit, place, isAdmin: false)),
        new("user.disable", (visit, place, _) => SetAsync(visit, place, disabled: true)),
        new("user.enable", (visit, place, _) => SetAsync(visit, place, disabled: false)),
        new("user.delete", RemoveAsync),
    ];

    public override async Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo)
    {
        if (visit.Query("user") is { Length: > 0 } name)
        {
            await ShowPersonAsync(visit, place, nav, name, echo);
            return;
        }
        var asked = visit.Asked(UserTable.Orders);
        var (part, (all, disabled)) = await db.ReadAsync(
            async session => (await Visit.ListAsync(asked, part => People.ListAsync(session, visit.Who, part)), await UserTable.CountAsync(session)), visit.Cancel);
        var list = ListView.Of(visit, asked, UserTable.Orders, part.Next);
        await SendAsync<PeoplePage, PeopleView>(visit, nav, new PeopleView(all, disabled, [.. part.Items.Select(PersonLine.Of)], list), echo);
    }

    async Task ShowPersonAsync(Visit visit, SettingsPlace place, SettingsNav nav, string name, Echo echo)
    {
        var (user, spaces) = await db.ReadAsync(
            async session =>
            {
                var user = await People.FindAsync(session, visit.Who, name);
                return (user, await SpaceTable.ListOwnedAsync(session, user.Id));
            },
            visit.Cancel);
        var question = visit.Query("ask") switch
        {
            "user.reset" => new Question(
                $"Give {user.Name} another password", ["The next page shows it, once. Every browser and every login that docker keeps ends; tokens go on."], At(place, user.Name), [("do", "user.reset"), ("user", user.Name)], null, "Make another password", At(place, user.Name)),
            "user.disable" => new Question(
                $"Disable {user.Name}", ["Nobody can sign in with the account until it is enabled: not with the password, not with a token, not in a browser. What it has stays."], At(place, user.Name), [("do", "user.disable"), ("user", user.Name)], null, "Disable the account", At(place, user.Name)),
            "user.delete" => new Question(
                $"Remove {user.Name}",
                ["The account's tokens, rights and memberships end, and the spaces that it owns, which must be empty. Its name stays taken, for ever. This cannot be undone."],
                At(place, user.Name),
                [("do", "user.delete"), ("user", user.Name)],
                user.Name,
                "Remove the account",
                At(place, user.Name)),
            _ => null,
        };
        if (question is not null)
            await AskAsync(visit, nav, question);
        else
            await SendAsync<PersonPage, PersonView>(visit, nav, new PersonView(PersonLine.Of(user), user.Password is not null, user.Id == visit.Who.Id, [.. spaces.Select(space => space.Name)]), echo);
    }

    async Task AddAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var name = NameOf(visit);
        var password = visit.Field("sign") == "elsewhere" ? null : People.NewPassword();
        await people.AddAsync(visit.Who, visit.Actor, name, password, visit.Field("admin") == "yes", visit.Cancel);
        if (password is null)
            await visit.DoneAsync(At(place, name));
        else
            await ShowPasswordAsync(visit, place, nav, name, password);
    }

    async Task ResetAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var name = NameOf(visit);
        var password = People.NewPassword();
        await people.SetPasswordAsync(visit.Who, visit.Actor, name, password, visit.Cancel);
        await ShowPasswordAsync(visit, place, nav, name, password);
    }

    static Task ShowPasswordAsync(Visit visit, SettingsPlace place, SettingsNav nav, string name, string password) => SendAsync<SecretPage, ShownSecret>(visit, nav, new ShownSecret(
        $"The password of {name}",
        $"Give it to {name} now: it is shown this once. They can set their own on the page “Password” of their settings.",
        [new SecretText("Password", password)],
        At(place, name)), Echo.None);

    async Task SetAsync(Visit visit, SettingsPlace place, bool? isAdmin = null, bool? disabled = null)
    {
        var name = NameOf(visit);
        await people.SetAsync(visit.Who, visit.Actor, name, isAdmin, disabled, visit.Cancel);
        await visit.DoneAsync(name == visit.Who.Name && isAdmin == false ? "/" : At(place, name));
    }

    async Task RemoveAsync(Visit visit, SettingsPlace place, SettingsNav nav)
    {
        var name = NameOf(visit);
        RequireConfirmed(visit, name);
        await people.RemoveAsync(visit.Who, visit.Actor, name, visit.Cancel);
        await visit.DoneAsync(place.Path);
    }

    static string At(SettingsPlace place, string name) => $"{place.Path}?user={Uri.EscapeDataString(name)}";

    static string NameOf(Visit visit) => visit.Field("user").Trim();
}

/// <summary>The accounts.</summary>
public sealed record PeopleView(long All, long Disabled, IReadOnlyList<PersonLine> People, ListView List);

/// <summary>An account.</summary>
public sealed record PersonLine(string Name, bool IsAdmin, bool IsDisabled, DateTimeOffset CreatedAt, DateTimeOffset? SignedInAt)
{
    internal static PersonLine Of(UserRow row) => new(row.Name, row.IsAdmin, row.DisabledAt is not null, Shown.Then(row.CreatedAt), Shown.Then(row.SignedInAt));
}

/// <summary>An account, and what belongs to it.</summary>
/// <param name="HasPassword">Whether its password is kept here.</param>
/// <param name="IsSelf">Whether it is that of who looks.</param>
public sealed record PersonView(PersonLine Person, bool HasPassword, bool IsSelf, IReadOnlyList<string> Spaces);
