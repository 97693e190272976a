using Staithe.Accounts;
using Staithe.Database;
using Staithe.Door;
using Staithe.Oci;
using Staithe.Telemetry;
using Staithe.Transport;

namespace Staithe.Api;

/// <summary>
/// <c>/api/v1</c>: finds the operation, settles who asks, reads the body and sends the answer. What is allowed is decided in the operations, in
/// the transaction of the deed.
/// </summary>
internal sealed class ApiEndpoint(Db db, AccessEpoch epoch, OperationTable table, ApiErrors errors, CallerLookup callers, bool isOpen)
{
    public const string Prefix = "/api/v1";

    /// <summary>True when the request is for this API.</summary>
    public static bool Takes(string path) => path.StartsWith(Prefix, StringComparison.Ordinal) && (path.Length == Prefix.Length || path[Prefix.Length] == '/');

    /// <param name="http">The request.</param>
    /// <param name="path">Its path as the client wrote it.</param>
    /// <param name="facts">What the log is told.</param>
    public Task HandleAsync(HttpContext http, string path, RequestFacts facts)
    {
        http.Response.Headers.CacheControl = "no-store";
        return errors.RunAsync(http, () => AnswerAsync(http, path[Prefix.Length..], facts));
    }

    /// <summary>Answers with a refusal that was decided before.</summary>
    public Task RefuseAsync(HttpContext http, OciException refusal) => errors.RunAsync(http, () => throw refusal);

    async Task AnswerAsync(HttpContext http, string path, RequestFacts facts)
    {
        await WorkerThread.SwitchAsync();
        var (operation, values) = Route(http.Request.Method, path);
        if (isOpen && !operation.IsOfContent)
            throw new RefusalException(StatusCodes.Status404NotFound, "this registry is open: accounts and rights are not used on it, and there is nothing to manage; start it without \"open\" to use them");
        var who = (await callers.MeetAsync(http, AcceptedBy(operation), CallerLookup.AskBasic)).Who;
        facts.Caller = operation.IsPublic ? null : who.Name;
        operation.CheckQuery(http.Request.Query);
        var body = operation.Request is null ? null : await ApiJson.ReadAsync(http, operation.Request);
        var answer = await operation.Handle(new ApiCall(http, who, values, db, epoch), body);
        if (http.Response.HasStarted)
            return;
        http.Response.StatusCode = operation.Status;
        if (answer is not null)
            await ApiJson.SendAsync(http, ApiJson.ContentType, answer);
    }

    // docker login keeps no password, so that clients have nothing but the token that they pull with; it is good for what is about content.
    static Accepts AcceptedBy(Operation operation) => operation switch
    {
        { IsPublic: true } => Accepts.Nobody,
        { IsOfContent: true, TakesClientTokens: true } => Accepts.Client | Accepts.PersonalToken,
        { IsOfContent: true } => Accepts.Nobody | Accepts.Basic | Accepts.PersonalToken,
        _ => Accepts.Basic | Accepts.PersonalToken,
    };

    (Operation Operation, Dictionary<string, string> Values) Route(string method, string path)
    {
        var segments = path.Split('/').Skip(1).Select(Uri.UnescapeDataString).ToArray();
        var found = segments.Any(segment => segment.Any(char.IsControl))
            ? []
            : table.Operations.Select(operation => (operation, Values: operation.Match(segments))).Where(match => match.Values is not null).ToList();
        if (found.Count == 0)
            throw new RefusalException(StatusCodes.Status404NotFound, $"there is no such operation; {Prefix}{OperationTable.DocumentPath} lists those there are");
        var wanted = method == "HEAD" ? "GET" : method;
        if (found.FirstOrDefault(match => match.operation.Method == wanted) is ({ } operation, { } values))
            return (operation, values);
        var allow = string.Join(", ", found.Select(match => match.operation.Method == "GET" ? "GET, HEAD" : match.operation.Method));
        throw new OciException(OciError.Unsupported, $"{OciException.Quote(method)} is not for this path; it takes {allow}")
        {
            Headers = new Dictionary<string, string> { ["Allow"] = allow },
        };
    }
}
