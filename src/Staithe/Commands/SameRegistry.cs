using Staithe.Clients;
using Staithe.Config;

namespace Staithe.Commands;

/// <summary>Writes commands that act on the registry of a configuration, wherever they are typed.</summary>
internal static class SameRegistry
{
    const string Environment = "environment ";

    /// <summary>A command with the options that lead it there. A password of the database is left for whoever types it.</summary>
    /// <param name="loaded">The configuration and where it comes from.</param>
    /// <param name="command">The command without them.</param>
    public static string Command(LoadedConfig loaded, string command)
    {
        var (config, sources) = loaded;
        var before = "";
        var options = new List<string> { Settings.Data.Option!, config.Data }; // also where it is the default: other users have another
        if (config.Database is { } url)
        {
            var (source, shown) = (sources[Settings.Database], PostgresUrl.Parse(url).Redacted);
            if (!shown.Contains("***", StringComparison.Ordinal) || source.StartsWith("flag ", StringComparison.Ordinal))
                options.AddRange([Settings.Database.Option!, shown]);
            else if (source.StartsWith(Environment, StringComparison.Ordinal))
                before = $"{source[Environment.Length..]}=… ";
            else
                options.AddRange([Settings.FileOption, Path.GetFullPath(source[..source.LastIndexOf(':')])]);
        }
        return $"{before}{command} {ShellText.Join(options)}";
    }

    /// <summary>The registry of a configuration, for what a command has done there.</summary>
    public static string Name(StaitheConfig config) =>
        config.Database is { } url ? $"{config.Data} and {PostgresUrl.Parse(url).Redacted}" : config.Data;
}
