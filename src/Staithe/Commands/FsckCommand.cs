using System.CommandLine;
using Staithe.Config;
using Staithe.Fsck;

namespace Staithe.Commands;

/// <summary><c>staithe fsck</c>: checks what is kept.</summary>
internal static class FsckCommand
{
    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new Command("fsck", "Check that everything the registry knows of is there and whole; changes nothing.");
        var options = ConfigOptions.AddTo(command, [Settings.Data, Settings.Database]);
        var rehash = new Option<bool>("--rehash") { Arity = ArgumentArity.Zero, Description = "Read every byte and compare it with its digest, instead of only looking at sizes. Takes as long as reading the whole data directory." };
        command.Options.Add(rehash);
        command.SetAction((parsed, cancel) => FsckRun.RunAsync(ConfigLoader.Load(options.Read(parsed), terminal.Environment).Config, parsed.GetValue(rehash), terminal.Output, cancel));
        return command.WithHelp(
            """
            Examples:
              staithe fsck
                  Check the registry in your home directory.
              staithe fsck --data /srv/registry --rehash
                  Check another one, down to each byte.

            Finds its data as "staithe serve" does: give it the same options, environment and file.
            """);
    }
}
