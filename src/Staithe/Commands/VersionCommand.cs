using System.CommandLine;
using System.CommandLine.Invocation;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Staithe.Commands;

/// <summary><c>staithe version</c>: what to name in a bug report.</summary>
internal static class VersionCommand
{
    /// <summary>The version of this program, such as 0.1.0.</summary>
    public static string Version { get; } =
        typeof(VersionCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new Command("version", "Print the version of Staithe, and of what it runs on.");
        command.SetAction(_ => Write(terminal.Output));
        return command.WithHelp("Please include both lines when you report a fault.");
    }

    /// <summary>Writes the two lines.</summary>
    public static void Write(TextWriter output)
    {
        output.WriteLine($"staithe {Version}");
        output.WriteLine($"{RuntimeInformation.FrameworkDescription} on {RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}");
    }
}

/// <summary><c>staithe --version</c>: the same as <c>staithe version</c>.</summary>
internal sealed class VersionAction(TextWriter output) : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        VersionCommand.Write(output);
        return ExitCode.Done;
    }
}
