namespace Staithe.Config;

/// <summary>One thing that is wrong with the configuration.</summary>
/// <param name="Place">Where: <c>staithe.json:7: uploadHours</c>, <c>STAITHE_SPARSE</c> or <c>--listen</c>.</param>
/// <param name="Message">What, and what to do about it. Never holds a secret.</param>
internal sealed record ConfigProblem(string Place, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Place}: {Message}";
}
