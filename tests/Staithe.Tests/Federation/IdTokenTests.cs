using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Staithe.Federation;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Federation;

/// <summary>Which tokens of an issuer are believed, and which are not.</summary>
public sealed class IdTokenTests : IAsyncLifetime
{
    readonly Clock clock = new();
    OwnIssuer issuer = null!;
    Issuers issuers = null!;
    IdTokens tokens = null!;

    public async ValueTask InitializeAsync()
    {
        issuer = await OwnIssuer.StartAsync();
        issuers = new Issuers([], [issuer.Url], clock);
        tokens = new IdTokens(clock);
    }

    public async ValueTask DisposeAsync()
    {
        issuers.Dispose();
        await issuer.DisposeAsync();
    }

    [Theory]
    [InlineData("RS256")]
    [InlineData("PS256")]
    [InlineData("ES256")]
    public async Task What_the_issuer_signed_is_believed(string algorithm)
    {
        var token = await ReadAsync(issuer.Sign(issuer.Claims("staithe", "alice"), algorithm));
        Assert.Equal((issuer.Url, "alice", "staithe"), (token.Issuer, token.Subject, Assert.Single(token.Audiences)));
        issuer.Keys.ForEach(key => key.Public.Remove("kid"));
        clock.Now += TimeSpan.FromHours(2);
        Assert.Equal("alice", (await ReadAsync(issuer.Sign(Lasting("alice"), algorithm, ("kid", null)))).Subject); // the only key for it
    }

    [Fact]
    public async Task What_it_did_not_sign_is_not()
    {
        var good = issuer.Token("staithe", "alice");
        _ = await ReadAsync(good);
        var parts = good.Split('.');
        var claims = JsonSerializer.Serialize(issuer.Claims("staithe", "mallory"));
        await RefusedAsync("the token's signature is wrong", $"{parts[0]}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}.{parts[2]}");
        await RefusedAsync("the token's signature is wrong", $"{parts[0]}.{parts[1]}.");
        await RefusedAsync("the token's signature is wrong", $"{parts[0]}.{parts[1]}.{Base64Url.EncodeToString(new byte[256])}");
        await RefusedAsync("\"none\"", $"{SigningKey.Unsigned(claims, ("alg", "none"))}.");
        await RefusedAsync("\"None\"", $"{SigningKey.Unsigned(claims, ("alg", "None"))}.");
        await RefusedAsync("\"nothing\"", $"{SigningKey.Unsigned(claims, ("typ", "JWT"))}.");

        // The public key, which everybody has, as the secret of a keyed hash.
        var rsa = issuer.Keys[0];
        foreach (var secret in (byte[][])[((RSA)rsa.Key).ExportSubjectPublicKeyInfo(), Encoding.ASCII.GetBytes(((RSA)rsa.Key).ExportSubjectPublicKeyInfoPem()), Encoding.ASCII.GetBytes((string)rsa.Public["n"]!)])
        {
            var text = SigningKey.Unsigned(claims, ("alg", "HS256"), ("kid", rsa.Id));
            await RefusedAsync("\"HS256\"", $"{text}.{Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(text)))}");
        }

        // Half of a surrogate pair in a name or a text, which is no fault of the program.
        foreach (var hostile in (string[])["{\"\\ud83d\":1}", "{\"alg\":\"\\ud83d\"}", "{\"\\ud83d\":1,\"alg\":\"RS256\"}", "{\"alg\":\"RS256\",\"kid\":\"\\udc00\"}"])
            await RefusedAsync("the token", $"{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(hostile))}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}.AAAA");

        // Keys that are somebody else's, under names that are the issuer's or not; in the header itself too.
        await using var other = await OwnIssuer.StartAsync();
        await RefusedAsync("the issuer has no such key", other.Sign(issuer.Claims("staithe", "mallory")));
        await RefusedAsync("the token's signature is wrong", other.Sign(issuer.Claims("staithe", "mallory"), "RS256", ("kid", rsa.Id)));
        await RefusedAsync("the token's signature is wrong", other.Sign(issuer.Claims("staithe", "mallory"), "RS256", ("kid", rsa.Id), ("jwk", other.Keys[0].Public), ("jku", $"{other.Url}/keys")));
        await RefusedAsync("is not trusted", other.Token("staithe", "mallory"));
        Assert.Empty(other.Asked); // whoever is not trusted is not even asked

        // A key for one algorithm is none for another.
        await RefusedAsync("the issuer has no such key for PS256", issuer.Sign(issuer.Claims("staithe", "alice"), "RS256", ("alg", "PS256")));
        await RefusedAsync("the issuer has no such key for RS256", issuer.Sign(issuer.Claims("staithe", "alice"), "ES256", ("alg", "RS256")));
    }

    [Fact]
    public async Task What_does_not_hold_now_or_says_too_little_is_not()
    {
        var now = clock.Now.ToUnixTimeSeconds();
        _ = await ReadAsync(issuer.Token("staithe", "alice", ("exp", now - 30), ("nbf", now + 30))); // clocks differ a little
        await RefusedAsync("has ended", issuer.Token("staithe", "alice", ("exp", now - 70)));
        await RefusedAsync("from the future", issuer.Token("staithe", "alice", ("nbf", now + 100)));
        await RefusedAsync("from the future", issuer.Token("staithe", "alice", ("iat", now + 100)));
        await RefusedAsync("until when", issuer.Token("staithe", "alice", ("exp", null)));
        await RefusedAsync("exp is no time", issuer.Token("staithe", "alice", ("exp", "tomorrow")));
        await RefusedAsync("exp is no time", issuer.Token("staithe", "alice", ("exp", 1e30)));
        await RefusedAsync("exp is no time", issuer.Token("staithe", "alice", ("exp", -1)));
        await RefusedAsync("whose it is", issuer.Token("staithe", "alice", ("sub", null)));
        await RefusedAsync("whose it is", issuer.Token("staithe", "", ("sub", "")));
        await RefusedAsync("whose it is", issuer.Token("staithe", new string('x', 256)));
        await RefusedAsync("whose it is", issuer.Token("staithe", "alice", ("sub", 7)));
        await RefusedAsync("name its issuer", issuer.Token("staithe", "alice", ("iss", null)));
        await RefusedAsync("is not trusted", issuer.Token("staithe", "alice", ("iss", issuer.Url + "/")));
        await RefusedAsync("what is not known here", issuer.Sign(issuer.Claims("staithe", "alice"), "RS256", ("crit", new[] { "exp" })));
        await RefusedAsync("what is not known here", issuer.Sign(issuer.Claims("staithe", "alice"), "RS256", ("b64", false)));
        await RefusedAsync("another kind", issuer.Sign(issuer.Claims("staithe", "alice"), "RS256", ("typ", "at+jwt")));
        await RefusedAsync("names its key in no way", issuer.Sign(issuer.Claims("staithe", "alice"), "RS256", ("kid", 7)));
        await RefusedAsync("is not JSON", issuer.Keys[0].Sign($$"""{"iss":"{{issuer.Url}}","sub":"alice","sub":"mallory","exp":{{now + 100}}}"""));
        await RefusedAsync("is not a JSON object", issuer.Keys[0].Sign("[]"));
        await RefusedAsync("is not JSON", issuer.Keys[0].Sign("{" + string.Concat(Enumerable.Repeat("\"a\":{", 40)) + "}"));
        await RefusedAsync("this is no token", issuer.Token("staithe", "alice", ("more", new string('x', IdTokens.MaxLength))));
        foreach (var text in (string[])["", "eyJ", "eyJhbGciOiJub25lIn0..", "a.b.c", "eyJ.b.c.d.e.f.g.h.i.j.k.l", "eyJh$$$$$$$$$$$$$$$$$$$$.b.c", string.Join('.', Enumerable.Repeat("eyJhIjoxfQ", 3))])
            await Assert.ThrowsAsync<FederationException>(() => ReadAsync(text));
    }

    [Fact]
    public async Task New_keys_are_found_and_old_ones_forgotten()
    {
        _ = await ReadAsync(issuer.Token("staithe", "alice"));
        var old = issuer.Keys;
        issuer.Keys = [SigningKey.Create("RS256")];
        _ = await ReadAsync(issuer.Token("staithe", "alice"));
        Assert.Equal(2, issuer.Asked.Count(path => path == "/keys"));
        await RefusedAsync("no such key", old[0].Sign(JsonSerializer.Serialize(issuer.Claims("staithe", "alice"))));
    }

    [Fact]
    public async Task Whoever_invents_keys_does_not_get_the_issuer_to_work()
    {
        for (var i = 0; i < 20; i++)
            await RefusedAsync("no such key", issuer.Sign(issuer.Claims("staithe", "alice"), "RS256", ("kid", $"invented-{i}")));
        Assert.Equal(2, issuer.Asked.Count(path => path == "/keys"));
        clock.Now += TimeSpan.FromSeconds(11);
        for (var i = 0; i < 20; i++)
            await RefusedAsync("no such key", issuer.Sign(issuer.Claims("staithe", "alice"), "RS256", ("kid", $"invented-{i}")));
        Assert.Equal(3, issuer.Asked.Count(path => path == "/keys"));
    }

    [Fact]
    public async Task While_the_issuer_is_away_its_keys_are_used_for_a_day()
    {
        _ = await ReadAsync(issuer.Token("staithe", "alice"));
        issuer.Instead["/keys"] = http =>
        {
            http.Response.StatusCode = 503;
            return Task.CompletedTask;
        };
        clock.Now += TimeSpan.FromHours(23);
        _ = await ReadAsync(issuer.Sign(Lasting("alice")));
        clock.Now += TimeSpan.FromHours(2);
        var fault = await RefusedAsync("/keys\" answers 503", issuer.Sign(Lasting("alice")));
        Assert.True(fault.IsOutage);
        var asked = issuer.Asked.Count;
        await RefusedAsync("answers 503", issuer.Sign(Lasting("alice"))); // not asked again at once
        Assert.Equal(asked, issuer.Asked.Count);
        issuer.Instead.Clear();
        clock.Now += TimeSpan.FromSeconds(11);
        _ = await ReadAsync(issuer.Sign(Lasting("alice")));
    }

    [Fact]
    public async Task Weak_and_strange_keys_are_passed_over()
    {
        var (weak, encrypting, good) = (SigningKey.Create("RS256", 1024), SigningKey.Create("RS256"), SigningKey.Create("ES256"));
        encrypting.Public["use"] = "enc";
        var bent = SigningKey.Create("ES256");
        bent.Public["x"] = Base64Url.EncodeToString(new byte[32]);
        issuer.Keys = [weak, encrypting, bent, good];
        issuer.Instead["/keys"] = http => OwnIssuer.JsonAsync(http, new { keys = issuer.Keys.Select(key => (object)key.Public).Append(7).Append(new { kty = "oct", k = "c2VjcmV0" }).Append(new { kty = "RSA" }).Append(new { kty = "OKP", crv = "Ed25519", x = "AA" }) });
        _ = await ReadAsync(good.Sign(JsonSerializer.Serialize(issuer.Claims("staithe", "alice"))));
        foreach (var key in (SigningKey[])[weak, encrypting, bent])
            await RefusedAsync("no such key", key.Sign(JsonSerializer.Serialize(issuer.Claims("staithe", "mallory"))));
    }

    [Fact]
    public void A_token_for_one_client_and_attempt_is_none_for_another()
    {
        Check(null);
        Check("for \"other\"", ("aud", "other"));
        Check("for \"\"", ("aud", null));
        Check(null, ("aud", new[] { "other", "staithe" }), ("azp", "staithe"));
        Check("made for another client", ("aud", new[] { "other", "staithe" }));
        Check("made for another client, \"other\"", ("azp", "other"));
        Check("made for another client", ("azp", 7));
        Check("another attempt", ("nonce", "other"));
        Check("another attempt", ("nonce", null));

        void Check(string? refusal, params (string Name, object? Value)[] change)
        {
            var claims = JsonSerializer.SerializeToElement(issuer.Claims("staithe", "alice", [("nonce", "n"), .. change]));
            var audiences = IdToken.Values(claims, "aud");
            var token = new IdToken(issuer.Url, "alice", audiences, 0, claims);
            if (refusal is null)
                token.CheckIsFor("staithe", "n");
            else
                Assert.Contains(refusal.Replace("\"", "", StringComparison.Ordinal), Assert.Throws<FederationException>(() => token.CheckIsFor("staithe", "n")).Message.Replace("\"", "", StringComparison.Ordinal), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("a", "a", true)]
    [InlineData("a", "ab", false)]
    [InlineData("a", "A", false)]
    [InlineData("*", "", true)]
    [InlineData("refs/heads/*", "refs/heads/feature/x", true)]
    [InlineData("refs/heads/*", "refs/tags/heads/x", false)]
    [InlineData("refs/*/v*", "refs/tags/v1", true)]
    [InlineData("*/app", "team/app", true)]
    [InlineData("*/app", "team/apple", false)]
    [InlineData("a*a", "a", false)]
    [InlineData("a*b*c", "abc", true)]
    [InlineData("a*b*c", "acb", false)]
    [InlineData("ab*bc", "abc", false)]
    [InlineData("a?c", "abc", false)]
    [InlineData("a.c", "abc", false)]
    [InlineData("**", "x", true)]
    public void A_star_stands_for_anything(string pattern, string value, bool like) => Assert.Equal(like, ClaimRules.IsLike(pattern, value));

    Dictionary<string, object?> Lasting(string subject)
    {
        var now = clock.Now.ToUnixTimeSeconds();
        return issuer.Claims("staithe", subject, ("iat", now), ("exp", now + 300));
    }

    Task<IdToken> ReadAsync(string text) => tokens.ReadAsync(text, issuers.Find, TestContext.Current.CancellationToken);

    async Task<FederationException> RefusedAsync(string why, string text)
    {
        var fault = await Assert.ThrowsAsync<FederationException>(() => ReadAsync(text));
        Assert.Contains(why.Replace("\"", "", StringComparison.Ordinal), fault.Message.Replace("\"", "", StringComparison.Ordinal), StringComparison.Ordinal);
        return fault;
    }
}
