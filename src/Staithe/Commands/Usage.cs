using System.CommandLine;
using System.CommandLine.Parsing;
using Staithe.Config;
using Staithe.Oci;

namespace Staithe.Commands;

/// <summary>Reports a refused command line or configuration: every problem on a line of its own, then where to read on.</summary>
internal static class Usage
{
    /// <summary>Reports what the configuration is refused for.</summary>
    /// <returns>The exit code.</returns>
    public static int Refuse(ConfigException refused, Command command, TextWriter error)
    {
        foreach (var problem in refused.Problems)
            error.WriteLine(problem);
        error.WriteLine(command.Name == "check"
            ? "Run \"staithe config reference\" for a list of the settings."
            : "Nothing was started. Run \"staithe config check\" with the same options to check the settings, \"staithe config reference\" for a list of them.");
        return ExitCode.Refused;
    }

    /// <summary>Reports what the command line is refused for; shows the help where a command is missing.</summary>
    /// <returns>The exit code.</returns>
    public static int Refuse(ParseResult parsed, TextWriter error)
    {
        var command = parsed.CommandResult.Command;
        var problems = Problems(parsed).Distinct().ToList();
        if (problems.Count == 0)
        {
            command.WriteHelp(error);
            return ExitCode.Refused;
        }
        foreach (var problem in problems)
            error.WriteLine(problem);
        error.WriteLine($"Run \"{Path(parsed.CommandResult)} --help\" for what it takes.");
        return ExitCode.Refused;
    }

    /// <summary>Refuses <c>--data --open</c>, which the library takes for a directory called --open.</summary>
    public static void RefuseOptionAsValue(OptionResult option)
    {
        if (IsValueMissing(option))
            option.AddError("value missing");
    }

    static IEnumerable<string> Problems(ParseResult parsed)
    {
        var afterUnknown = false;
        foreach (var token in parsed.UnmatchedTokens)
        {
            var before = parsed.Tokens.Zip(parsed.Tokens.Skip(1)).FirstOrDefault(pair => pair.Second.Value == token).First;
            var isOption = token.StartsWith('-') && parsed.CommandResult.Command.Options.All(known => known.Name != token);
            if (isOption)
                yield return UnknownOption(token.Split('=')[0], parsed.CommandResult);
            else if (before is { Type: TokenType.Option })
                yield return $"{before.Value}: takes no value";
            else if (!afterUnknown) // else it is the value of the unknown option
                yield return UnknownArgument(token, parsed.CommandResult);
            afterUnknown = isOption && !token.Contains('=', StringComparison.Ordinal);
        }
        foreach (var fault in parsed.Errors)
        {
            if (fault.SymbolResult is OptionResult option)
                yield return OptionFault(option);
        }
    }

    static string UnknownOption(string option, CommandResult command) =>
        $"{OciException.Quote(option)}: no such option of {Path(command)}{Meant(option, [.. command.Command.Options])}";

    static string Meant(string option, IReadOnlyList<Option> known)
    {
        if (known.FirstOrDefault(one => one.Name == Settings.FileOption) is { } file)
        {
            if (OtherName.IsOfFile(option))
                return $"; did you mean {file.Name} {file.HelpName}?";
            if (OtherName.Find(option) is { } setting)
            {
                return known.FirstOrDefault(one => one.Name == setting.Option) is { } found
                    ? $"; did you mean {$"{found.Name} {found.HelpName}".TrimEnd()}?"
                    : $"; that is the setting {setting.Key}, which stands in the file or in {setting.Variable}";
            }
        }
        // As --password, which never is an argument: the option goes on to say where it comes from.
        return known.FirstOrDefault(one => one.Name.StartsWith($"{option}-", StringComparison.Ordinal)) is { } longer
            ? $"; did you mean {$"{longer.Name} {longer.HelpName}".TrimEnd()}?"
            : NearestName.Hint(option, known.Select(one => one.Name));
    }

    static string UnknownArgument(string token, CommandResult command) => command.Command.Subcommands.Count > 0
        ? $"{Path(command)}: no such command: {Settings.Shown(token)}{NearestName.Hint(token, command.Command.Subcommands.Select(known => known.Name))}"
        : $"{Path(command)}: takes no argument, found {Settings.Shown(token)}";

    static string OptionFault(OptionResult option) => IsValueMissing(option)
        ? $"{option.Option.Name}: the value is missing: {option.Option.Name} {option.Option.HelpName}"
        : $"{option.Option.Name}: given more than once";

    static bool IsValueMissing(OptionResult option) =>
        option.Option.Arity.MinimumNumberOfValues > 0 && (option.Tokens.Count == 0 || option.Tokens.Any(token => token.Value.StartsWith("--", StringComparison.Ordinal)));

    static string Path(CommandResult command) => command.Parent is CommandResult parent ? $"{Path(parent)} {command.Command.Name}" : "staithe";
}
