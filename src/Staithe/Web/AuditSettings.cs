using Staithe.Audit;
using Staithe.Database;
using Staithe.Managing;

namespace Staithe.Web;

/// <summary>Who did what: in a space, or in the whole registry.</summary>
internal sealed class AuditSettings(Db db) : SettingsView("audit", "Audit")
{
    public override async Task ShowAsync(Visit visit, SettingsPlace place, SettingsNav nav, Echo echo)
    {
        var space = place.Space?.Name;
        const int Rows = Visit.EntriesPerPage;
        var part = visit.Asked([]);
        var asked = new AuditFilter(space, Query(visit, "actor"), Query(visit, "action"), Query(visit, "outcome"), part.Text.Length > 0 ? part.Text : null);
        var filter = await db.ReadAsync(session => AuditReport.AdmitAsync(session, visit.Who, asked), visit.Cancel);
        var before = Id(part.After) is > 0 and var id ? id : long.MaxValue;
        if (visit.Query("as") == "lines")
        {
            visit.Http.Response.ContentType = AuditReport.Lines;
            visit.Http.Response.Headers.ContentDisposition = $"attachment; filename=\"{space ?? "registry"}-audit.jsonl\"";
            await visit.Http.Response.StartAsync(visit.Cancel);
            if (!HttpMethods.IsHead(visit.Http.Request.Method))
                await AuditReport.WriteAsync(visit.Http.Response.Body, db, filter, before, int.MaxValue, visit.Cancel);
            return;
        }
        var lines = await db.ReadAsync(session => AuditTable.ListAsync(session, filter, before, Rows + 1), visit.Cancel);
        await SendAsync<AuditPage, AuditView>(visit, nav, new AuditView(
            place.At(Name),
            space is null,
            filter.Actor ?? "",
            filter.Action ?? "",
            filter.Outcome ?? "",
            [.. lines.Take(Rows).Select(line => new AuditEntry(line.Id, Shown.Then(line.At), line.Actor, line.Action, line.Target, line.Space, line.Address, line.Outcome, line.Detail))],
            ListView.Of(visit, part, [], lines.Count > Rows ? Shown.Id(lines[Rows - 1].Id) : null)), echo);
    }

    static string? Query(Visit visit, string name) => visit.Query(name).Trim() is { Length: > 0 } text ? text : null;
}

/// <summary>Lines of the audit.</summary>
/// <param name="IsOfAll">Whether it is that of the whole registry.</param>
public sealed record AuditView(string Path, bool IsOfAll, string Actor, string Action, string Outcome, IReadOnlyList<AuditEntry> Lines, ListView List);

/// <summary>A line of the audit.</summary>
public sealed record AuditEntry(long Id, DateTimeOffset At, string Actor, string Action, string Target, string? Space, string? Address, string Outcome, string? Detail);
