using System.Net;
using Staithe.Accounts;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Access;

/// <summary>A challenge asks for every scope that the request needs, so that the token which it leads to is enough.</summary>
public sealed class ChallengeTests(ClosedRegistries registries)
{
    const string Some = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    [Theory, OnBothEngines]
    public async Task Each_request_is_told_all_that_it_needs(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var nobody = closed.Registry.As(null);
        foreach (var (method, path, scope) in new[]
        {
            ("GET", "/v2/a/x/manifests/1", "repository:a/x:pull"),
            ("HEAD", $"/v2/a/x/blobs/{Some}", "repository:a/x:pull"),
            ("GET", "/v2/a/x/tags/list", "repository:a/x:pull"),
            ("GET", $"/v2/a/x/referrers/{Some}", "repository:a/x:pull"),
            ("PUT", "/v2/a/x/manifests/1", "repository:a/x:pull,push"),
            ("DELETE", "/v2/a/x/manifests/1", "repository:a/x:delete"),
            ("DELETE", $"/v2/a/x/blobs/{Some}", "repository:a/x:delete"),
            ("POST", "/v2/a/x/blobs/uploads/", "repository:a/x:pull,push"),
            ("PATCH", "/v2/a/x/blobs/uploads/7d5f9f0e-2b1c-4c55-9c0a-0123456789ab", "repository:a/x:pull,push"),
            ("DELETE", "/v2/a/x/blobs/uploads/7d5f9f0e-2b1c-4c55-9c0a-0123456789ab", "repository:a/x:pull,push"),
            ("POST", $"/v2/a/x/blobs/uploads/?mount={Some}&from=b/y", "repository:a/x:pull,push repository:b/y:pull"),
            ("POST", $"/v2/a/x/blobs/uploads?from=b/y&mount={Some}", "repository:a/x:pull,push repository:b/y:pull"),
            ("POST", $"/v2/a/x/blobs/uploads/?mount={Some}&from=a/x", "repository:a/x:pull,push"),
            ("POST", $"/v2/a/x/blobs/uploads/?mount={Some}", "repository:a/x:pull,push"),
            ("POST", $"/v2/a/x/blobs/uploads/?mount={Some}&from=no%22name", "repository:a/x:pull,push"),
            ("POST", "/v2/a/x/blobs/uploads/?mount=none&from=b/y", "repository:a/x:pull,push"),
            ("GET", "/v2/_catalog", "registry:catalog:*"),
            ("GET", "/v2/", null),
        })
        {
            using var response = await nobody.SendAsync(new HttpMethod(method), path, method is "POST" or "PUT" or "PATCH" ? [] : null);
            await response.ExpectAsync(HttpStatusCode.Unauthorized);
            var expected = scope is null ? "" : $",scope=\"{scope}\"";
            Assert.Equal($"Bearer realm=\"{closed.Registry.Url.GetLeftPart(UriPartial.Authority)}/v2/auth\",service=\"{closed.Registry.Authority}\"{expected}", response.Header("WWW-Authenticate"));
        }
    }

    [Theory, OnBothEngines]
    public async Task The_token_that_a_challenge_leads_to_mounts(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var user = await closed.AddTokenAsync(await closed.AddUserAsync());
        var (source, target) = ($"{user.Name}/repo1", $"{user.Name}/repo2");
        var digest = await closed.As(user).PushBlobAsync(source, Guid.NewGuid().ToByteArray());
        var path = $"/v2/{target}/blobs/uploads/?mount={digest}&from={source}";
        using var challenged = await closed.Registry.As(null).SendAsync(HttpMethod.Post, path, []);
        var header = challenged.Header("WWW-Authenticate")!;
        var scope = header[(header.IndexOf("scope=\"", StringComparison.Ordinal) + 7)..].TrimEnd('"');
        using var mounted = await (await closed.WithTokenAsync(user, scope)).SendAsync(HttpMethod.Post, path, []);
        await mounted.ExpectAsync(HttpStatusCode.Created);
    }
}
