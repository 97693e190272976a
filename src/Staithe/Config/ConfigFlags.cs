namespace Staithe.Config;

/// <summary>What the command line says.</summary>
/// <param name="ConfigFile">The value of <c>--config</c>.</param>
/// <param name="Values">The options that are given, each with its values.</param>
internal sealed record ConfigFlags(string? ConfigFile, IReadOnlyList<(Setting Setting, IReadOnlyList<string> Texts)> Values)
{
    /// <summary>A command line without options.</summary>
    public static readonly ConfigFlags None = new(null, []);
}
