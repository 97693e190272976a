namespace Staithe.Config;

/// <summary>Which JSON a setting is written as in the file.</summary>
internal enum SettingShape
{
    /// <summary>A string.</summary>
    Text,

    /// <summary>A string or an array of strings; in the environment, values with commas between them.</summary>
    TextList,

    /// <summary>A number.</summary>
    Number,

    /// <summary>true or false.</summary>
    Flag,

    /// <summary>An object or an array of objects; in the environment, the same JSON. Each value is the text of one object.</summary>
    ObjectList,
}

/// <summary>One thing that can be set: its names outside, what it takes, and how that gets into <see cref="StaitheConfig"/>.</summary>
internal abstract class Setting
{
    /// <summary>Its key in the file.</summary>
    public required string Key { get; init; }

    /// <summary>Which JSON it is in the file.</summary>
    public required SettingShape Shape { get; init; }

    /// <summary>What it takes, in words.</summary>
    public required string Takes { get; init; }

    /// <summary>What it does, in a sentence or two.</summary>
    public required string Help { get; init; }

    /// <summary>Its command-line option, if it has one.</summary>
    public string? Option { get; init; }

    /// <summary>What the help calls the option's value.</summary>
    public string? OptionValue { get; init; }

    /// <summary>The secret that this setting reads from a file; null for all other settings.</summary>
    public Setting? FileOf { get; init; }

    /// <summary>Its environment variable: <c>STAITHE_</c> and the key in capitals.</summary>
    public string Variable => Settings.VariablePrefix + string.Concat(Key.Select(c => char.IsAsciiLetterUpper(c) ? $"_{c}" : $"{char.ToUpperInvariant(c)}"));

    /// <summary>What holds when nobody gives it.</summary>
    public abstract string Default { get; }

    /// <summary>Its value as text, without secrets.</summary>
    public abstract string Show(StaitheConfig config);

    /// <summary>The configuration with the values that are right; those that are not become problems.</summary>
    public abstract StaitheConfig Read(StaitheConfig config, IReadOnlyList<SettingText> texts, List<ConfigProblem> problems);
}

/// <summary>A setting whose values have the type <typeparamref name="T"/> once they are read.</summary>
/// <param name="parse">Reads one value; a <see cref="FormatException"/> says what is wrong with it.</param>
/// <param name="with">Puts the values into the configuration.</param>
/// <param name="show">Its value as text.</param>
/// <param name="defaultText">What holds when nobody gives it, where the configuration's own default does not say.</param>
internal sealed class Setting<T>(
    Func<SettingText, T> parse,
    Func<StaitheConfig, IReadOnlyList<T>, StaitheConfig> with,
    Func<StaitheConfig, string> show,
    string? defaultText = null) : Setting
{
    static readonly StaitheConfig Untouched = new() { Data = "" };

    /// <inheritdoc/>
    public override string Default => defaultText ?? show(Untouched);

    /// <inheritdoc/>
    public override string Show(StaitheConfig config) => show(config);

    /// <inheritdoc/>
    public override StaitheConfig Read(StaitheConfig config, IReadOnlyList<SettingText> texts, List<ConfigProblem> problems)
    {
        var values = new List<T>();
        foreach (var text in texts)
        {
            try
            {
                values.Add(parse(text));
            }
            catch (FormatException fault)
            {
                problems.Add(new ConfigProblem(text.Place, fault.Message));
            }
        }
        return with(config, values);
    }
}
