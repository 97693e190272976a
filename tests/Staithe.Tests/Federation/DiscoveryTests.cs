using Microsoft.AspNetCore.Http;
using Staithe.Federation;

namespace Staithe.Tests.Federation;

/// <summary>What an issuer may say of itself, and that nobody is led elsewhere by it.</summary>
public sealed class DiscoveryTests
{
    const string Place = "/.well-known/openid-configuration";

    [Theory]
    [InlineData("issuer", "https://other.example", "calls itself https://other.example")]
    [InlineData("issuer", null, "calls itself nothing")]
    [InlineData("jwks_uri", null, "does not say where its keys are")]
    [InlineData("jwks_uri", "http://169.254.169.254/latest/meta-data", "an address that is not followed")]
    [InlineData("jwks_uri", "https://169.254.169.254/latest/meta-data", "an address that is not followed")]
    [InlineData("jwks_uri", "https://[fd00::1]/keys", "an address that is not followed")]
    [InlineData("jwks_uri", "http://keys.example/", "an address that is not followed")]
    [InlineData("jwks_uri", "file:///etc/passwd", "an address that is not followed")]
    [InlineData("jwks_uri", "/keys", "an address that is not followed")]
    [InlineData("jwks_uri", "https://user:password@keys.example/", "an address that is not followed")]
    [InlineData("token_endpoint", "http://10.0.0.1/token", "an address that is not followed")]
    [InlineData("authorization_endpoint", "javascript:alert(1)", "an address that is not followed")]
    [InlineData("authorization_endpoint", "http://169.254.169.254/", "an address that is not followed")]
    [InlineData("userinfo_endpoint", "gopher://127.0.0.1:6379/", "an address that is not followed")]
    public async Task It_leads_nowhere_else(string member, string? value, string refusal)
    {
        await using var issuer = await OwnIssuer.StartAsync();
        issuer.Metadata[member] = value;
        await RefusedAsync(issuer, refusal);
        Assert.Equal([Place], issuer.Asked);
    }

    [Theory]
    [InlineData("https://login.example", "http://login.example/keys", false)]
    [InlineData("https://login.example", "http://127.0.0.1/keys", false)]
    [InlineData("https://login.example", "https://127.0.0.1/keys", false)]
    [InlineData("https://login.example", "https://localhost/keys", false)]
    [InlineData("https://login.example", "https://2130706433/keys", false)]
    [InlineData("https://login.example", "https://10.1.2.3/keys", false)]
    [InlineData("https://login.example", "https://keys.example/keys", true)]
    [InlineData("https://10.1.2.3", "https://10.1.2.3:8443/keys", true)]
    [InlineData("https://10.1.2.3", "https://10.1.2.4/keys", false)]
    [InlineData("http://localhost:9000", "http://127.0.0.1:9000/keys", true)]
    [InlineData("http://localhost:9000", "http://login.example/keys", false)]
    [InlineData("http://localhost:9000", "https://keys.example/keys", true)]
    public void Which_addresses_are_followed(string issuer, string keys, bool followed)
    {
        var json = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new { issuer, jwks_uri = keys });
        if (followed)
            Assert.Equal(new Uri(keys), IssuerMetadata.Read(issuer, json).Keys);
        else
            Assert.Contains("not followed", Assert.Throws<FederationException>(() => IssuerMetadata.Read(issuer, json)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Place)]
    [InlineData("/keys")]
    public async Task A_redirect_is_not_followed(string path)
    {
        await using var issuer = await OwnIssuer.StartAsync();
        await using var other = await OwnIssuer.StartAsync();
        other.Metadata["issuer"] = issuer.Url;
        issuer.Instead[path] = http =>
        {
            http.Response.Redirect($"{other.Url}{path}");
            return Task.CompletedTask;
        };
        await RefusedAsync(issuer, "answers 302");
        Assert.Empty(other.Asked);
    }

    [Theory]
    [InlineData(Place)]
    [InlineData("/keys")]
    public async Task What_is_too_large_is_not_read(string path)
    {
        await using var issuer = await OwnIssuer.StartAsync();
        var cut = new TaskCompletionSource();
        issuer.Instead[path] = async http =>
        {
            var piece = new byte[64 * 1024];
            piece.AsSpan().Fill((byte)' ');
            try
            {
                while (!http.RequestAborted.IsCancellationRequested)
                    await http.Response.Body.WriteAsync(piece, http.RequestAborted);
            }
            finally
            {
                cut.TrySetResult();
            }
        };
        await RefusedAsync(issuer, "more than 262144 bytes"); // or it would read for ever
        await cut.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    [Theory]
    [InlineData(Place, "<html>", "is not JSON")]
    [InlineData(Place, "[]", "is not a JSON object")]
    [InlineData(Place, "", "is not JSON")]
    [InlineData("/keys", "{}", "holds none")]
    [InlineData("/keys", """{"keys":{}}""", "holds none")]
    [InlineData("/keys", """{"keys":[],"keys":[]}""", "is not JSON")]
    public async Task What_is_not_what_it_should_be_is_no_answer(string path, string text, string refusal)
    {
        await using var issuer = await OwnIssuer.StartAsync();
        issuer.Instead[path] = http => OwnIssuer.TextAsync(http, text);
        await RefusedAsync(issuer, refusal);
    }

    [Fact, Trait("Kind", "slow")]
    public async Task Who_does_not_answer_is_not_waited_for()
    {
        await using var issuer = await OwnIssuer.StartAsync();
        var over = new TaskCompletionSource();
        issuer.Instead[Place] = async http =>
        {
            await http.Response.Body.WriteAsync("{"u8.ToArray());
            await http.Response.Body.FlushAsync();
            await over.Task;
        };
        await RefusedAsync(issuer, "does not answer within 10 seconds");
        over.SetResult();
    }

    static async Task RefusedAsync(OwnIssuer own, string refusal)
    {
        using var issuers = new Issuers([], [own.Url], TimeProvider.System);
        var fault = await Assert.ThrowsAsync<FederationException>(() => issuers.Find(own.Url)!.FindKeyAsync("RS256", "any", TestContext.Current.CancellationToken));
        Assert.Contains(refusal, fault.Message.Replace("\"", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.True(fault.IsOutage);
    }
}
