using System.Net;
using System.Text.Json;
using Staithe.Database;
using Staithe.Tests.Api;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Sharing;

/// <summary>A share link, as whoever made it got it.</summary>
internal sealed record Shared(long Id, string Secret, string Name, string? Tag)
{
    /// <summary>Where clients ask for what it is for.</summary>
    public string Path => $"/v2/{Name}";

    public static async Task<Shared> MakeAsync(ApiClient maker, string repository, string? tag = null, int days = 1, int? pulls = null)
    {
        var made = await maker.PostAsync($"/spaces/{repository.Split('/')[0]}/links", new { repository, tag, expiresInDays = days, maxPulls = pulls });
        var url = new Uri(made.GetProperty("url").GetString()!);
        var secret = url.AbsolutePath["/s/".Length..];
        Assert.Matches("^[a-z2-7]{32}$", secret);
        var name = $"s/{secret}/{repository.Split('/')[^1]}";
        Assert.Equal($"{url.Authority}/{name}{(tag is null ? "" : $":{tag}")}", made.GetProperty("image").GetString());
        return new Shared(made.GetProperty("id").GetInt64(), secret, name, tag);
    }

    /// <summary>What the list of the space tells of it.</summary>
    public async Task<JsonElement> FindAsync(ApiClient manager, string space) =>
        (await manager.GetAsync($"/spaces/{space}/links")).GetProperty("items").EnumerateArray().Single(link => link.GetProperty("id").GetInt64() == Id);

    /// <summary>Sends a request below its name, as nobody.</summary>
    public Task<HttpResponseMessage> SendAsync(Registry registry, HttpMethod method, string path, params (string Name, string Value)[] headers) => registry.SendAsync(method, $"{Path}/{path}", null, null, headers);

    /// <summary>The status of a GET below its name, as nobody.</summary>
    public async Task<HttpStatusCode> GetAsync(Registry registry, string path)
    {
        using var response = await SendAsync(registry, HttpMethod.Get, path);
        return response.StatusCode;
    }

    /// <summary>Fails unless the link is answered as one that never was.</summary>
    public async Task ExpectEndedAsync(Registry registry, string path)
    {
        using var response = await SendAsync(registry, HttpMethod.Get, path);
        await response.ExpectErrorAsync(HttpStatusCode.NotFound, "NAME_UNKNOWN");
        using var never = await registry.GetAsync($"/v2/s/{Staithe.Accounts.Secret.CreateForPath()}/app/{path}");
        Assert.Equal(await never.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    /// <summary>Changes rows as time does, so that nobody is told.</summary>
    public Task ChangeAsync(Registry registry, string assignment) =>
        registry.App.Database.WriteAsync(session => session.ExecuteAsync(new Sql($"update share_links set {assignment} where id = $1"), Id), TestContext.Current.CancellationToken);
}
