namespace Staithe.Files;

/// <summary>An image that nobody can look into, or not yet: a status of HTTP, and a sentence for people.</summary>
internal sealed class LookException(int status, string message) : Exception(message)
{
    public int Status { get; } = status;

    /// <summary>After how many seconds it is worth trying again; null when it is not.</summary>
    public int? RetryAfter { get; init; }
}
