using Staithe.Access;
using Staithe.Door;
using Staithe.Oci;
using Staithe.Telemetry;
using Staithe.Transport;

namespace Staithe.Web;

/// <summary>
/// The face for people: everything that is neither <c>/v2</c> nor <c>/api</c>. Settles who asks, checks that a form is one of ours, finds the
/// handler, and turns what goes wrong into a page.
/// </summary>
internal sealed class WebEndpoint(
    IReadOnlyList<IWebHandler> handlers,
    CallerLookup callers,
    FormTokens forms,
    PageRenderer renderer,
    RefusalGuard guard,
    bool isOpen)
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
        await guard.RunAsync(http, () => throw refusal, (_, translated) => RenderAsync(http, path, new Asked(), translated));
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
        await guard.RunAsync(
            http,
            () => AnswerAsync(http, path, facts, asked, answer),
            (_, refusal) => RenderAsync(http, path, asked, refusal));
    }

    async Task AnswerAsync(HttpContext http, string path, RequestFacts facts, Asked asked, Func<Visit, Task>? answer)
    {
        var caller = await callers.FindAsync(http, Accepts.Nobody | Accepts.Session, CallerLookup.AskBasic);
        (asked.Who, asked.Session) = (caller.Who, caller.Session);
        if (asked.Session is null && !isOpen && SessionCookie.Find(http) is not null)
            SessionCookie.Clear(http); // it has ended
        facts.Caller = asked.Who.Kind == IdentityKind.User ? asked.Who.Name : null;
        if (!PageFiles.IsFile(path))
            callers.Count(http, asked.Who);
        var method = http.Request.Method;
        if (method is not ("GET" or "HEAD" or "POST"))
        {
            http.Response.Headers.Allow = "GET, HEAD, POST";
            throw new RefusalException(StatusCodes.Status405MethodNotAllowed, "Pages are read with GET, and forms sent with POST.", "Not that way");
        }
        if (http.Request.Query.Any(parameter => parameter.Value.Any(HasNull)))
            throw new RefusalException(StatusCodes.Status400BadRequest, "The address holds a character that no text has.", "The request cannot be read");
        var form = method == "POST" ? await ReadFormAsync(http) : null;
        if (form is not null && !forms.Check(http, asked.Session, form["token"].ToString()))
        {
            throw new RefusalException(
                StatusCodes.Status403Forbidden,
                "It was not given to this browser, or you have signed in or out since. Go back, load the page again, and send it once more.",
                "The form is too old");
        }
        var visit = new Visit(http, path, asked.Who, form, FrameOf(http, asked), renderer);
        answer ??= handlers.FirstOrDefault(handler => handler.Takes(path)) is { } found ? found.HandleAsync : NothingHereAsync;
        await answer(visit);
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
            throw new RefusalException(StatusCodes.Status411LengthRequired, "Send the form with its length, in the header Content-Length.", "Not a form");
        if (length > MaxFormBytes)
        {
            throw new RefusalException(
                StatusCodes.Status413PayloadTooLarge,
                $"It has {Shown.Number(length)} bytes, at most {Shown.Number(MaxFormBytes)} are read: shorten the text, then send it again.",
                "The form is too large");
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

    static RefusalException NotAForm() => new(StatusCodes.Status400BadRequest, "the form did not arrive whole: go back and try again", "Not a form");

    static Task NothingHereAsync(Visit visit)
    {
        var http = visit.Http;
        if (http.Request.Headers.Accept.ToString() is { } accept && (accept.Contains("text/html", StringComparison.OrdinalIgnoreCase) || Visit.WantsJson(http)))
            return visit.SendNothingAsync("Not here", "There is no such page, or you may not see it.");
        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return WholeBody.SendAsync(http, "text/plain; charset=utf-8", System.Text.Encoding.UTF8.GetBytes($"This is Staithe, a container registry. There is no page here; images are pulled like this: {visit.Frame.Clients.Pull("podman", $"{http.Request.Host}/NAME:TAG")}\n"));
    }

    Task RenderAsync(HttpContext http, string path, Asked asked, Refusal refusal)
    {
        http.Response.Headers.CacheControl = "no-store";
        return PageErrors.SendAsync(new Visit(http, path, asked.Who, null, FrameOf(http, asked), renderer), refusal);
    }

    /// <summary>What is known of a request when something goes wrong with it.</summary>
    sealed class Asked
    {
        public Identity Who { get; set; } = Identity.Anonymous;

        public string? Session { get; set; }

        public Frame? Frame { get; set; }
    }
}
