using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Staithe.Oci;

namespace Staithe.Config;

/// <summary>
/// Reads the file: one JSON object whose keys are those of <see cref="Settings"/>. Goes through the tokens itself, so that every problem
/// has its line and one problem does not hide the next. Quotes no value itself, since any could be a secret.
/// </summary>
internal sealed class ConfigFile
{
    static readonly JsonReaderOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    readonly string name;
    readonly string directory;
    readonly byte[] json;
    readonly ConfigDraft draft;
    readonly Dictionary<string, int> lines = [];

    ConfigFile(string name, byte[] json, ConfigDraft draft) =>
        (this.name, directory, this.json, this.draft) = (name, Path.GetDirectoryName(Path.GetFullPath(name))!, WithoutMark(json), draft);

    /// <summary>Reads the file at <paramref name="path"/> into <paramref name="draft"/>.</summary>
    /// <param name="path">The file, as the problems name it.</param>
    /// <param name="place">Who names the file, for the problem that it cannot be read.</param>
    /// <param name="draft">Takes the settings and the problems.</param>
    public static void Read(string path, string place, ConfigDraft draft)
    {
        try
        {
            new ConfigFile(path, File.ReadAllBytes(path), draft).Read();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException)
        {
            draft.Refuse(place, $"cannot read {Settings.Shown(path)}: {Reason(fault, path)}");
        }
    }

    /// <summary>Why a file cannot be read, in few words.</summary>
    public static string Reason(Exception fault, string path) => fault switch
    {
        FileNotFoundException or DirectoryNotFoundException => "no such file",
        UnauthorizedAccessException => Directory.Exists(path) ? "it is a directory" : "permission denied",
        ArgumentException => "it is no path",
        _ => fault.Message,
    };

    void Read()
    {
        ReadOnlySpan<byte> text = json;
        var reader = new Utf8JsonReader(text, Lenient);
        try
        {
            if (Utf8.ToUtf16(text, new char[text.Length], out var valid, out _, replaceInvalidSequences: false) == OperationStatus.Done)
                ReadObject(ref reader);
            else
                Abandon(1 + text[..valid].Count((byte)'\n'), "not UTF-8 text");
        }
        catch (JsonException fault)
        {
            var line = (int)(fault.LineNumber ?? 0);
            Abandon(1 + line, Syntax(text, line, (int)(fault.BytePositionInLine ?? 0)));
        }
    }

    void ReadObject(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            Abandon(Line(reader), $"expected an object {{ … }}, found {Words(reader.TokenType)}");
            return;
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            ReadSetting(ref reader);
        reader.Read(); // anything after the object is a syntax error
    }

    void ReadSetting(ref Utf8JsonReader reader)
    {
        var line = Line(reader);
        var key = String(reader) ?? "(no text)";
        var setting = Settings.All.FirstOrDefault(setting => setting.Key == key);
        var place = $"{name}:{line}: {OciException.Quote(key)}";
        reader.Read();
        if (!lines.TryAdd(key, line))
            draft.Refuse(place, $"given twice; line {lines[key]} has it already");
        else if (setting is null)
            draft.Refuse(place, $"unknown setting{(OtherName.Find(key) is { } other ? $"; did you mean {other.Key}?" : NearestName.Hint(key, Settings.All.Select(known => known.Key)))}");
        else
            draft.Add(new GivenSetting(setting, place, $"{name}:{line}", ReadValue(ref reader, setting, place)));
        reader.Skip();
    }

    SettingText[] ReadValue(ref Utf8JsonReader reader, Setting setting, string place) => (setting.Shape, reader.TokenType) switch
    {
        (SettingShape.ObjectList, JsonTokenType.StartObject) => [ReadObjectText(ref reader, place)],
        (SettingShape.TextList or SettingShape.ObjectList, JsonTokenType.StartArray) => ReadList(ref reader, setting, place),
        (SettingShape.Text or SettingShape.TextList, JsonTokenType.String) => ReadString(reader, place),
        (SettingShape.Number, JsonTokenType.Number) => [new SettingText(place, Encoding.UTF8.GetString(reader.ValueSpan), directory)],
        (SettingShape.Flag, JsonTokenType.True) => [new SettingText(place, "true", directory)],
        (SettingShape.Flag, JsonTokenType.False) => [new SettingText(place, "false", directory)],
        _ => Mismatch(reader, place, Words(setting.Shape)),
    };

    SettingText[] ReadList(ref Utf8JsonReader reader, Setting setting, string place)
    {
        var texts = new List<SettingText>();
        var empty = true;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var here = $"{name}:{Line(reader)}: {setting.Key}";
            texts.AddRange((setting.Shape, reader.TokenType) switch
            {
                (SettingShape.TextList, JsonTokenType.String) => ReadString(reader, here),
                (SettingShape.ObjectList, JsonTokenType.StartObject) => [ReadObjectText(ref reader, here)],
                _ => Mismatch(reader, here, setting.Shape == SettingShape.TextList ? "a string in the array" : "an object in the array"),
            });
            reader.Skip();
            empty = false;
        }
        if (empty)
            draft.Refuse(place, "the array is empty: give at least one value, or leave the setting away");
        return [.. texts];
    }

    SettingText ReadObjectText(ref Utf8JsonReader reader, string place)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return new SettingText(place, Encoding.UTF8.GetString(json.AsSpan(start, (int)reader.BytesConsumed - start)), directory);
    }

    SettingText[] ReadString(Utf8JsonReader reader, string place)
    {
        if (String(reader) is { } text)
            return [new SettingText(place, text, directory)];
        draft.Refuse(place, "the string holds half of a surrogate pair");
        return [];
    }

    SettingText[] Mismatch(Utf8JsonReader reader, string place, string expected)
    {
        draft.Refuse(place, $"expected {expected}, found {Words(reader.TokenType)}");
        return [];
    }

    void Abandon(int line, string message) => draft.Refuse($"{name}:{line}", message);

    // The reader's own messages can quote what it stumbled over, which could be a part of a password: only one character is named here.
    static string Syntax(ReadOnlySpan<byte> text, int line, int column)
    {
        var start = 0;
        for (var skipped = 0; skipped < line; skipped++)
            start += text[start..].IndexOf((byte)'\n') + 1;
        var rest = text[Math.Min(start + column, text.Length)..];
        if (rest.Trim("\r\n\t "u8).IsEmpty)
            return "the file ends too early: is a }, ] or \" missing?";
        _ = Rune.DecodeFromUtf8(rest, out var rune, out _);
        var character = Encoding.UTF8.GetCharCount(text[start..^rest.Length]) + 1;
        return rune.Value switch
        {
            '\n' or '\r' => "not JSON: the line ends inside a string",
            '"' => $"not JSON: unexpected \" at character {character}; is a comma missing before it?",
            _ => $"not JSON: unexpected {OciException.Quote(rune.ToString())} at character {character}",
        };
    }

    static byte[] WithoutMark(byte[] json) => json.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? json[Encoding.UTF8.Preamble.Length..] : json;

    int Line(Utf8JsonReader reader) => json.AsSpan(0, (int)reader.TokenStartIndex).Count((byte)'\n') + 1;

    // Null when the text is no UTF-16, as "\ud800".
    static string? String(Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    static string Words(SettingShape shape) => shape switch
    {
        SettingShape.Number => "a number",
        SettingShape.Flag => "true or false",
        SettingShape.TextList => "a string or an array of strings",
        SettingShape.ObjectList => "an object or an array of objects",
        _ => "a string",
    };

    static string Words(JsonTokenType token) => token switch
    {
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.True => "true",
        JsonTokenType.False => "false",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.StartObject => "an object",
        _ => "null",
    };
}
