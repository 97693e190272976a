namespace Staithe.Config;

/// <summary>The configuration is refused, for all the reasons there are.</summary>
/// <param name="problems">Every problem; at least one.</param>
internal sealed class ConfigException(IReadOnlyList<ConfigProblem> problems) : Exception(string.Join('\n', problems))
{
    /// <summary>Every problem; at least one.</summary>
    public IReadOnlyList<ConfigProblem> Problems { get; } = problems;
}
