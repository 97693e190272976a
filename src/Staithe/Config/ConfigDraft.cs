namespace Staithe.Config;

/// <summary>One value as it is written somewhere.</summary>
/// <param name="Place">Where, for a problem with it.</param>
/// <param name="Text">The value.</param>
/// <param name="Directory">What a relative path in it is relative to.</param>
internal sealed record SettingText(string Place, string Text, string Directory);

/// <summary>A setting that one source gives.</summary>
/// <param name="Setting">Which.</param>
/// <param name="Place">Where, for a problem with it.</param>
/// <param name="Source">Who gives it, for <c>staithe config check</c>.</param>
/// <param name="Texts">Its values; none when what is given is no value of this setting, which then is a problem already.</param>
internal sealed record GivenSetting(Setting Setting, string Place, string Source, IReadOnlyList<SettingText> Texts);

/// <summary>A configuration while the sources are read, the weakest first: what they say together, and all that is wrong with it.</summary>
internal sealed class ConfigDraft
{
    readonly Dictionary<Setting, GivenSetting> given = [];
    readonly List<ConfigProblem> problems = [];

    /// <summary>The settings so far; those that nobody gave have their defaults, the data directory none.</summary>
    public StaitheConfig Config { get; private set; } = new() { Data = "" };

    /// <summary>Everything that is wrong so far.</summary>
    public IReadOnlyList<ConfigProblem> Problems => problems;

    /// <summary>Who gives each setting; one that is missing here has its default.</summary>
    public IReadOnlyDictionary<Setting, string> Sources => given.ToDictionary(pair => pair.Key.FileOf ?? pair.Key, pair => pair.Value.Source);

    /// <summary>Takes what a source gives, over what a weaker one gave.</summary>
    public void Add(GivenSetting setting)
    {
        Config = setting.Setting.Read(Config, setting.Texts, problems);
        given[setting.Setting] = setting;
    }

    /// <summary>Notes a problem.</summary>
    public void Refuse(string place, string message) => problems.Add(new ConfigProblem(place, message));

    /// <summary>What was given for a setting in the end, or null.</summary>
    public GivenSetting? Find(Setting setting) => given.GetValueOrDefault(setting);
}
