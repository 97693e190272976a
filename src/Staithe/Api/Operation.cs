using Staithe.Database;
using Staithe.Door;
using Staithe.Oci;

namespace Staithe.Api;

/// <summary>A parameter of the query.</summary>
internal sealed record QueryParameter(string Name, string Summary, bool IsRequired = false, bool IsNumber = false)
{
    /// <summary>What it may be; none for anything.</summary>
    public IReadOnlyList<string> Values { get; init; } = [];
}

/// <summary>
/// One operation: what the router dispatches to and what the OpenAPI document describes, so that they cannot differ.
/// </summary>
/// <param name="Method">GET (and with it HEAD), POST, PUT, PATCH or DELETE.</param>
/// <param name="Path">Below <see cref="ApiEndpoint.Prefix"/>; parts in braces stand for one segment each.</param>
/// <param name="Id">Its name in the document.</param>
/// <param name="Summary">One sentence.</param>
/// <param name="Request">What the body is; null for none.</param>
/// <param name="Response">What the answer is; null for none.</param>
/// <param name="Status">The status of success.</param>
/// <param name="Handle">Does it.</param>
internal sealed record Operation(string Method, string Path, string Id, string Summary, Type? Request, Type? Response, int Status, Func<ApiCall, object?, Task<object?>> Handle)
{
    internal static readonly QueryParameter[] Paging =
    [
        new("after", "Begin behind this entry: next of the page before."),
        new("limit", $"The most entries to answer, {ListRequest.UsualLimit} unless told, at most {ListRequest.MaxLimit}.", IsNumber: true),
    ];

    /// <summary>The parameters of a list that is filtered by a text and put in order.</summary>
    /// <param name="text">In what the text is looked for.</param>
    /// <param name="orders">The orders; the first is the usual one.</param>
    public static QueryParameter[] Listing(string text, IReadOnlyList<string> orders) =>
    [
        .. Paging,
        new("q", $"Only entries with this: {text}, in whatever case."),
        .. orders.Count < 2
            ? (QueryParameter[])[]
            : [new QueryParameter("sort", $"The order: {string.Join(", ", orders)}; a minus for the largest or newest first. Unless told, {orders[0]}.") { Values = orders }],
    ];

    public string[] Segments { get; } = Path[1..].Split('/');

    public IReadOnlyList<QueryParameter> Query { get; init; } = [];

    /// <summary>The events of the audit, of which it leaves one or several; none for what nobody is told of.</summary>
    public IReadOnlyList<string> Events { get; init; } = [];

    /// <summary>Another media type that the answer can be had as.</summary>
    public string? AlsoAs { get; init; }

    /// <summary>Whether one need not say who one is.</summary>
    public bool IsPublic { get; init; }

    /// <summary>Whether it is about content and not about accounts: then it is there on an open registry too, and for nobody in particular.</summary>
    public bool IsOfContent { get; init; }

    /// <summary>Whether it takes the tokens that clients got for pulls and pushes: these say what they are for, which is asked of <c>/v2</c> alone.</summary>
    public bool TakesClientTokens { get; init; } = true;

    /// <summary>The refusals that it may answer with, besides failures of the registry itself.</summary>
    public IEnumerable<int> Refusals =>
    [
        StatusCodes.Status400BadRequest,
        .. IsPublic ? (int[])[] : [StatusCodes.Status401Unauthorized, StatusCodes.Status403Forbidden],
        StatusCodes.Status404NotFound,
        .. Method == "GET" ? (int[])[] : [StatusCodes.Status409Conflict],
        .. Request is null ? (int[])[] : [StatusCodes.Status413PayloadTooLarge, StatusCodes.Status415UnsupportedMediaType],
        .. IsOfContent ? (int[])[StatusCodes.Status422UnprocessableEntity] : [],
        StatusCodes.Status429TooManyRequests,
        .. IsPublic ? (int[])[] : [StatusCodes.Status503ServiceUnavailable],
    ];

    public static Operation Get<TResponse>(string path, string id, string summary, Func<ApiCall, Task<TResponse>> handle) =>
        new("GET", path, id, summary, null, typeof(TResponse), StatusCodes.Status200OK, async (call, _) => await handle(call));

    public static Operation List<TItem>(string path, string id, string summary, Func<ApiCall, Task<Page<TItem>>> handle, params QueryParameter[] query) =>
        Get(path, id, summary, handle) with { Query = [.. Paging, .. query] };

    /// <summary>A list that is filtered by a text and put in order, as <see cref="Listing"/> says.</summary>
    public static Operation List<TItem>(
        string path, string id, string summary, Func<ApiCall, Task<Page<TItem>>> handle, string text, IReadOnlyList<string> orders, params QueryParameter[] query) =>
        Get(path, id, summary, handle) with { Query = [.. Listing(text, orders), .. query] };

    public static Operation Post<TRequest, TResponse>(string path, string id, string summary, Func<ApiCall, TRequest, Task<TResponse>> handle) =>
        new("POST", path, id, summary, typeof(TRequest), typeof(TResponse), StatusCodes.Status201Created, async (call, body) => await handle(call, (TRequest)body!));

    public static Operation Post<TResponse>(string path, string id, string summary, Func<ApiCall, Task<TResponse>> handle) =>
        new("POST", path, id, summary, null, typeof(TResponse), StatusCodes.Status200OK, async (call, _) => await handle(call));

    /// <summary>What is done anew with each request, and answers nothing.</summary>
    public static Operation Act(string path, string id, string summary, Func<ApiCall, Task> handle) =>
        WithoutAnswer("POST", path, id, summary, null, (call, _) => handle(call));

    public static Operation Put<TRequest>(string path, string id, string summary, Func<ApiCall, TRequest, Task> handle) =>
        WithoutAnswer("PUT", path, id, summary, typeof(TRequest), (call, body) => handle(call, (TRequest)body!));

    public static Operation Put<TRequest, TResponse>(string path, string id, string summary, Func<ApiCall, TRequest, Task<TResponse>> handle) =>
        new("PUT", path, id, summary, typeof(TRequest), typeof(TResponse), StatusCodes.Status200OK, async (call, body) => await handle(call, (TRequest)body!));

    public static Operation Put(string path, string id, string summary, Func<ApiCall, Task> handle) => WithoutAnswer("PUT", path, id, summary, null, (call, _) => handle(call));

    public static Operation Patch<TRequest, TResponse>(string path, string id, string summary, Func<ApiCall, TRequest, Task<TResponse>> handle) =>
        new("PATCH", path, id, summary, typeof(TRequest), typeof(TResponse), StatusCodes.Status200OK, async (call, body) => await handle(call, (TRequest)body!));

    public static Operation Delete(string path, string id, string summary, Func<ApiCall, Task> handle) => WithoutAnswer("DELETE", path, id, summary, null, (call, _) => handle(call));

    /// <summary>Checks the query: it has no parameter that the operation does not know, and none with a value that it cannot have.</summary>
    /// <exception cref="RefusalException">400, naming the parameter.</exception>
    public void CheckQuery(IQueryCollection query)
    {
        foreach (var (name, values) in query)
        {
            if (Query.FirstOrDefault(known => known.Name == name) is not { } parameter)
                throw ApiCall.Invalid($"there is no parameter \"{OciException.Quote(name)}\" here; there {(Query.Count == 0 ? "are none" : $"are {string.Join(", ", Query.Select(known => known.Name))}")}");
            if (parameter.Values.Count > 0 && values is [{ } value] && !parameter.Values.Contains(value))
                throw ApiCall.Invalid($"{name} is \"{OciException.Quote(value)}\": it must be {string.Join(" or ", parameter.Values)}");
        }
    }

    /// <summary>The values of the parts in braces; null when the path is another's.</summary>
    public Dictionary<string, string>? Match(string[] segments)
    {
        if (segments.Length != Segments.Length)
            return null;
        var values = new Dictionary<string, string>();
        for (var i = 0; i < segments.Length; i++)
        {
            if (Parameter(Segments[i]) is { } name)
                values[name] = segments[i];
            else if (Segments[i] != segments[i])
                return null;
        }
        return values;
    }

    /// <summary>The name of a part in braces; null for one that stands for itself.</summary>
    public static string? Parameter(string segment) => segment.StartsWith('{') ? segment[1..^1] : null;

    static Operation WithoutAnswer(string method, string path, string id, string summary, Type? request, Func<ApiCall, object?, Task> handle) =>
        new(method, path, id, summary, request, null, StatusCodes.Status204NoContent, async (call, body) =>
        {
            await handle(call, body);
            return null;
        });
}
