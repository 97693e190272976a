using System.CommandLine;
using Staithe.Config;

namespace Staithe.Commands;

/// <summary><c>staithe config</c>: tells what is configured and what can be.</summary>
internal static class ConfigCommand
{
    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal) =>
        new Command("config", "Check the settings, or list all there are.") { CreateCheck(terminal), CreateReference(terminal) }.WithHelp(
            $"""
            Each setting can be given in three places; the first that has it wins:
              1. an option of the command                 --data /srv/registry
              2. an environment variable, not empty       STAITHE_DATA=/srv/registry
              3. the file, JSON with comments allowed     "data": "/srv/registry"

            The file is the one that --config or {Settings.FileVariable} names, else
            {Settings.FileDefault}.
            Settings are read when Staithe starts: restart it after a change.
            """);

    static Command CreateCheck(Terminal terminal)
    {
        var command = new Command("check", "Read the settings exactly as \"staithe serve\" would with the same options; print them and where each comes from, or every problem.");
        var options = ConfigOptions.AddTo(command, ServeCommand.Settings);
        command.SetAction(parsed => Check(ConfigLoader.Load(options.Read(parsed), terminal.Environment), terminal.Output));
        return command.WithHelp(
            """
            Examples:
              staithe config check
              staithe config check --config /etc/staithe/staithe.json --listen :5000

            Exits with 0 and "ok" when serve would start, else with 2 and a line for each problem.
            Passwords are not shown.
            """);
    }

    static Command CreateReference(Terminal terminal)
    {
        var command = new Command("reference", "Print every setting as a Markdown table.");
        command.SetAction(_ => terminal.Output.Write(ConfigReference.Markdown()));
        return command.WithHelp("The same table stands in docs/configuration.md.");
    }

    static int Check(LoadedConfig loaded, TextWriter output)
    {
        var rows = Settings.All
            .Where(setting => setting.FileOf is null)
            .Select(setting => (setting.Key, Value: setting.Show(loaded.Config), Source: loaded.Sources.GetValueOrDefault(setting, "default")))
            .ToList();
        var (keys, values) = (rows.Max(row => row.Key.Length), rows.Max(row => row.Value.Length));
        output.WriteLine("ok");
        foreach (var (key, value, source) in rows)
            output.WriteLine($"{key.PadRight(keys)}  {value.PadRight(values)}  {source}");
        return ExitCode.Done;
    }
}
