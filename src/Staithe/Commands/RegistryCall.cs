using Staithe.Clients;
using Staithe.Oci;
using Staithe.Recipes;

namespace Staithe.Commands;

/// <summary>What a command does with a registry that may be anybody's, and what it says when that goes wrong.</summary>
internal sealed class RegistryCall(Terminal terminal)
{
    const int MaxMessage = 4000;

    /// <summary>The registry, once it is known: what is wrong before that is wrong with the command.</summary>
    public Uri? Url { get; set; }

    /// <summary>The registry as people name it.</summary>
    public string Name => Url!.GetLeftPart(UriPartial.Authority);

    /// <summary>How one signs in there.</summary>
    public string Login => ClientCommands.For(Url!).Login();

    /// <summary>Does it; the exit code.</summary>
    /// <param name="ask">What is to be done.</param>
    /// <param name="hint">What may help against a refusal, to stand behind it; the registry is known.</param>
    /// <param name="cancel">Gives up.</param>
    public async Task<int> RunAsync(Func<Task> ask, Func<OciException, string> hint, CancellationToken cancel)
    {
        try
        {
            await ask();
            return ExitCode.Done;
        }
        catch (OciException refused)
        {
            // The message may be the registry's.
            await terminal.Error.WriteLineAsync($"staithe: {Visible.Line(refused.Message, MaxMessage)}{(Url is null ? "" : hint(refused))}");
            return Url is null ? ExitCode.Refused : ExitCode.Fault;
        }
        catch (HttpRequestException away)
        {
            await terminal.Error.WriteLineAsync($"staithe: {Name} cannot be reached: {away.Message}. Name the registry with --registry http://HOST:PORT or https://HOST");
            return ExitCode.Fault;
        }
        catch (TaskCanceledException) when (!cancel.IsCancellationRequested)
        {
            await terminal.Error.WriteLineAsync($"staithe: {Name} does not answer");
            return ExitCode.Fault;
        }
    }

    /// <summary>What is wrong with the command itself.</summary>
    public static OciException Refused(string message) => new(OciError.ParameterInvalid, message);
}
