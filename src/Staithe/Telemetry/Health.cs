using Staithe.Database;
using Staithe.Storage;

namespace Staithe.Telemetry;

/// <summary><c>/livez</c>: the process answers. <c>/readyz</c>: it can do its work, and is not on its way out.</summary>
internal sealed class Health(Db db, FileBlobStorage storage, IHostApplicationLifetime lifetime, LogOutput log)
{
    const string Live = "/livez", Ready = "/readyz";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Whether the path is one of these.</summary>
    public static bool Takes(string path) => path is Live or Ready;

    public Task HandleAsync(HttpContext http, string path, RequestFacts facts)
    {
        facts.Kind = RequestFacts.Health;
        return path == Live ? AnswerAsync(http, StatusCodes.Status200OK, "ok") : ReadyAsync(http);
    }

    async Task ReadyAsync(HttpContext http)
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            await AnswerAsync(http, StatusCodes.Status503ServiceUnavailable, "stopping");
            return;
        }
        try
        {
            await Task.Run(ProbeAsync, http.RequestAborted).WaitAsync(Patience, http.RequestAborted);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            log.Write(LogLevel.Warning, "not ready", ("reason", e.Message));
            await AnswerAsync(http, StatusCodes.Status503ServiceUnavailable, "not ready: the database or the storage does not answer; the log says why");
            return;
        }
        await AnswerAsync(http, StatusCodes.Status200OK, "ok");
    }

    // Both may hang with the disk, so both are waited for from outside.
    async Task ProbeAsync()
    {
        await db.ReadAsync(session => session.FindNumberAsync(ProbeSql));
        storage.Probe();
    }

    static readonly Sql ProbeSql = new("select 1");

    static Task AnswerAsync(HttpContext http, int status, string text)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/plain; charset=utf-8";
        return http.Response.WriteAsync(text + "\n");
    }
}
