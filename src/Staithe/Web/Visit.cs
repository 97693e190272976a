using Staithe.Access;
using Staithe.Audit;
using Staithe.Clients;
using Staithe.Content;
using Staithe.Files;
using Staithe.Database;

namespace Staithe.Web;

/// <summary>A request for a page: who makes it, and how it is answered.</summary>
/// <param name="Path">The path as the client wrote it.</param>
/// <param name="Who">Whose session the browser showed; nobody's without one.</param>
/// <param name="Form">What a POST carries.</param>
internal sealed record Visit(HttpContext Http, string Path, Identity Who, IFormCollection? Form, Frame Frame, PageRenderer Renderer)
{
    /// <summary>How many entries of a list a page has.</summary>
    public const int EntriesPerPage = 50;

    public CancellationToken Cancel => Http.RequestAborted;

    /// <summary>Who makes it, for the audit.</summary>
    public Actor Actor => new(Who.Name, Http.Connection.RemoteIpAddress?.ToString());

    /// <summary>Writes the commands that fetch an image and what is in it: with the reader's name where not everybody may.</summary>
    public async Task<ClientCommands> ClientsAsync(FoundImage image, ImageContents contents) =>
        Who.Kind == IdentityKind.User && !await contents.IsPublicAsync(image, Cancel) ? Frame.Clients with { Reader = Who.Name } : Frame.Clients;

    /// <summary>A field of the form without NULs, which no database takes; empty when it is not there.</summary>
    public string Field(string name) => Form?[name] is [{ } text] ? WithoutNul(text) : "";

    /// <summary>A parameter of the query without NULs; empty when it is not there, or there more than once.</summary>
    public string Query(string name) => Http.Request.Query[name] is [{ } text] ? WithoutNul(text) : "";

    /// <summary>The part of a list that the address asks for; what cannot be asked for is left out.</summary>
    /// <param name="orders">The orders that the list has; the first is the usual one here.</param>
    /// <param name="limit">The most entries of a page.</param>
    public ListRequest Asked(IReadOnlyList<string> orders, int limit = EntriesPerPage) => new(
        Query("q").Trim() is { Length: <= ListRequest.MaxText } text ? text : "",
        orders.Contains(Query("sort")) ? Query("sort") : orders.Count > 0 ? orders[0] : "",
        Query("after"),
        limit);

    /// <summary>That part; from the beginning when the address names a place that there cannot be.</summary>
    public static async Task<T> ListAsync<T>(ListRequest asked, Func<ListRequest, Task<T>> list)
    {
        try
        {
            return await list(asked);
        }
        catch (ListPlaceException)
        {
            return await list(asked with { After = "" });
        }
    }

    /// <summary>Answers with a page, or with what it would show as JSON for those who ask for that.</summary>
    public Task SendAsync<TPage, TModel>(TModel model, int status = StatusCodes.Status200OK) where TPage : PageOf<TModel> =>
        WantsJson(Http)
            ? PageRenderer.SendJsonAsync(Http, status, model)
            : Renderer.SendAsync<TPage>(Http, status, new() { [nameof(PageOf<>.Frame)] = FrameOf(status), [nameof(PageOf<>.Model)] = model });

    /// <summary>What is around a page with that status: one that shows something also says what the form before it has done.</summary>
    public Frame FrameOf(int status) => Form is null && status == StatusCodes.Status200OK ? Frame with { Done = DoneCookie.Take(Http) } : Frame;

    /// <summary>Answers a form that did what it should: the browser goes on to look at the result, which says so.</summary>
    public Task DoneAsync(string path) => DoneAsync(path, FormTable.Find(Field("do")));

    /// <summary>The same for a form that does not say itself what it does.</summary>
    public Task DoneAsync(string path, FormAction? form)
    {
        if (form is not null)
            DoneCookie.Set(Http, form);
        return GoToAsync(path);
    }

    /// <summary>Sends the browser on.</summary>
    public Task GoToAsync(string path)
    {
        Http.Response.StatusCode = StatusCodes.Status303SeeOther;
        Http.Response.Headers.Location = path;
        return Task.CompletedTask;
    }

    /// <summary>Answers that there is nothing, for whatever reason.</summary>
    public Task SendNothingAsync(string title, string message) => SendNoteAsync(StatusCodes.Status404NotFound, title, message);

    /// <summary>The same of what one may not see: whoever has not signed in may try that first.</summary>
    public Task RefuseAsync(string message) => Who.Kind == IdentityKind.Anonymous && !WantsJson(Http)
        ? GoToSignInAsync(Frame.Path)
        : SendNothingAsync("Not here", message);

    /// <summary>Sends the browser to the page to sign in, which says why, and brings it back.</summary>
    /// <param name="next">Where it goes afterwards.</param>
    public Task GoToSignInAsync(string next) => GoToAsync(SignInHandler.PathFor(Http, next));

    /// <summary>Answers with a page of one sentence.</summary>
    public Task SendNoteAsync(int status, string title, string message, bool mayTryAgain = false) => SendAsync<NotePage, Note>(new Note(title, message) { MayTryAgain = mayTryAgain }, status);

    /// <summary>Whether the client would rather have JSON than a page.</summary>
    public static bool WantsJson(HttpContext http)
    {
        var accept = http.Request.Headers.Accept.ToString();
        return accept.Contains("application/json", StringComparison.OrdinalIgnoreCase) && !accept.Contains("text/html", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>A message of the accounts as a sentence. A name of an image at its beginning stays as it is written.</summary>
    public static string Sentence(string message) =>
        message.Length == 0 ? message : (message.Split(' ')[0].AsSpan().ContainsAny('/', ':', '@') ? message[0] : char.ToUpperInvariant(message[0])) + message[1..] + (message[^1] is '.' or '?' or '…' ? "" : ".");

    /// <summary>A place on this registry to go to, or the first page when what was asked for is elsewhere.</summary>
    public static string LocalPath(string path) => path is ['/', ..] and not ['/', '/' or '\\', ..] && !path.Any(char.IsControl) && path.Length <= 2000 ? path : "/";

    static string WithoutNul(string text) => text.Contains('\0', StringComparison.Ordinal) ? text.Replace("\0", "", StringComparison.Ordinal) : text;
}

/// <summary>A page of one sentence.</summary>
public sealed record Note(string Title, string Message)
{
    /// <summary>Whether the same is worth asking again.</summary>
    public bool MayTryAgain { get; init; }
}
