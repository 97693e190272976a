using System.Net;
using System.Security.Cryptography;
using System.Text;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Transport;

namespace Staithe.Web;

/// <summary>
/// The page that makes the first account. Its address holds a secret that was shown to whoever started the server, and the page is gone as
/// soon as there is an account.
/// </summary>
internal sealed class SetupPage(Users users)
{
    const string Prefix = "/setup/";
    const int MaxFormBytes = 16 * 1024;

    readonly string secret = Secret.Create(Secret.Setup);

    /// <summary>The path to show to the operator, once.</summary>
    public string Path => Prefix + secret;

    /// <summary>Whether the path is this page's.</summary>
    public static bool Takes(string path) => path.StartsWith(Prefix, StringComparison.Ordinal);

    public async Task HandleAsync(HttpContext http, string path)
    {
        http.Response.Headers.CacheControl = "no-store";
        http.Response.Headers["Referrer-Policy"] = "no-referrer";
        http.Response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'sha256-" + StyleDigest + "'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
        if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(path), Encoding.UTF8.GetBytes(Path)) || await users.AnyAsync(http.RequestAborted))
        {
            await SendAsync(http, StatusCodes.Status404NotFound, "Not here", "<p>This link is not the one that the server printed when it started, or it has been used. While there is no account, starting the server again gives a new one.</p>");
            return;
        }
        if (HttpMethods.IsPost(http.Request.Method))
            await CreateAsync(http);
        else
            await SendAsync(http, StatusCodes.Status200OK, "Make the first account", Form("", null));
    }

    async Task CreateAsync(HttpContext http)
    {
        if (await ReadFormAsync(http) is not { } form)
        {
            await SendAsync(http, StatusCodes.Status400BadRequest, "Make the first account", Form("", "The form did not arrive whole: try again."));
            return;
        }
        await WorkerThread.SwitchAsync(); // a password takes long to hash
        var (name, password) = (form["name"].ToString().Trim(), form["password"].ToString());
        try
        {
            await users.AddFirstAsync(new Actor(name, http.Connection.RemoteIpAddress?.ToString()), name, password, http.RequestAborted);
        }
        catch (AccountException refused)
        {
            await SendAsync(http, refused.Problem == AccountProblem.Taken ? StatusCodes.Status409Conflict : StatusCodes.Status400BadRequest, "Make the first account", Form(name, refused.Message));
            return;
        }
        var (host, user) = (Encode(http.Request.Host.Value ?? ""), Encode(name));
        await SendAsync(http, StatusCodes.Status200OK, $"Welcome, {user}", $"""
            <p>The account is there, and it is an admin's. This page is gone now.</p>
            <pre>podman login {host}
            podman push IMAGE {host}/{user}/IMAGE:TAG</pre>
            <p>What you push below <code>{user}/</code> is private until you say otherwise.</p>
            """);
    }

    // Null when it is none, too large, or holds what no form can.
    static async Task<IFormCollection?> ReadFormAsync(HttpContext http)
    {
        if (!http.Request.HasFormContentType || http.Request.ContentLength is null or > MaxFormBytes)
            return null;
        try
        {
            return await http.Request.ReadFormAsync(http.RequestAborted);
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    static string Form(string name, string? problem) => $"""
        {(problem is null ? "" : $"<p role=\"alert\">{Encode(problem)}</p>")}
        <p>There are no accounts yet. The first one is an admin's: it makes the others.</p>
        <form method="post">
        <label for="name">Name</label>
        <input id="name" name="name" value="{Encode(name)}" required maxlength="{SpaceName.MaxLength}" autocomplete="username" autocapitalize="none" spellcheck="false" autofocus aria-describedby="rule">
        <p id="rule">Also the first part of the names of your images: {SpaceName.Rule}.</p>
        <label for="password">Password</label>
        <input id="password" name="password" type="password" required minlength="{PasswordHash.MinLength}" maxlength="{PasswordHash.MaxLength}" autocomplete="new-password">
        <button>Make the account</button>
        </form>
        """;

    static Task SendAsync(HttpContext http, int status, string title, string content)
    {
        var page = Encoding.UTF8.GetBytes($"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width">
            <meta name="color-scheme" content="light dark">
            <title>{title} - Staithe</title>
            <style>{Style}</style>
            </head>
            <body>
            <main>
            <h1>{title}</h1>
            {content}
            </main>
            </body>
            </html>

            """);
        http.Response.StatusCode = status;
        return WholeBody.SendAsync(http, "text/html; charset=utf-8", page);
    }

    static string Encode(string text) => WebUtility.HtmlEncode(text);

    const string Style = "body{font:1rem/1.5 system-ui,sans-serif;margin:0;padding:1rem}main{max-width:34rem;margin:4vh auto}h1{font-size:1.6rem;line-height:1.2}label{display:block;font-weight:600;margin-top:1rem}input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid #767676;border-radius:.3rem}button{font:inherit;margin-top:1.5rem;padding:.6rem 1.2rem}#rule{font-size:.9rem;margin:.3rem 0}[role=alert]{border-left:.3rem solid #c62828;padding-left:.8rem}pre{overflow-x:auto;padding:.8rem;border:1px solid #767676;border-radius:.3rem}";

    static readonly string StyleDigest = Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)));
}
