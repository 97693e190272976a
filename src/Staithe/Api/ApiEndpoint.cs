using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Oci;
using Staithe.Telemetry;
using Staithe.Transport;

namespace Staithe.Api;

/// <summary>
/// <c>/api/v1</c>: finds the operation, settles who asks, reads the body and sends the answer. What is allowed is decided in the operations, in
/// the transaction of the deed.
/// </summary>
internal sealed class ApiEndpoint(Db db, AccessEpoch epoch, SignIn signIn, OperationTable table, ApiErrors errors, RequestLimits limits, Func<HttpContext, Task<Identity>> identifyClient, bool isOpen)
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
            throw new ApiException(StatusCodes.Status404NotFound, "this registry is open: accounts and rights are not used on it, and there is nothing to manage; start it without \"open\" to use them");
        var who = await IdentifyAsync(http, operation);
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

    // A request that does not say rightly who makes it counts for its address.
    async Task<Identity> IdentifyAsync(HttpContext http, Operation operation)
    {
        if (!isOpen && operation is { IsOfContent: true, TakesClientTokens: true } && IsOfClient(http))
            return await IdentifyClientAsync(http); // where it is counted
        var address = http.Connection.RemoteIpAddress;
        try
        {
            var isNobody = operation.IsPublic || (operation.IsOfContent && http.Request.Headers.Authorization.Count == 0);
            var who = isOpen ? Identity.Anybody : isNobody ? Identity.Anonymous : await IdentifyAsync(http);
            limits.Require(who, address);
            return who;
        }
        catch (ApiException)
        {
            limits.RequireStranger(address);
            throw;
        }
    }

    // docker login keeps no password, so that clients have nothing but the token that they pull with; it is good for what is about content.
    static bool IsOfClient(HttpContext http) => http.Request.Headers.Authorization is [{ } text] && text.StartsWith(BearerTokens.Scheme, StringComparison.OrdinalIgnoreCase)
        && !Secret.Is(text[BearerTokens.Scheme.Length..].Trim(), Secret.Personal);

    async Task<Identity> IdentifyClientAsync(HttpContext http)
    {
        try
        {
            return await identifyClient(http);
        }
        catch (OciException refused) when (refused.Error == OciError.Unauthorized)
        {
            throw Unauthorized(refused.Message);
        }
    }

    (Operation Operation, Dictionary<string, string> Values) Route(string method, string path)
    {
        var segments = path.Split('/').Skip(1).Select(Uri.UnescapeDataString).ToArray();
        var found = segments.Any(segment => segment.Any(char.IsControl))
            ? []
            : table.Operations.Select(operation => (operation, Values: operation.Match(segments))).Where(match => match.Values is not null).ToList();
        if (found.Count == 0)
            throw new ApiException(StatusCodes.Status404NotFound, $"there is no such operation; {Prefix}{OperationTable.DocumentPath} lists those there are");
        var wanted = method == "HEAD" ? "GET" : method;
        if (found.FirstOrDefault(match => match.operation.Method == wanted) is ({ } operation, { } values))
            return (operation, values);
        var allow = string.Join(", ", found.Select(match => match.operation.Method == "GET" ? "GET, HEAD" : match.operation.Method));
        throw new ApiException(StatusCodes.Status405MethodNotAllowed, $"{OciException.Quote(method)} is not for this path; it takes {allow}") { Header = ("Allow", allow) };
    }

    async Task<Identity> IdentifyAsync(HttpContext http)
    {
        switch (http.Request.Headers.Authorization.ToArray())
        {
            case []:
                throw Unauthorized("sign in first: send a name with a password or a token");
            case [{ } text] when BasicCredentials.Are(text):
                return BasicCredentials.Read(text) is var (name, secret)
                    ? await TryAsync(http, name, secret)
                    : throw Unauthorized("the Authorization header is not name and password in Base64");
            case [{ } text] when text.StartsWith(BearerTokens.Scheme, StringComparison.OrdinalIgnoreCase):
                var token = text[BearerTokens.Scheme.Length..].Trim();
                return Secret.Is(token, Secret.Personal)
                    ? await TryAsync(http, "bearer", token)
                    : throw Unauthorized($"this is no token for this API: send a personal token, which begins with {Secret.Personal}");
            default:
                throw Unauthorized("the Authorization header is neither Basic nor Bearer");
        }
    }

    async Task<Identity> TryAsync(HttpContext http, string name, string secret)
    {
        try
        {
            return await signIn.TryAsync(name, secret, http.Connection.RemoteIpAddress?.ToString(), http.RequestAborted)
                ?? throw Unauthorized("the name and the password, or the token, do not belong together, or have ended");
        }
        catch (SignInRefusedException refused)
        {
            throw Unauthorized(refused.Message);
        }
    }

    static ApiException Unauthorized(string message) => new(StatusCodes.Status401Unauthorized, message) { Header = ("WWW-Authenticate", BasicCredentials.Challenge) };
}
