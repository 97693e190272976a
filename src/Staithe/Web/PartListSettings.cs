using Staithe.Accounts;
using Staithe.Content;
using Staithe.Database;
using Staithe.Managing;
using Staithe.Oci;

namespace Staithe.Web;

/// <summary>The parts of a space: those that something is said of, and those in which there is something, as many as a page shows.</summary>
internal sealed class PartListSettings(Db db) : SettingsView("parts", "Parts of it")
{
    const int MaxRows = 500;

    public override async Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo)
    {
        var space = place.Space!;
        if (visit.Query("part").Trim() is { Length: > 0 } typed)
        {
            var part = typed.EndsWith('/') ? typed : $"{typed}/";
            if (GrantTable.IsTarget(part) && part != $"{space.Name}/" && GrantTable.Covers($"{space.Name}/", part))
            {
                await visit.GoToAsync(SettingsTarget.PathOf(part));
                return;
            }
            echo = Echo.Of($"{OciException.Quote(typed)} can be no part of {space.Name}: write {space.Name}/ and what follows, such as {space.Name}/web/");
        }
        var (rows, names) = await db.ReadAsync(
            async session => (await SpaceGrants.ListPartsAsync(session, visit.Who, space.Name, MaxRows), await RepositoryTable.ListInSpaceAsync(session, space.Name, MaxRows)), visit.Cancel);
        var parts = rows.ToDictionary(row => row.Target, row => new PartLine(row.Target, SettingsTarget.PathOf(row.Target), row.Grants, row.Defaults), StringComparer.Ordinal);
        foreach (var name in names)
        {
            for (var slash = name.IndexOf('/', space.Name.Length + 1); slash >= 0 && parts.Count < MaxRows; slash = name.IndexOf('/', slash + 1))
                parts.TryAdd(name[..(slash + 1)], new PartLine(name[..(slash + 1)], SettingsTarget.PathOf(name[..(slash + 1)]), 0, 0));
        }
        await SendAsync<PartsPage, PartsView>(visit, nav, new PartsView(place.Path, space.Name, [.. parts.Values.OrderBy(part => part.Target, StringComparer.Ordinal)]), echo);
    }
}

/// <summary>The parts of a space.</summary>
public sealed record PartsView(string Path, string Space, IReadOnlyList<PartLine> Parts);

/// <summary>A part of a space.</summary>
/// <param name="Grants">How many rights are given on just that.</param>
/// <param name="Defaults">How many rules say what is new in just that.</param>
public sealed record PartLine(string Target, string Path, long Grants, long Defaults);
