using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;
using Npgsql;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Api;
using Staithe.Config;
using Staithe.Content;
using Staithe.Distribution;
using Staithe.Door;
using Staithe.Federation;
using Staithe.Files;
using Staithe.Oci;
using Staithe.Storage;
using Staithe.Telemetry;
using Staithe.Tests.Harness;
using Staithe.Web;

namespace Staithe.Tests.Door;

/// <summary>Whatever is thrown, every face answers it with the same status, the same message and the same time to wait; each in its own form.</summary>
public sealed class RefusalWalkTests(ClosedRegistries registries)
{
    const string Trace = "trace-of-the-walk";

    // What is thrown, on which engine, and what has to come of it. A part of the message is enough here: that all faces say the same is the walk's.
    static readonly Case[] Cases =
    [
        new("a refusal of a face", () => new RefusalException(415, "send the body as JSON"), 415, "send the body as JSON"),
        new("an error of the specification", () => new OciException(OciError.ManifestUnknown, "a/b has no manifest 1"), 404, "a/b has no manifest 1"),
        new("one with a wait", () => new OciException(OciError.TooManyRequests, "too many uploads") { Headers = new Dictionary<string, string> { ["Retry-After"] = "60" } }, 429, "too many uploads", 60),
        new("one with a header", () => new OciException(OciError.Unsupported, "it takes GET") { Headers = new Dictionary<string, string> { ["Allow"] = "GET" } }, 405, "it takes GET"),
        new("accounts: invalid", () => new AccountException(AccountProblem.Invalid, "write a name"), 400, "write a name"),
        new("accounts: taken", () => new AccountException(AccountProblem.Taken, "the name is taken"), 409, "the name is taken"),
        new("accounts: unknown", () => new AccountException(AccountProblem.Unknown, "there is no space x"), 404, "there is no space x"),
        new("accounts: forbidden", () => new AccountException(AccountProblem.Forbidden, "ann may not push to x: ask an owner"), 403, "ann may not push to x"),
        new("a right on a tag", () => new MissingRightException(Rights.Move, TagName.Parse("1")), 403, "the right move is missing for the tag 1"),
        new("an image that cannot be looked into", () => new LookException(422, "this is no image of files"), 422, "this is no image of files"),
        new("one that was not looked into yet", () => new LookException(503, "it is being examined") { RetryAfter = 7 }, 503, "it is being examined", 7),
        new("too many guesses", () => new SignInBusyException(TimeSpan.FromSeconds(1.5)), 429, "too many attempts to sign in", 2),
        new("the directory is away", () => new SignInAwayException(TimeSpan.FromSeconds(5)), 503, "the directory that keeps the passwords does not answer", 5),
        new("a right password without an account", () => new SignInRefusedException("ask an admin for an account"), 401, "ask an admin for an account"),
        new("too many requests", () => new TooManyRequestsException(TimeSpan.FromSeconds(3)), 429, "too many requests", 3),
        new("an issuer is away", () => new FederationException("https://issuer.example does not answer", isOutage: true), 503, "the issuer cannot be asked now", 5),
        new("an issuer is not believed", () => new FederationException("the token's signature is wrong"), 403, "is not believed"),
        new("a slow body", () => new BadHttpRequestException("Reading the request body timed out.", 408), 408, "the body came too slowly"),
        new("a body that ends too early", () => new BadHttpRequestException("Unexpected end of request content."), 400, "Unexpected end of request content"),
        new("a large body", () => new BadHttpRequestException("Request body too large.", 413), 413, "Request body too large"),
        new("the disk is full", () => new DiskException(DiskFault.Full), 507, "the registry's disk is full"),
        new("the disk is full, says the system", () => new IOException("No space left on device", 28), 507, "the registry's disk is full"),
        new("the disk is full, deep inside", () => new InvalidOperationException("it failed", new IOException("No space left on device", 28)), 507, "the registry's disk is full"),
        new("the disk is read-only", () => new IOException("Read-only file system", 30), 507, "the registry's disk is read-only"),
        new("the database's disk is full", () => new SqliteException("full", 13), 507, "the registry's disk is full", Only: Engine.Sqlite),
        new("the database's disk is full", () => Said(PostgresErrorCodes.DiskFull), 507, "the registry's disk is full", Only: Engine.Postgres),
        new("the database is away", () => new NpgsqlException("Exception while connecting"), 503, "the registry's database does not answer", 5, Engine.Postgres),
        new("the database shuts down", () => Said(PostgresErrorCodes.AdminShutdown), 503, "the registry's database does not answer", 5, Engine.Postgres),
        new("a race is lost", () => Said(PostgresErrorCodes.SerializationFailure), 503, "many requests change the same thing", 1, Engine.Postgres),
        new("a race for a name is lost", () => Said(PostgresErrorCodes.UniqueViolation), 503, "many requests change the same thing", 1, Engine.Postgres),
        new("a wait was broken off", () => new OperationCanceledException(), 503, "the registry broke this request off", 1),
        new("a bug", () => new InvalidOperationException("the secret of the registry is hunter2"), 500, "the registry failed"),
        new("a rule of the tables", () => new SqliteException("constraint failed", 19), 500, "the registry failed", Only: Engine.Sqlite),
    ];

    [Theory, OnBothEngines]
    public async Task Every_face_answers_what_is_thrown_alike(Engine engine)
    {
        await using var walk = await Walk.StartAsync(await registries.GetAsync(engine), engine);
        Assert.Empty(await walk.FindDifferencesAsync(["spec", "api", "page"]));
    }

    // The walk must be able to see a face that translates for itself, one that says something else, and one that forgets the wait.
    [Theory]
    [InlineData("own-status")]
    [InlineData("own-words")]
    [InlineData("no-wait")]
    public async Task The_walk_sees_a_face_that_disagrees(string face)
    {
        await using var walk = await Walk.StartAsync(await registries.GetAsync(Engine.Sqlite), Engine.Sqlite);
        Assert.NotEmpty(await walk.FindDifferencesAsync(["spec", face]));
    }

    [Fact]
    public async Task A_fault_is_logged_under_the_trace_that_the_answer_tells_and_a_refusal_is_not()
    {
        await using var walk = await Walk.StartAsync(await registries.GetAsync(Engine.Sqlite), Engine.Sqlite);
        foreach (var face in (string[])["spec", "api", "page"])
        {
            var (_, message, _) = await walk.AskAsync(face, Array.FindIndex(Cases, one => one.What == "a bug"));
            Assert.Contains(Trace, message, StringComparison.Ordinal);
            Assert.DoesNotContain("hunter2", message, StringComparison.Ordinal);
            await walk.AskAsync(face, Array.FindIndex(Cases, one => one.What == "accounts: taken"));
        }
        await Eventually.IsAsync(3, () => Task.FromResult(walk.Log.Split('\n').Count(line => line.Contains("request failed", StringComparison.Ordinal))));
        Assert.Contains("hunter2", walk.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("the name is taken", walk.Log, StringComparison.Ordinal);
    }

    static PostgresException Said(string state) => new("said so", "ERROR", "ERROR", state);

    /// <summary>Something that may be thrown while a request is answered.</summary>
    sealed record Case(string What, Func<Exception> Make, int Status, string Message, int? Wait = null, Engine? Only = null);

    /// <summary>A server with the faces' own ways to render, on which each request throws what it asks for.</summary>
    sealed class Walk : IAsyncDisposable
    {
        readonly WebApplication web;
        readonly Engine engine;
        readonly LogText text = new();
        readonly LogOutput log;
        readonly PageRenderer pages = new();
        readonly HttpClient client = new();

        Walk(ClosedRegistry closed, Engine engine)
        {
            this.engine = engine;
            log = new LogOutput(LogFormat.Json, text, isTerminal: false, TimeProvider.System);
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
            web = builder.Build();
            var guard = new RefusalGuard(new RefusalTable(closed.Db), log);
            var (spec, api) = (new ErrorRendering(guard), new ApiErrors(guard));
            var people = new WebEndpoint(
                [new Thrower()],
                new CallerLookup(signIn: null!, sessions: null!, tokens: null!, new RequestLimits(0, 0, TimeProvider.System), isOpen: true), // nobody is asked
                new FormTokens(closed.Secret),
                pages,
                guard,
                isOpen: true);
            web.Run(http =>
            {
                http.TraceIdentifier = Trace;
                return http.Request.Path.Value!.Split('/')[1] switch
                {
                    "spec" => spec.RunAsync(http, () => throw Of(http)),
                    "api" => api.RunAsync(http, () => throw Of(http)),
                    "page" => people.HandleAsync(http, http.Request.Path, new RequestFacts()),
                    "own-status" => guard.RunAsync(http, () => throw Of(http), (_, refusal) => SendAsync(http, refusal.Status == 507 ? 500 : refusal.Status, refusal.Message)),
                    "own-words" => guard.RunAsync(http, () => throw Of(http), (_, refusal) => SendAsync(http, refusal.Status, refusal.Status == 429 ? "wait" : refusal.Message)),
                    "no-wait" => guard.RunAsync(
                        http,
                        () => throw Of(http),
                        (_, refusal) =>
                        {
                            http.Response.Headers.Remove("Retry-After");
                            return SendAsync(http, refusal.Status, refusal.Message);
                        }),
                    var face => throw new InvalidOperationException($"there is no face {face}"),
                };
            });
        }

        public string Log => text.Read();

        public static async Task<Walk> StartAsync(ClosedRegistry closed, Engine engine)
        {
            var walk = new Walk(closed, engine);
            await walk.web.StartAsync(TestContext.Current.CancellationToken);
            return walk;
        }

        /// <summary>Where a face answers otherwise than the table of cases says, or than the first face does.</summary>
        public async Task<List<string>> FindDifferencesAsync(string[] faces)
        {
            var differences = new List<string>();
            for (var i = 0; i < Cases.Length; i++)
            {
                var expected = Cases[i];
                if (expected.Only is { } only && only != engine)
                    continue;
                string? said = null;
                foreach (var face in faces)
                {
                    var (status, message, wait) = await AskAsync(face, i);
                    said ??= message;
                    if (status != expected.Status || wait != expected.Wait || message != said || !message.Contains(expected.Message, StringComparison.OrdinalIgnoreCase))
                        differences.Add($"{face}, {expected.What}: {status}, wait {wait}, {message}");
                }
            }
            return differences;
        }

        /// <summary>The status, the message as every face has it, and the seconds to wait.</summary>
        public async Task<(int Status, string Message, int? Wait)> AskAsync(string face, int number)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"{web.Urls.Single()}/{face}/{number}"));
            request.Headers.Add("Accept", "application/json");
            using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
            using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            var root = body.RootElement;
            var message = root.TryGetProperty("errors", out var errors) ? errors[0].GetProperty("message").GetString()!
                : root.TryGetProperty("detail", out var detail) ? detail.GetString()!
                : root.GetProperty("message").GetString()!;
            var wait = answer.Headers.TryGetValues("Retry-After", out var values) ? int.Parse(values.Single(), CultureInfo.InvariantCulture) : (int?)null;
            message = message.TrimEnd('.'); // a page has sentences
            return ((int)answer.StatusCode, $"{char.ToUpperInvariant(message[0])}{message[1..]}", wait);
        }

        public async ValueTask DisposeAsync()
        {
            client.Dispose();
            await web.DisposeAsync();
            await pages.DisposeAsync();
            await log.DisposeAsync();
        }

        static Exception Of(HttpContext http) => Cases[int.Parse(http.Request.Path.Value!.Split('/')[2], CultureInfo.InvariantCulture)].Make();

        static Task SendAsync(HttpContext http, int status, string message)
        {
            http.Response.StatusCode = status;
            return http.Response.WriteAsJsonAsync(new { message });
        }

        sealed class Thrower : IWebHandler
        {
            public bool Takes(string path) => true;

            public Task HandleAsync(Visit visit) => throw Of(visit.Http);
        }
    }
}
