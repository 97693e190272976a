using System.Globalization;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Files;
using Staithe.Oci;
using Staithe.Telemetry;
using Staithe.Transport;

namespace Staithe.Web;

/// <summary>
/// The face for people: everything that is neither <c>/v2</c> nor <c>/api</c>. Settles who asks, checks that a form is one of ours, finds the
/// handler, and turns what goes wrong into a page.
/// </summary>
internal sealed class WebEndpoint(IReadOnlyList<IWebHandler> handlers, Sessions sessions, FormTokens forms, PageRenderer renderer, RequestLimits limits, Db db, LogOutput log, bool isOpen)
{
    // The longest text that a form takes, whatever it is written in: a character of UTF-16 is up to three bytes of UTF-8, which are nine in a form. The rest
    // is for the other fields.
    const int MaxFormBytes = (9 * Readme.MaxLength) + (64 * 1024);

    /// <param name="http">The request.</param>
    /// <param name="path">Its path as the client wrote it.</param>
    /// <param name="facts">What the log is told.</param>
    public Task HandleAsync(HttpContext http, string path, RequestFacts facts) => RunAsync(http, path, facts, null);

    /// <summary>Answers with a refusal that was decided before anything was asked.</summary>
    public async Task RefuseAsync(HttpContext http, string path, OciException refusal)
    {
        await WorkerThread.SwitchAsync();
        await RenderAsync(http, path, new Asked(), refusal);
    }

    /// <summary>Answers a browser with a page that another face has; what that throws becomes a page too.</summary>
    /// <param name="http">The request.</param>
    /// <param name="path">Its path as the client wrote it.</param>
    /// <param name="facts">What the log is told.</param>
    /// <param name="answer">Has the page; null for whichever handler takes the path.</param>
    public async Task RunAsync(HttpContext http, string path, RequestFacts facts, Func<Visit, Task>? answer)
    {
        await WorkerThread.SwitchAsync();
        http.Response.Headers.CacheControl = "no-store";
        var asked = new Asked();
        try
        {
            await AnswerAsync(http, path, facts, asked, answer);
        }
        catch (Exception e) when (!http.RequestAborted.IsCancellationRequested)
        {
            if (http.Response.HasStarted)
            {
                LogFailure(http, e);
                http.Abort(); // the reader must see that what came is not all
                return;
            }
            await RenderAsync(http, path, asked, e);
        }
    }

    async Task AnswerAsync(HttpContext http, string path, RequestFacts facts, Asked asked, Func<Visit, Task>? answer)
    {
        await IdentifyAsync(http, asked);
        facts.Caller = asked.Who.Kind == IdentityKind.User ? asked.Who.Name : null;
        if (!PageFiles.IsFile(path))
            limits.Require(asked.Who, http.Connection.RemoteIpAddress);
        var method = http.Request.Method;
        if (method is not ("GET" or "HEAD" or "POST"))
        {
            http.Response.Headers.Allow = "GET, HEAD, POST";
            throw new PageException(StatusCodes.Status405MethodNotAllowed, "Not that way", "Pages are read with GET, and forms sent with POST.");
        }
        if (http.Request.Query.Any(parameter => parameter.Value.Any(HasNull)))
            throw new PageException(StatusCodes.Status400BadRequest, "The request cannot be read", "The address holds a character that no text has.");
        var form = method == "POST" ? await ReadFormAsync(http) : null;
        if (form is not null && !forms.Check(http, asked.Session, form["token"].ToString()))
            throw new PageException(StatusCodes.Status403Forbidden, "The form is too old", "It was not given to this browser, or you have signed in or out since. Go back, load the page again, and send it once more.");
        var visit = new Visit(http, path, asked.Who, form, FrameOf(http, asked), renderer);
        answer ??= handlers.FirstOrDefault(handler => handler.Takes(path)) is { } found ? found.HandleAsync : NothingHereAsync;
        await answer(visit);
    }

    async Task IdentifyAsync(HttpContext http, Asked asked)
    {
        if (isOpen)
            asked.Who = Identity.Anybody;
        else if (SessionCookie.Find(http) is { } secret && await sessions.FindAsync(secret, http.RequestAborted) is { } who)
            (asked.Who, asked.Session) = (who, secret);
        else if (SessionCookie.Find(http) is not null)
            SessionCookie.Clear(http);
    }

    Frame FrameOf(HttpContext http, Asked asked) => asked.Frame ??= new Frame(
        http.Request.Host.Value ?? "",
        asked.Who.Kind == IdentityKind.User ? asked.Who.Name : null,
        asked.Who is { Kind: IdentityKind.User, IsAdmin: true },
        isOpen,
        forms.Create(http, asked.Session),
        SecretPath.Is(http.Request.Path) ? "/" : http.Request.Path + http.Request.QueryString) // nothing may repeat the secret of a link
    {
        IsPlainHttp = !http.Request.IsHttps,
    };

    static async Task<IFormCollection> ReadFormAsync(HttpContext http)
    {
        if (!http.Request.HasFormContentType)
            throw NotAForm();
        if (http.Request.ContentLength is not { } length)
            throw new PageException(StatusCodes.Status411LengthRequired, "Not a form", "Send the form with its length, in the header Content-Length.");
        if (length > MaxFormBytes)
        {
            throw new PageException(
                StatusCodes.Status413PayloadTooLarge,
                "The form is too large",
                $"It has {Shown.Number(length)} bytes, at most {Shown.Number(MaxFormBytes)} are read: shorten the text, then send it again.");
        }
        try
        {
            var form = await http.Request.ReadFormAsync(http.RequestAborted);
            await WorkerThread.SwitchAsync();
            return form.Any(field => field.Value.Any(HasNull)) ? throw NotAForm() : form;
        }
        catch (InvalidDataException)
        {
            throw NotAForm();
        }
    }

    // PostgreSQL takes none.
    static bool HasNull(string? text) => text?.Contains('\0', StringComparison.Ordinal) == true;

    static PageException NotAForm() => new(StatusCodes.Status400BadRequest, "Not a form", "The form did not arrive whole: go back and try again.");

    static Task NothingHereAsync(Visit visit)
    {
        var http = visit.Http;
        if (http.Request.Headers.Accept.ToString() is { } accept && (accept.Contains("text/html", StringComparison.OrdinalIgnoreCase) || Visit.WantsJson(http)))
            return visit.SendNothingAsync("Not here", "There is no such page, or you may not see it.");
        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return WholeBody.SendAsync(http, "text/plain; charset=utf-8", System.Text.Encoding.UTF8.GetBytes($"This is Staithe, a container registry. There is no page here; images are pulled like this: {visit.Frame.Clients.Pull("podman", $"{http.Request.Host}/NAME:TAG")}\n"));
    }

    Task RenderAsync(HttpContext http, string path, Asked asked, Exception exception)
    {
        var refusal = Translate(http, exception);
        foreach (var name in (string[])["ETag", "Last-Modified", "Accept-Ranges"])
            http.Response.Headers.Remove(name); // of what was to be answered
        http.Response.Headers.CacheControl = "no-store";
        if (refusal.RetryAfter is { } wait)
            http.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return new Visit(http, path, asked.Who, null, FrameOf(http, asked), renderer)
            .SendNoteAsync(refusal.Status, refusal.Title, refusal.Message, mayTryAgain: refusal.RetryAfter is not null && !HttpMethods.IsPost(http.Request.Method));
    }

    PageException Translate(HttpContext http, Exception exception)
    {
        switch (exception)
        {
            case PageException refusal:
                return refusal;
            case AccountException refusal:
                return new PageException(StatusOf(refusal.Problem), TitleOf(refusal.Problem), Visit.Sentence(refusal.Message));
            case TooManyRequestsException many:
                return new PageException(StatusCodes.Status429TooManyRequests, "Too many requests", "Wait a little, then go on.") { RetryAfter = many.Wait };
            case OciException { Error.Status: StatusCodes.Status404NotFound } refusal:
                return new PageException(StatusCodes.Status404NotFound, "Not here", Visit.Sentence(Shown.Cut(refusal.Message)));
            case OciException refusal:
                return new PageException(refusal.Error.Status, "That does not go", Visit.Sentence(Shown.Cut(refusal.Message)));
            case LookException { RetryAfter: { } seconds } look:
                return new PageException(look.Status, "Not looked into yet", Visit.Sentence(Shown.Cut(look.Message))) { RetryAfter = TimeSpan.FromSeconds(seconds) };
            case LookException look:
                return new PageException(look.Status, "It cannot be looked into", Visit.Sentence(Shown.Cut(look.Message)));
            case SignInAwayException away:
                return new PageException(StatusCodes.Status503ServiceUnavailable, "Nobody can be let in now", Visit.Sentence(away.Message)) { RetryAfter = away.Wait };
            case SignInBusyException busy:
                return new PageException(StatusCodes.Status429TooManyRequests, "Too many attempts", "Wait a little, then try again.") { RetryAfter = busy.Wait };
            case BadHttpRequestException bad:
                return new PageException(bad.StatusCode, "The request cannot be read", Visit.Sentence(bad.Message));
        }
        LogFailure(http, exception);
        if (db.FindFault(exception) is { } fault)
            return new PageException(StatusCodes.Status507InsufficientStorage, "No room on the disk", Visit.Sentence(fault.Reason));
        return db.IsAway(exception)
            ? new PageException(StatusCodes.Status503ServiceUnavailable, "The database does not answer", $"Try again in a while. The log has the reason under {http.TraceIdentifier}.")
            : new PageException(StatusCodes.Status500InternalServerError, "The registry failed", $"The log has the reason under {http.TraceIdentifier}.");
    }

    // Never the path nor the query: they may hold what is secret.
    void LogFailure(HttpContext http, Exception exception) =>
        log.Write(LogLevel.Error, "page failed", ("method", http.Request.Method), ("trace", http.TraceIdentifier), ("exception", exception.ToString()));

    /// <summary>The status of a refusal by the accounts.</summary>
    public static int StatusOf(AccountProblem problem) => problem switch
    {
        AccountProblem.Taken => StatusCodes.Status409Conflict,
        AccountProblem.Unknown => StatusCodes.Status404NotFound,
        AccountProblem.Forbidden => StatusCodes.Status403Forbidden,
        _ => StatusCodes.Status400BadRequest,
    };

    static string TitleOf(AccountProblem problem) => problem switch
    {
        AccountProblem.Unknown => "Not here",
        AccountProblem.Forbidden => "That is not yours to do",
        _ => "That does not go",
    };

    /// <summary>What is known of a request when something goes wrong with it.</summary>
    sealed class Asked
    {
        public Identity Who { get; set; } = Identity.Anonymous;

        public string? Session { get; set; }

        public Frame? Frame { get; set; }
    }
}

/// <summary>A refusal that a person reads.</summary>
internal sealed class PageException(int status, string title, string message) : Exception(message)
{
    public int Status { get; } = status;

    public string Title { get; } = title;

    /// <summary>After how long it is worth trying again.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
