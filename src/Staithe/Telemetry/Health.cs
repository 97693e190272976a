using Staithe.Database;
using Staithe.Storage;

namespace Staithe.Telemetry;

/// <summary>
/// <c>/livez</c>: the process answers. <c>/readyz</c>: it serves pulls, and is not on its way out; a line of the answer says whether it takes
/// pushes. <c>/readyz?for=writes</c>: it takes pushes too.
/// </summary>
internal sealed class Health(Db db, IBlobStorage storage, IHostApplicationLifetime lifetime, LogOutput log)
{
    const string Live = "/livez", Ready = "/readyz";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Whether the path is one of these.</summary>
    public static bool Takes(string path) => path is Live or Ready;

    public Task HandleAsync(HttpContext http, string path) => path == Live ? AnswerAsync(http, StatusCodes.Status200OK, "ok") : ReadyAsync(http);

    async Task ReadyAsync(HttpContext http)
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            await AnswerAsync(http, StatusCodes.Status503ServiceUnavailable, "stopping");
            return;
        }
        try
        {
            var fault = await Task.Run(() => ProbeAsync(http.RequestAborted), http.RequestAborted).WaitAsync(Patience, http.RequestAborted);
            var isFor = http.Request.Query["for"] is ["writes"] && fault is not null;
            await AnswerAsync(
                http,
                isFor ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK,
                fault is null ? "ok" : $"{(isFor ? "not ready" : "ok")}\nwrites: no, {fault.Reason}");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            log.Write(LogLevel.Warning, "not ready", ("reason", e.Message));
            await AnswerAsync(http, StatusCodes.Status503ServiceUnavailable, "not ready: the database or the storage does not answer; the log says why");
        }
    }

    // Both may hang with the disk, so both are waited for from outside. Null, or why nothing can be pushed.
    async Task<DiskFault?> ProbeAsync(CancellationToken cancel)
    {
        await db.ReadAsync(session => session.FindNumberAsync(ProbeSql), cancel);
        await storage.ProbeReadAsync(cancel);
        try
        {
            await storage.ProbeWriteAsync(cancel);
            return null;
        }
        catch (Exception e) when (db.FindFault(e) is { } fault)
        {
            log.Write(LogLevel.Warning, "not ready for writes", ("reason", fault.Reason));
            return fault;
        }
    }

    static readonly Sql ProbeSql = new("select 1");

    static Task AnswerAsync(HttpContext http, int status, string text)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(text + "\n");
    }
}
