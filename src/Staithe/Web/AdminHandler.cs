using Staithe.Accounts;
using Staithe.Content;
using Staithe.Database;
using Staithe.Managing;

namespace Staithe.Web;

/// <summary>The pages of who runs the registry: people, what is kept, what waits to be done, who did what. To everybody else they are not there.</summary>
internal sealed class AdminHandler(Db db, AccessEpoch epoch, People people, StorageReport storage) : SettingsHandler
{
    const string Path = "/admin";
    const string Spaces = "spaces", Storage = "storage", Jobs = "jobs", Audit = "audit";

    static readonly (string View, string Title)[] Views = [("", "People"), (Spaces, "Spaces"), (Storage, "Storage"), (Jobs, "Jobs"), (Audit, "Audit")];

    public override bool Takes(string path) => path is Path or Path + "/";

    protected override Task ShowAsync(Visit visit, Echo echo)
    {
        Asker.RequireAdmin(visit.Who);
        var nav = NavOf(visit.Query("view"));
        return visit.Query("view") switch
        {
            "" => visit.Query("user") is { Length: > 0 } name ? ShowPersonAsync(visit, nav, name, echo) : ShowPeopleAsync(visit, nav, echo),
            Spaces => ShowSpacesAsync(visit, nav, echo),
            Storage => ShowStorageAsync(visit, nav, echo),
            Jobs => ShowJobsAsync(visit, nav, echo),
            Audit => TargetPages.ShowAuditAsync(visit, db, nav, null, $"{Path}?view={Audit}", echo),
            _ => visit.SendNothingAsync("Not here", "There is no such page."),
        };
    }

    protected override Task ActAsync(Visit visit)
    {
        Asker.RequireAdmin(visit.Who);
        var user = visit.Field("user").Trim();
        return visit.Field("do") switch
        {
            "user.add" => AddAsync(visit, user),
            "user.reset" => ResetAsync(visit, user),
            "user.admin" => SetAsync(visit, user, isAdmin: true, null),
            "user.ordinary" => SetAsync(visit, user, isAdmin: false, null),
            "user.disable" => SetAsync(visit, user, null, disabled: true),
            "user.enable" => SetAsync(visit, user, null, disabled: false),
            "user.delete" => RemoveAsync(visit, user),
            "space.owner" => SetOwnerAsync(visit, user),
            "image.retry" => RetryAsync(visit),
            "work.retry" => RetryWorkAsync(visit),
            _ => throw UnknownDeed(),
        };
    }

    static string PersonAt(string name) => $"{Path}?user={Uri.EscapeDataString(name)}";

    static SettingsNav NavOf(string view) => new(
        "This registry", Path, Array.Find(Views, page => page.View == view).Title ?? "Admin", [.. Views.Select(page => new NavLink(page.Title, page.View.Length == 0 ? Path : $"{Path}?view={page.View}", page.View == view))]);

    async Task ShowPeopleAsync(Visit visit, SettingsNav nav, Echo echo)
    {
        var asked = visit.Asked(UserTable.Orders);
        var (part, (all, disabled)) = await db.ReadAsync(
            async session => (await Visit.ListAsync(asked, part => People.ListAsync(session, visit.Who, part)), await UserTable.CountAsync(session)), visit.Cancel);
        var list = ListView.Of(visit, asked, UserTable.Orders, part.Next);
        await SendAsync<PeoplePage, PeopleView>(visit, nav, new PeopleView(all, disabled, [.. part.Items.Select(PersonLine.Of)], list), echo);
    }

    async Task ShowPersonAsync(Visit visit, SettingsNav nav, string name, Echo echo)
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
                $"Give {user.Name} another password", ["The next page shows it, once. Every browser and every login that docker keeps ends; tokens go on."], PersonAt(user.Name), [("do", "user.reset"), ("user", user.Name)], null, "Make another password", PersonAt(user.Name)),
            "user.disable" => new Question(
                $"Disable {user.Name}", ["Nobody can sign in with the account until it is enabled: not with the password, not with a token, not in a browser. What it has stays."], PersonAt(user.Name), [("do", "user.disable"), ("user", user.Name)], null, "Disable the account", PersonAt(user.Name)),
            "user.delete" => new Question(
                $"Remove {user.Name}",
                ["The account's tokens, rights and memberships end, and the spaces that it owns, which must be empty. Its name stays taken, for ever. This cannot be undone."],
                PersonAt(user.Name),
                [("do", "user.delete"), ("user", user.Name)],
                user.Name,
                "Remove the account",
                PersonAt(user.Name)),
            _ => null,
        };
        if (question is not null)
            await AskAsync(visit, nav, question);
        else
            await SendAsync<PersonPage, PersonView>(visit, nav, new PersonView(PersonLine.Of(user), user.Password is not null, user.Id == visit.Who.Id, [.. spaces.Select(space => space.Name)]), echo);
    }

    async Task AddAsync(Visit visit, string name)
    {
        var password = visit.Field("sign") == "elsewhere" ? null : People.NewPassword();
        await people.AddAsync(visit.Who, visit.Actor, name, password, visit.Field("admin") == "yes", visit.Cancel);
        if (password is null)
            await visit.DoneAsync(PersonAt(name));
        else
            await ShowPasswordAsync(visit, name, password);
    }

    async Task ResetAsync(Visit visit, string name)
    {
        var password = People.NewPassword();
        await people.SetPasswordAsync(visit.Who, visit.Actor, name, password, visit.Cancel);
        await ShowPasswordAsync(visit, name, password);
    }

    static Task ShowPasswordAsync(Visit visit, string name, string password) => SendAsync<SecretPage, ShownSecret>(visit, NavOf(""), new ShownSecret(
        $"The password of {name}",
        $"Give it to {name} now: it is shown this once. They can set their own on the page “Password” of their settings.",
        [new SecretText("Password", password)],
        PersonAt(name)), Echo.None);

    async Task SetAsync(Visit visit, string name, bool? isAdmin, bool? disabled)
    {
        await people.SetAsync(visit.Who, visit.Actor, name, isAdmin, disabled, visit.Cancel);
        await visit.DoneAsync(name == visit.Who.Name && isAdmin == false ? "/" : PersonAt(name));
    }

    async Task RemoveAsync(Visit visit, string name)
    {
        RequireConfirmed(visit, name);
        await people.RemoveAsync(visit.Who, visit.Actor, name, visit.Cancel);
        await visit.DoneAsync(Path);
    }

    async Task ShowSpacesAsync(Visit visit, SettingsNav nav, Echo echo)
    {
        var asked = visit.Asked(SpaceTable.Orders);
        var part = await db.ReadAsync(session => Visit.ListAsync(asked, part => SpaceCare.ListAllAsync(session, visit.Who, part)), visit.Cancel);
        var owners = await db.ReadAsync(
            async session =>
            {
                var names = new Dictionary<long, string>();
                foreach (var id in part.Items.Select(row => row.OwnerId).OfType<long>().Distinct())
                    names[id] = (await UserTable.FindAsync(session, id))?.Name ?? "";
                return names;
            },
            visit.Cancel);
        await SendAsync<AllSpacesPage, AllSpacesView>(visit, nav, new AllSpacesView(
            [.. part.Items.Select(row => new AnySpace(row.Name, row.OwnerId is { } id ? owners[id] : null, Shown.Then(row.CreatedAt)))],
            ListView.Of(visit, asked, SpaceTable.Orders, part.Next)), echo);
    }

    async Task SetOwnerAsync(Visit visit, string user)
    {
        var space = visit.Field("space").Trim();
        RequireConfirmed(visit, space);
        await epoch.ChangeAsync(session => SpaceCare.SetOwnerAsync(session, visit.Who, visit.Actor, space, user, visit.Field("as") == "organization"), visit.Cancel);
        await visit.DoneAsync($"{Path}?view={Spaces}");
    }

    async Task ShowStorageAsync(Visit visit, SettingsNav nav, Echo echo)
    {
        var state = await storage.RunAsync(visit.Who, visit.Cancel);
        await SendAsync<StoragePage, StorageView>(visit, nav, new StorageView(
            [.. state.Spaces.Select(space => new SpaceStorage(space.Space, space.Repositories, space.Blobs, space.Bytes))],
            state.Blobs.Count,
            state.Blobs.Bytes,
            state.Uploads.Count,
            state.Uploads.Bytes,
            state.Trash.Count,
            state.Trash.Due,
            state.CacheBytes,
            state.DiskFree,
            state.DiskSize,
            state.At), echo);
    }

    async Task ShowJobsAsync(Visit visit, SettingsNav nav, Echo echo)
    {
        var asked = visit.Asked([]);
        var state = await db.ReadAsync(session => Visit.ListAsync(asked, part => JobReport.ReadAsync(session, visit.Who, part)), visit.Cancel);
        await SendAsync<JobsPage, JobsView>(visit, nav, new JobsView(
            state.Changed,
            state.CountImages(ImageState.Waiting),
            state.CountImages(ImageState.Done),
            state.CountImages(ImageState.Refused),
            [.. state.Unread.Items.Select(row => new UnreadImage(row.ManifestId, row.Repository, row.Digest, row.State == ImageState.Refused, row.Reason, row.Attempts, Shown.Then(row.State == ImageState.Refused ? row.ChangedAt : row.NotBefore)))],
            ListView.Of(visit, asked, [], state.Unread.Next),
            state.Trash.Count,
            state.Trash.Due,
            state.Uploads.Count)
        {
            Failed = [.. state.Failed.Select(one => new FailedUnit(one.Kind, one.Unit, one.Label, one.Cause, one.Attempts, Shown.Then(one.FailedAt), Shown.Then(one.NotBefore)))],
        }, echo);
    }

    async Task RetryWorkAsync(Visit visit)
    {
        var (kind, unit) = (visit.Field("kind"), visit.Field("unit"));
        await db.WriteAsync(session => JobReport.RetryAsync(session, visit.Who, visit.Actor, kind, unit), visit.Cancel);
        await visit.DoneAsync($"{Path}?view={Jobs}");
    }

    async Task RetryAsync(Visit visit)
    {
        var id = Id(visit.Field("id"));
        await db.WriteAsync(session => JobReport.RetryAsync(session, visit.Who, visit.Actor, id), visit.Cancel);
        await visit.DoneAsync($"{Path}?view={Jobs}");
    }
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

/// <summary>All spaces.</summary>
public sealed record AllSpacesView(IReadOnlyList<AnySpace> Spaces, ListView List);

/// <summary>A space.</summary>
/// <param name="Owner">Null for an organization.</param>
public sealed record AnySpace(string Name, string? Owner, DateTimeOffset CreatedAt);

/// <summary>How much is kept.</summary>
public sealed record StorageView(
    IReadOnlyList<SpaceStorage> Spaces, long Blobs, long BlobBytes, long Uploads, long UploadBytes, long Trash, long TrashDue, long CacheBytes, long DiskFree, long DiskSize, DateTimeOffset At);

/// <summary>What a space keeps.</summary>
public sealed record SpaceStorage(string Space, long Repositories, long Blobs, long Bytes);

/// <summary>What waits to be done.</summary>
/// <param name="Changed">Repositories that the search does not know as they are now.</param>
public sealed record JobsView(long Changed, long Waiting, long Done, long Refused, IReadOnlyList<UnreadImage> Unread, ListView List, long Trash, long TrashDue, long Uploads)
{
    /// <summary>Units of work that failed and have not gone well since.</summary>
    public IReadOnlyList<FailedUnit> Failed { get; init; } = [];
}

/// <summary>A unit of work that failed.</summary>
/// <param name="Unit">As the worker names it.</param>
/// <param name="Label">The same for people.</param>
/// <param name="NextAt">When it is tried again.</param>
public sealed record FailedUnit(string Kind, string Unit, string Label, string Cause, long Attempts, DateTimeOffset FailedAt, DateTimeOffset NextAt);

/// <summary>An image that could not be looked into, or not yet.</summary>
/// <param name="At">When it was refused, or when it is tried again.</param>
public sealed record UnreadImage(long Id, string Repository, string Digest, bool IsRefused, string? Reason, long Attempts, DateTimeOffset At);
