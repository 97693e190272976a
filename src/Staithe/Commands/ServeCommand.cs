using System.CommandLine;
using Staithe.Config;

namespace Staithe.Commands;

/// <summary><c>staithe serve</c>: runs the registry until it is told to stop.</summary>
internal static class ServeCommand
{
    /// <summary>The settings that have an option here, and in <c>config check</c>, which answers for serve.</summary>
    public static readonly IReadOnlyList<Setting> Settings = [.. Config.Settings.All.Where(setting => setting.Option is not null)];

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new Command("serve", "Run the registry until SIGINT (Ctrl-C) or SIGTERM; a second signal ends it at once.");
        var options = ConfigOptions.AddTo(command, Settings);
        command.SetAction((parsed, cancel) =>
        {
            var loaded = ConfigLoader.Load(options.Read(parsed), terminal.Environment);
            return StaitheApp.RunAsync(loaded.Config, SameRegistry.Command(loaded, "staithe user add NAME --admin"), cancel);
        });
        return command.WithHelp(
            """
            Examples:
              staithe serve
                  For this machine only, at localhost:5000.
              staithe serve --data /srv/registry --listen :5000
                  For the whole network. Who may do what is a matter of accounts: see "staithe user --help".
              staithe serve --data /tmp/registry --open
                  To throw away: everybody who reaches the port may pull, push and delete.
              STAITHE_DATABASE_FILE=/run/secrets/database staithe serve
                  With the facts in PostgreSQL; the file holds postgres://user:password@host/database.

            Every option is also a setting of the file and the environment, which have some more:
            see "staithe config reference". "staithe config check" tells what serve would do with them.
            """);
    }
}
