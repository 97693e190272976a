namespace Staithe.Config;

/// <summary>The settings as the Markdown table of docs/configuration.md.</summary>
internal static class ConfigReference
{
    /// <summary>The table, each line ended.</summary>
    public static string Markdown() => string.Concat(Lines().Select(line => $"{line}\n"));

    static IEnumerable<string> Lines()
    {
        yield return "| In the file | In the environment | Option | Default | Takes | Meaning |";
        yield return "| --- | --- | --- | --- | --- | --- |";
        yield return Row("", Settings.FileVariable, $"{Settings.FileOption} FILE", Settings.FileDefault, "a file", Settings.FileHelp);
        foreach (var setting in Settings.All)
            yield return Row(setting.Key, setting.Variable, $"{setting.Option} {setting.OptionValue}".Trim(), setting.Default, setting.Takes, setting.Help);
    }

    static string Row(string key, string variable, string option, string byDefault, string takes, string help) =>
        $"| {Code(key)} | {Code(variable)} | {Code(option)} | {Cell(byDefault)} | {Cell(takes)} | {Cell(help)} |";

    static string Code(string text) => text.Length == 0 ? "" : $"`{text}`";

    static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
