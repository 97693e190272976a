using System.CommandLine;
using Staithe.Config;

namespace Staithe.Commands;

/// <summary>The options by which a command takes settings, made from the table of settings.</summary>
internal sealed class ConfigOptions
{
    readonly Option<string> file = new(Settings.FileOption) { HelpName = "FILE", Description = $"{Settings.FileHelp} [default: {Settings.FileDefault}]" };
    readonly IReadOnlyList<(Setting Setting, Option Option)> options;

    ConfigOptions(IEnumerable<Setting> settings)
    {
        options = [.. settings.Select(setting => (setting, Create(setting)))];
        file.Validators.Add(Usage.RefuseOptionAsValue);
    }

    /// <summary>Gives <paramref name="command"/> options for these settings and for the file.</summary>
    public static ConfigOptions AddTo(Command command, IEnumerable<Setting> settings)
    {
        var added = new ConfigOptions(settings);
        foreach (var (_, option) in added.options)
            command.Options.Add(option);
        command.Options.Add(added.file);
        return added;
    }

    /// <summary>What the command line gives.</summary>
    public ConfigFlags Read(ParseResult parsed) => new(
        parsed.GetValue(file),
        [.. options.Where(option => IsGiven(parsed, option.Option)).Select(option => (option.Setting, Texts(option.Setting, parsed, option.Option)))]);

    static Option Create(Setting setting)
    {
        var repeats = setting.Shape == SettingShape.TextList;
        Option option = setting.Shape switch
        {
            SettingShape.Flag => new Option<bool>(setting.Option!) { Arity = ArgumentArity.Zero },
            SettingShape.TextList => new Option<string[]>(setting.Option!) { Arity = ArgumentArity.OneOrMore },
            _ => new Option<string>(setting.Option!),
        };
        option.HelpName = setting.OptionValue;
        option.Description = setting.Shape == SettingShape.Flag ? setting.Help : $"{setting.Help}{(repeats ? " May be given several times." : "")} [default: {setting.Default}]";
        option.Validators.Add(Usage.RefuseOptionAsValue);
        return option;
    }

    // The library makes up a result for an option with a default, as every option without a value has.
    static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };

    static IReadOnlyList<string> Texts(Setting setting, ParseResult parsed, Option option) =>
        setting.Shape == SettingShape.Flag ? ["true"] : [.. parsed.GetResult(option)!.Tokens.Select(token => token.Value)];
}
