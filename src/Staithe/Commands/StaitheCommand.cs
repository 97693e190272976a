using System.Collections;
using System.CommandLine;
using System.CommandLine.Invocation;
using System.Data.Common;
using System.Net.Sockets;
using Staithe.Config;

namespace Staithe.Commands;

/// <summary>What a command needs of the process that runs it.</summary>
/// <param name="Environment">The environment variables.</param>
/// <param name="Output">Standard output.</param>
/// <param name="Error">Standard error.</param>
/// <param name="Input">Standard input.</param>
internal sealed record Terminal(IReadOnlyDictionary<string, string> Environment, TextWriter Output, TextWriter Error, TextReader Input)
{
    /// <summary>The terminal of this process.</summary>
    public static Terminal OfProcess() => new(
        System.Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(variable => (string)variable.Key, variable => (string?)variable.Value ?? ""),
        Console.Out,
        Console.Error,
        Console.In);
}

/// <summary>The root command: finds the verb, runs it, and reports what is refused on standard error, a line for each problem.</summary>
internal static class StaitheCommand
{
    const string Description =
        """
        Staithe is a container registry: it keeps container images and everything else that OCI clients push, such as charts, signatures and SBOMs, and serves them to Podman, Docker, Skopeo, ORAS, Kubernetes and other clients.

        One process and one directory are enough: "staithe serve" needs no configuration, listens on localhost:5000 and keeps its data in your home directory.
        """;

    /// <summary>Runs a command line to its end.</summary>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, Terminal terminal, CancellationToken cancel)
    {
        var parsed = Create(terminal).Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
        if (parsed.Action is ParseErrorAction)
            return Usage.Refuse(parsed, terminal.Error);
        try
        {
            // The time a graceful stop may take is a setting; the library would end the process after two seconds.
            var invocation = new InvocationConfiguration { Output = terminal.Output, Error = terminal.Error, ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false };
            return await parsed.InvokeAsync(invocation, cancel);
        }
        catch (ConfigException refused)
        {
            return Usage.Refuse(refused, parsed.CommandResult.Command, terminal.Error);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return ExitCode.Interrupted;
        }
        catch (Exception outage) when (outage is IOException or UnauthorizedAccessException or SocketException or DbException)
        {
            await terminal.Error.WriteLineAsync($"staithe: {outage.Message}");
            return ExitCode.Fault;
        }
        catch (Exception fault)
        {
            await terminal.Error.WriteLineAsync($"staithe: this should not have happened: {fault}");
            return ExitCode.Fault;
        }
    }

    static RootCommand Create(Terminal terminal)
    {
        var root = new RootCommand(Description)
        {
            ServeCommand.Create(terminal),
            UserCommand.Create(terminal),
            AuditCommand.Create(terminal),
            FindCommand.Create(terminal),
            RunCommand.Create(terminal),
            FsckCommand.Create(terminal),
            ConfigCommand.Create(terminal),
            VersionCommand.Create(terminal),
        };
        var version = root.Options.OfType<VersionOption>().Single();
        version.Description = "Show the version.";
        version.Action = new VersionAction(terminal.Output);
        var clients = RegistryUrl.UsualClients;
        return root.WithHelp(
            $"""
            Examples:
              staithe serve
                  Start a registry at localhost:5000 for this machine.
              staithe user add alice --admin
                  Make the first account; serve also prints a link to do that in a browser.
              {clients.Login()}
              {clients.Line("podman", "push", "alpine", $"{clients.Host}/alice/alpine:3")}
                  Push an image; "podman pull" takes the same name.
              staithe find alpine
                  Find images; "staithe find --help" tells what can be asked.
              staithe run alice/alpine:3
                  Print how to run it, for podman, docker, compose, Kubernetes or systemd.
              staithe fsck --rehash
                  Read everything that is kept and report what is missing or damaged.

            Settings come from options, STAITHE_* environment variables and a file: see "staithe config --help".
            """);
    }
}
