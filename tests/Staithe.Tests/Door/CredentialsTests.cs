using System.Text;
using Microsoft.AspNetCore.Http;
using Staithe.Accounts;
using Staithe.Door;

namespace Staithe.Tests.Door;

/// <summary>What a request shows is read in one way, and each place takes only the ways that it says.</summary>
public sealed class CredentialsTests
{
    const Accepts Api = Accepts.Basic | Accepts.PersonalToken;
    const Accepts Page = Accepts.Nobody | Accepts.Session;

    static readonly string Personal = Secret.Create(Secret.Personal);

    [Theory]
    [InlineData("Basic", "alice:pass:word", "Basic alice/pass:word")]
    [InlineData("bAsIc  ", ":", "Basic /")]
    [InlineData("Basic", "no colon", "Unreadable")]
    [InlineData("Basic", "a\nb:c", "Unreadable")]
    public void A_name_and_a_secret_are_read_as_RFC_7617_writes_them(string scheme, string text, string expected)
    {
        var header = $"{scheme} {Convert.ToBase64String(Encoding.UTF8.GetBytes(text))}";
        Assert.All((Accepts[])[Accepts.Client, Accepts.Reader, Api], accepts => Assert.Equal(expected, Show(Read(accepts, [header]))));
    }

    [Theory]
    [InlineData("Basic !!!")]
    [InlineData("Digest username=\"alice\"")]
    [InlineData("")]
    public void What_cannot_be_read_is_nobody_nowhere(string header) =>
        Assert.All((Accepts[])[Accepts.Client, Accepts.Reader, Api, Accepts.Nobody | Accepts.Basic], accepts => Assert.IsType<Credentials.Unreadable>(Read(accepts, [header])));

    [Fact]
    public void A_bearer_token_is_what_the_place_takes()
    {
        Assert.Equal("RegistryToken a.b.c", Show(Read(Accepts.Client, ["Bearer  a.b.c "])));
        Assert.Equal($"RegistryToken {Personal}", Show(Read(Accepts.Client, [$"bearer {Personal}"])));
        Assert.Equal($"PersonalToken {Personal}", Show(Read(Api, [$"Bearer {Personal}"])));
        Assert.Equal($"PersonalToken {Personal}", Show(Read(Accepts.Client | Accepts.PersonalToken, [$"Bearer {Personal}"])));
        Assert.Equal("Unreadable", Show(Read(Api, ["Bearer a.b.c"])));
        Assert.Equal("Unreadable", Show(Read(Accepts.Nobody | Accepts.Basic, ["Bearer a.b.c"])));
    }

    [Fact]
    public void A_session_counts_where_it_is_taken_and_no_header_says_otherwise()
    {
        Assert.Equal("Session stw_x", Show(Read(Page, [], "stw_x")));
        Assert.Equal("Session stw_x", Show(Read(Page, ["Bearer a.b.c"], "stw_x"))); // pages take no header
        Assert.Equal("Session stw_x", Show(Read(Accepts.Reader, [], "stw_x")));
        Assert.Equal("RegistryToken a.b.c", Show(Read(Accepts.Reader, ["Bearer a.b.c"], "stw_x")));
        Assert.Equal("Nothing", Show(Read(Accepts.Client, [], "stw_x")));
        Assert.Equal("Nothing", Show(Read(Page, [])));
    }

    [Fact]
    public void Two_headers_are_none() => Assert.IsType<Credentials.Unreadable>(Read(Accepts.Reader, ["Bearer a.b.c", "Bearer a.b.c"]));

    static Credentials Read(Accepts accepts, string[] headers, string? session = null)
    {
        var http = new DefaultHttpContext();
        if (headers.Length > 0)
            http.Request.Headers.Authorization = headers;
        if (session is not null)
            http.Request.Headers.Cookie = $"staithe-session={session}";
        return Credentials.Read(http, accepts);
    }

    static string Show(Credentials credentials) => credentials switch
    {
        Credentials.Basic(var name, var secret) => $"Basic {name}/{secret}",
        Credentials.RegistryToken(var text) => $"RegistryToken {text}",
        Credentials.PersonalToken(var secret) => $"PersonalToken {secret}",
        Credentials.Session(var secret) => $"Session {secret}",
        Credentials.Unreadable => "Unreadable",
        _ => "Nothing",
    };
}
