using Staithe.Config;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Config;

/// <summary>A home directory and an environment of its own, from which the configuration is loaded as a process would.</summary>
public abstract class ConfigFixture : IDisposable
{
    readonly TempDirectory directory = new();

    private protected string Home => directory.Path;

    private protected Dictionary<string, string> Variables { get; } = [];

    private protected ConfigFixture() => Variables["HOME"] = Home;

    public void Dispose() => directory.Dispose();

    /// <summary>Writes a file below the home directory; gives its path.</summary>
    private protected string Write(string name, string text)
    {
        var path = Path.Combine(Home, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    private protected static ConfigFlags Flags(params (Setting Setting, string Text)[] values) =>
        new(null, [.. values.GroupBy(value => value.Setting).Select(group => (group.Key, (IReadOnlyList<string>)[.. group.Select(value => value.Text)]))]);

    private protected ConfigFlags InFile(string json) => new(Write("staithe.json", json), []);

    private protected StaitheConfig Load(ConfigFlags? flags = null) => ConfigLoader.Load(flags ?? ConfigFlags.None, Variables).Config;

    /// <summary>The problems, with the path of the home directory cut away.</summary>
    private protected string[] Problems(ConfigFlags? flags = null) =>
        [.. Assert.Throws<ConfigException>(() => Load(flags)).Problems.Select(problem => $"{problem}".Replace(Home + "/", "", StringComparison.Ordinal))];
}
