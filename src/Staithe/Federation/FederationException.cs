namespace Staithe.Federation;

/// <summary>
/// What came from elsewhere is not believed, or did not come. The message is for the audit and for admins; whoever asks is told no more than
/// that it did not work.
/// </summary>
/// <param name="message">What is wrong; it quotes nothing secret.</param>
/// <param name="isOutage">Whether the issuer could not be asked, which is no fault of whoever signs in.</param>
internal sealed class FederationException(string message, bool isOutage = false) : Exception(message)
{
    public bool IsOutage { get; } = isOutage;
}
