using Staithe.Oci;

namespace Staithe.Door;

/// <summary>What a request is answered with in place of what it asked for. The faces render it, each in its own form.</summary>
/// <param name="Error">The status, and the code of the distribution-spec that is nearest to it.</param>
/// <param name="Message">One sentence for a person that names the fix, without its full stop.</param>
internal sealed record Refusal(OciError Error, string Message)
{
    static readonly IReadOnlyDictionary<string, string> NoHeaders = new Dictionary<string, string>();

    public int Status => Error.Status;

    /// <summary>A few words to stand above the message; null for what the status says.</summary>
    public string? Title { get; init; }

    /// <summary>After how long it is worth trying again; null when trying again does not help.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Headers that go with it, such as <c>Allow</c>.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = NoHeaders;

    /// <summary>What programs can use: one error of the distribution-spec each.</summary>
    public IReadOnlyList<object> Details { get; init; } = [];

    /// <summary>Whether it tells of a fault or an outage, which the log has to explain.</summary>
    public bool IsFault { get; init; }

    /// <summary>A refusal for which the distribution-spec has no error of its own.</summary>
    public static Refusal Of(int status, string message) => new(new OciError(CodeOf(status), status), message);

    // What HTTP calls the client's mistake is "unsupported" where the specification has no better word.
    static string CodeOf(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => OciError.Unauthorized.Code,
        StatusCodes.Status403Forbidden or StatusCodes.Status409Conflict => OciError.Denied.Code,
        StatusCodes.Status408RequestTimeout => OciError.RequestTimeout.Code,
        StatusCodes.Status429TooManyRequests => OciError.TooManyRequests.Code,
        >= StatusCodes.Status500InternalServerError => OciError.Unknown.Code,
        _ => OciError.Unsupported.Code,
    };
}

/// <summary>A refusal on its way to the client, where it is no error of the distribution-spec (<see cref="OciException"/>).</summary>
internal sealed class RefusalException(Refusal refusal) : Exception(refusal.Message)
{
    /// <param name="status">The status of HTTP.</param>
    /// <param name="message">One sentence for a person that names the fix.</param>
    /// <param name="title">A few words to stand above it on a page.</param>
    public RefusalException(int status, string message, string? title = null)
        : this(Refusal.Of(status, message) with { Title = title })
    {
    }

    public Refusal Refusal => refusal;
}
