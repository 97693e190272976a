using System.CommandLine;
using System.Globalization;
using System.Text;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Config;

namespace Staithe.Commands;

/// <summary><c>staithe audit export</c>: the record of who did what, as JSON lines, oldest first.</summary>
internal static class AuditCommand
{
    const int PageSize = 1000;

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal) => new Command("audit", "Read the record of who did what.") { CreateExport(terminal) }.WithHelp("The API has the same at /api/v1/audit, for admins, newest first.");

    static Command CreateExport(Terminal terminal)
    {
        var command = new Command("export", "Write the record to standard output, a JSON object a line, oldest first.");
        var space = new Option<string>("--space") { HelpName = "NAME", Description = "Only what concerns this space. [default: everything]" };
        var after = new Option<string>("--after") { HelpName = "ID", Description = "Begin behind the line of this id, to go on where an export before ended. [default: 0]" };
        space.Validators.Add(Usage.RefuseOptionAsValue);
        after.Validators.Add(Usage.RefuseOptionAsValue);
        command.Options.Add(space);
        command.Options.Add(after);
        var options = ConfigOptions.AddTo(command, [Settings.Data, Settings.Database]);
        command.SetAction((parsed, cancel) => RunAsync(terminal, options.Read(parsed), parsed.GetValue(space), parsed.GetValue(after), cancel));
        return command.WithHelp(
            """
            Works beside a running server and without one. Lines are kept for "auditDays".

            Examples:
              staithe audit export --data /srv/registry > audit.jsonl
              staithe audit export --space team --after "$(tail -n 1 audit.jsonl | jq .id)" >> audit.jsonl
            """);
    }

    static async Task<int> RunAsync(Terminal terminal, ConfigFlags flags, string? space, string? after, CancellationToken cancel)
    {
        if (!long.TryParse(after ?? "0", NumberStyles.None, CultureInfo.InvariantCulture, out var last))
        {
            await terminal.Error.WriteLineAsync("--after: expected the id of a line, a whole number");
            return ExitCode.Refused;
        }
        await using var opened = await StaitheApp.OpenBesideAsync(ConfigLoader.Load(flags, terminal.Environment).Config);
        if (space is not null && await opened.Db.ReadAsync(session => SpaceTable.FindAsync(session, space), cancel) is null)
        {
            await terminal.Error.WriteLineAsync($"staithe: there is no space {Oci.OciException.Quote(space)}");
            return ExitCode.Refused;
        }
        while (await opened.Db.ReadAsync(session => AuditTable.ListOldestAsync(session, space, last, PageSize), cancel) is { Count: > 0 } lines)
        {
            foreach (var line in lines)
                await terminal.Output.WriteLineAsync(Json(line).AsMemory(), cancel);
            last = lines[^1].Id;
        }
        return ExitCode.Done;
    }

    // Everything but plain characters is escaped: this may go to a terminal.
    static string Json(AuditLine line)
    {
        using var text = new MemoryStream();
        AuditJson.Write(text, line, default);
        return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
    }
}
