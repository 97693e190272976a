using System.Text.Json;
using System.Text.RegularExpressions;
using Staithe.Oci;

namespace Staithe.Config;

/// <summary>Reads the environment: the variables of <see cref="Settings"/>, of which an empty one counts as not set.</summary>
internal static partial class ConfigEnvironment
{
    /// <summary>Reads the variables into <paramref name="draft"/>; those that look like settings and are none are problems.</summary>
    public static void Read(IReadOnlyDictionary<string, string> environment, ConfigDraft draft)
    {
        foreach (var (name, value) in environment.OrderBy(variable => variable.Key, StringComparer.Ordinal))
        {
            if (!name.StartsWith(Settings.VariablePrefix, StringComparison.Ordinal) || value.Length == 0 || name == Settings.FileVariable)
                continue;
            if (Settings.All.FirstOrDefault(setting => setting.Variable == name) is { } setting)
                draft.Add(Given(setting, value));
            else if (!IsServiceLink(name, value))
                draft.Refuse(OciException.Quote(name), Unknown(name[Settings.VariablePrefix.Length..]));
        }
    }

    /// <summary>The value of a variable, or null when it is not set or empty.</summary>
    public static string? Find(IReadOnlyDictionary<string, string> environment, string name) =>
        environment.TryGetValue(name, out var value) && value.Length > 0 ? value : null;

    // The prefix is right, and would make all names look alike.
    static string Unknown(string name)
    {
        if (OtherName.Find(name) is { } setting)
            return $"unknown setting; did you mean {setting.Variable}?";
        if (OtherName.IsOfFile(name))
            return $"unknown setting; did you mean {Settings.FileVariable}?";
        var known = Settings.All.Select(setting => setting.Variable).Append(Settings.FileVariable).Select(variable => variable[Settings.VariablePrefix.Length..]);
        return NearestName.Find(name, known) is { } nearest ? $"unknown setting; did you mean {Settings.VariablePrefix}{nearest}?" : "unknown setting";
    }

    static GivenSetting Given(Setting setting, string value)
    {
        var texts = setting.Shape switch
        {
            SettingShape.TextList => value.Split(',', StringSplitOptions.TrimEntries),
            SettingShape.ObjectList => Objects(value),
            _ => [value],
        };
        return new GivenSetting(setting, setting.Variable, $"environment {setting.Variable}", [.. texts.Select(text => new SettingText(setting.Variable, text, Environment.CurrentDirectory))]);
    }

    // What is no array of JSON goes on as it is: whoever reads the object says what is wrong with it.
    static string[] Objects(string value)
    {
        try
        {
            using var document = JsonDocument.Parse(value, new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return document.RootElement.ValueKind == JsonValueKind.Array ? [.. document.RootElement.EnumerateArray().Select(item => item.GetRawText())] : [value];
        }
        catch (JsonException)
        {
            return [value];
        }
    }

    // Kubernetes gives every container the addresses of the services beside it, named after them: a service called staithe, the most
    // natural name there is, sets STAITHE_SERVICE_HOST, STAITHE_PORT=tcp://10.0.0.7:5000 and more. They are nobody's mistake.
    static bool IsServiceLink(string name, string value) =>
        ServiceLink().IsMatch(name) || (name.EndsWith("_PORT", StringComparison.Ordinal) && value.Contains("://", StringComparison.Ordinal));

    [GeneratedRegex("^STAITHE(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_[0-9]+_(TCP|UDP|SCTP)(_PROTO|_PORT|_ADDR)?)$")]
    private static partial Regex ServiceLink();
}
