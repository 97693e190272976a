namespace Staithe.Api;

/// <summary>A refusal by the API itself, before the accounts are asked: a status, and one sentence for a person that names the fix.</summary>
internal sealed class ApiException(int status, string message) : Exception(message)
{
    public int Status { get; } = status;

    /// <summary>A header that goes with it.</summary>
    public (string Name, string Value)? Header { get; init; }
}
