namespace Staithe.Transport;

/// <summary>Sends an answer that is in memory, with its length, and without its body for HEAD.</summary>
internal static class WholeBody
{
    public static Task SendAsync(HttpContext http, string contentType, byte[] body)
    {
        http.Response.ContentType = contentType;
        http.Response.ContentLength = body.Length;
        return HttpMethods.IsHead(http.Request.Method) ? Task.CompletedTask : http.Response.Body.WriteAsync(body, http.RequestAborted).AsTask();
    }
}
