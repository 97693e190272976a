using Staithe.Door;
using Staithe.Transport;

namespace Staithe.Distribution;

/// <summary>Renders refusals as the JSON of the distribution-spec ("Error Codes").</summary>
internal sealed class ErrorRendering(RefusalGuard guard)
{
    static readonly Func<HttpContext, Refusal, Task> Render = RenderAsync;

    public Task RunAsync(HttpContext http, Func<Task> handle) => guard.RunAsync(http, handle, Render);

    static Task RenderAsync(HttpContext http, Refusal refusal) => WholeBody.SendAsync(http, "application/json", JsonBody.Write(json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("errors");
        foreach (var detail in refusal.Details.DefaultIfEmpty())
        {
            json.WriteStartObject();
            json.WriteString("code", refusal.Error.Code);
            json.WriteString("message", refusal.Message);
            if (detail is not null)
            {
                json.WritePropertyName("detail");
                System.Text.Json.JsonSerializer.Serialize(json, detail);
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }));
}
