using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Staithe.Commands;

/// <summary>The help of a command: what the library prints of its options, then what a table of options cannot say.</summary>
internal static class Help
{
    /// <summary>Gives a command its help option, ending in <paramref name="notes"/>.</summary>
    public static T WithHelp<T>(this T command, string notes) where T : Command
    {
        foreach (var old in command.Options.OfType<HelpOption>().ToList())
            command.Options.Remove(old);
        command.Options.Add(new HelpOption("--help", "-h", "-?") { Description = "Show this help.", Action = new Action(new HelpAction { MaxWidth = Width }, notes) });
        return command;
    }

    /// <summary>Writes the help of a command.</summary>
    public static void WriteHelp(this Command command, TextWriter output) => command.Parse(["--help"]).Invoke(new InvocationConfiguration { Output = output });

    // As wide as reads well, or as there is room.
    static int Width => Console.IsOutputRedirected ? 100 : Math.Clamp(Console.WindowWidth, 40, 100);

    sealed class Action(HelpAction options, string notes) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            options.Invoke(parseResult);
            parseResult.InvocationConfiguration.Output.WriteLine(notes);
            return ExitCode.Done;
        }
    }
}
