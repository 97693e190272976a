using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Staithe.Tests.Federation;

/// <summary>
/// An issuer on the loopback address that says whatever a test wants it to say, right or wrong. Its keys are real, and so are its signatures; a real
/// issuer would make none of the wrong tokens.
/// </summary>
internal sealed class OwnIssuer : IAsyncDisposable
{
    readonly WebApplication web;

    OwnIssuer(WebApplication web) => this.web = web;

    public string Url { get; private set; } = "";

    public List<SigningKey> Keys { get; set; } = [SigningKey.Create("RS256"), SigningKey.Create("PS256"), SigningKey.Create("ES256")];

    /// <summary>What it says of itself; a test may change it.</summary>
    public Dictionary<string, object?> Metadata { get; private set; } = [];

    /// <summary>Answers for a path instead of what belongs there.</summary>
    public ConcurrentDictionary<string, Func<HttpContext, Task>> Instead { get; } = new();

    /// <summary>What it answers to a code: the form that came, to the members of the answer.</summary>
    public Func<IFormCollection, Dictionary<string, object?>> Redeem { get; set; } = _ => new() { ["error"] = "invalid_grant" };

    /// <summary>What it tells of whoever has an access token.</summary>
    public Dictionary<string, object?> Person { get; set; } = [];

    /// <summary>The paths that were asked for.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    /// <summary>The form of the last code.</summary>
    public Dictionary<string, string> LastForm { get; private set; } = [];

    /// <summary>The <c>Authorization</c> that came with it.</summary>
    public string LastAuthorization { get; private set; } = "";

    public static async Task<OwnIssuer> StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var web = builder.Build();
        var issuer = new OwnIssuer(web);
        web.Run(issuer.AnswerAsync);
        await web.StartAsync();
        issuer.Url = web.Urls.Single();
        issuer.Metadata = new()
        {
            ["issuer"] = issuer.Url,
            ["authorization_endpoint"] = $"{issuer.Url}/authorize",
            ["token_endpoint"] = $"{issuer.Url}/token",
            ["userinfo_endpoint"] = $"{issuer.Url}/userinfo",
            ["jwks_uri"] = $"{issuer.Url}/keys",
        };
        return issuer;
    }

    /// <summary>The claims of a good token.</summary>
    public Dictionary<string, object?> Claims(string audience, string subject, params (string Name, object? Value)[] more)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var claims = new Dictionary<string, object?> { ["iss"] = Url, ["aud"] = audience, ["sub"] = subject, ["iat"] = now, ["exp"] = now + 300 };
        foreach (var (name, value) in more)
        {
            if (value is null)
                claims.Remove(name);
            else
                claims[name] = value;
        }
        return claims;
    }

    /// <summary>A token.</summary>
    public string Sign(Dictionary<string, object?> claims, string algorithm = "RS256", params (string Name, object? Value)[] header) =>
        Keys.First(key => key.Algorithm == algorithm).Sign(JsonSerializer.Serialize(claims), header);

    /// <summary>A good token with some claims changed, added or, with null, left out.</summary>
    public string Token(string audience, string subject, params (string Name, object? Value)[] more) => Sign(Claims(audience, subject, more));

    public ValueTask DisposeAsync() => web.DisposeAsync();

    public static Task JsonAsync(HttpContext http, object? body) => TextAsync(http, JsonSerializer.Serialize(body));

    public static Task TextAsync(HttpContext http, string body)
    {
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(body);
    }

    async Task AnswerAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!;
        Asked.Enqueue(path);
        if (Instead.TryGetValue(path, out var instead))
        {
            await instead(http);
            return;
        }
        switch (path)
        {
            case "/.well-known/openid-configuration":
                await JsonAsync(http, Metadata);
                break;
            case "/keys":
                await JsonAsync(http, new { keys = Keys.Select(key => key.Public) });
                break;
            case "/token":
                var form = await http.Request.ReadFormAsync();
                LastForm = form.ToDictionary(field => field.Key, field => field.Value.ToString());
                LastAuthorization = http.Request.Headers.Authorization.ToString();
                var answer = Redeem(form);
                if (answer.ContainsKey("error"))
                    http.Response.StatusCode = StatusCodes.Status400BadRequest;
                await JsonAsync(http, answer);
                break;
            case "/userinfo" when http.Request.Headers.Authorization == "Bearer of-a-person":
                await JsonAsync(http, Person);
                break;
            default:
                http.Response.StatusCode = StatusCodes.Status404NotFound;
                break;
        }
    }
}

/// <summary>A key with which tokens are signed, and what the world may know of it.</summary>
internal sealed record SigningKey(string Algorithm, string Id, object Key, Dictionary<string, object?> Public)
{
    public static SigningKey Create(string algorithm, int bits = 2048)
    {
        var id = Guid.NewGuid().ToString("N");
        if (algorithm == "ES256")
        {
            var curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var point = curve.ExportParameters(false).Q;
            return new SigningKey(algorithm, id, curve, new() { ["kty"] = "EC", ["crv"] = "P-256", ["kid"] = id, ["x"] = Base64Url.EncodeToString(point.X), ["y"] = Base64Url.EncodeToString(point.Y) });
        }
        var rsa = RSA.Create(bits);
        var parameters = rsa.ExportParameters(false);
        return new SigningKey(algorithm, id, rsa, new()
        {
            ["kty"] = "RSA", ["alg"] = algorithm, ["use"] = "sig", ["kid"] = id, ["n"] = Base64Url.EncodeToString(parameters.Modulus), ["e"] = Base64Url.EncodeToString(parameters.Exponent),
        });
    }

    public string Sign(string payload, params (string Name, object? Value)[] header)
    {
        var text = Unsigned(payload, [("alg", Algorithm), ("kid", Id), ("typ", "JWT"), .. header]);
        var bytes = Encoding.ASCII.GetBytes(text);
        var signature = Key is ECDsa curve
            ? curve.SignData(bytes, HashAlgorithmName.SHA256)
            : ((RSA)Key).SignData(bytes, HashAlgorithmName.SHA256, Algorithm == "PS256" ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1);
        return $"{text}.{Base64Url.EncodeToString(signature)}";
    }

    /// <summary>The first two parts of a token.</summary>
    public static string Unsigned(string payload, params (string Name, object? Value)[] header)
    {
        var members = new Dictionary<string, object?>();
        foreach (var (name, value) in header)
            members[name] = value;
        foreach (var absent in members.Where(member => member.Value is null).Select(member => member.Key).ToList())
            members.Remove(absent);
        return $"{Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(members))}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload))}";
    }
}
