using System.Net;
using Staithe.Commands;
using Staithe.Search;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Search;

/// <summary>A search that is not understood is refused with the reason; what people paste is understood.</summary>
public sealed class UnderstoodQueryTests(Registries registries)
{
    [Theory]
    [InlineData("foo:bar", "there is no field foo: the fields are name, space")]
    [InlineData("cve:CVE-2024-1", "there is no field cve")]
    [InlineData("nginx:1.25", "name:nginx tag:1.25")]
    [InlineData("nginx:latest", "name:nginx tag:latest")]
    [InlineData("-foo:bar", "there is no field foo")]
    [InlineData("port:abc", "port:abc is not understood")]
    [InlineData("port:0", "from 1 to 65535")]
    [InlineData("port:65536", "from 1 to 65535")]
    [InlineData("port:80/icmp", "/sctp")]
    [InlineData("port:", "needs a value")]
    [InlineData("updated:yesterday", "d, w, m or y")]
    [InlineData("is:good", "official")]
    [InlineData("digest:xyz", "hexadecimal")]
    [InlineData("package:<3", "write a name")]
    [InlineData("file:/", "write a path")]
    [InlineData("a b c d e f g h i", "at most 8 words")]
    public void What_is_not_understood_is_told(string text, string problem) => Assert.Contains(problem, SearchQuery.Parse(text).Problem, StringComparison.Ordinal);

    [Theory]
    [InlineData("\"foo:bar\"", "foo,bar")]
    [InlineData("\"foo:bar baz\"", "foo,bar,baz")]
    [InlineData("12:30", "12,30")]
    [InlineData("std::vector", "std,vector")]
    [InlineData("\"-word\"", "word")]
    [InlineData("a - b", "a,b")]
    [InlineData("c++ a/b", "c,a,b")]
    public void What_is_words_is_words(string text, string words)
    {
        var query = SearchQuery.Parse(text);
        Assert.Null(query.Problem);
        Assert.Equal(words.Split(','), query.Words);
        Assert.Empty(query.Filters);
    }

    [Theory]
    [InlineData("localhost:5000/team/app:1", "team/app")]
    [InlineData("http://localhost:5000/team/app", "team/app")]
    [InlineData("https://registry.example/r/team/app:1?view=run#x", "team/app")]
    [InlineData("/r/team/app", "team/app")]
    [InlineData("/r/team/app@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "team/app")]
    [InlineData("https://registry.example/f/team/app:1/etc/passwd", "team/app")]
    [InlineData("http://localhost:5000/run/team/app:1/kube.yaml", "team/app")]
    [InlineData("http://localhost:5000/v2/team/app/manifests/1", "team/app")]
    [InlineData("team/app:1", "team/app")]
    [InlineData("registry.example:443/team/app:1@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "team/app")]
    [InlineData("docker.io/library/nginx", "nginx")]
    [InlineData("docker pull localhost:5000/team/app:1", "team/app")]
    [InlineData("podman run -p 8080:80 -e A=b --rm localhost:5000/team/app:1 sh -c x", "team/app")]
    [InlineData("sudo docker pull nginx", "nginx")]
    [InlineData("oci://localhost:5000/team/charts/app", "team/charts/app")]
    [InlineData("[::1]:5000/team/app", "team/app")]
    [InlineData("http://localhost:5000/spaces/team", "space:team")]
    [InlineData("http://registry/r/team/app:1", "team/app")]
    [InlineData("http://registry/spaces/team", "space:team")]
    [InlineData("/r/team%2Fapp:1", "team/app")]
    [InlineData("http://registry/r/team%2fapp%3A1?view=run", "team/app")]
    [InlineData("FROM localhost:5000/team/app:1", "team/app")]
    [InlineData("FROM --platform=$BUILDPLATFORM team/app AS build", "team/app")]
    [InlineData("from localhost:5000/team/app:1 as build", "team/app")]
    [InlineData("image: localhost:5000/team/app:1", "team/app")]
    [InlineData("- image: \"localhost:5000/team/app:1\"", "team/app")]
    [InlineData("\"image\": \"team/app\",", "team/app")]
    [InlineData("Image=localhost:5000/team/app:1", "team/app")]
    [InlineData("\"localhost:5000/team/app:1\"", "team/app")]
    [InlineData("'team/app:1'", "team/app")]
    [InlineData("`localhost:5000/team/app:1`,", "team/app")]
    [InlineData("<https://registry.example/r/team/app>", "team/app")]
    [InlineData("(localhost:5000/team/app:1)", "team/app")]
    [InlineData("$ podman pull localhost:5000/team/app:1", "team/app")]
    [InlineData("# sudo docker run --rm 'localhost:5000/team/app:1'", "team/app")]
    [InlineData("kubectl create deployment web --image=localhost:5000/team/app:1", "team/app")]
    [InlineData("kubectl run web --image team/app", "team/app")]
    [InlineData("kubectl set image deployment/web web=localhost:5000/team/app:1", "team/app")]
    [InlineData("trivy image localhost:5000/team/app:1", "team/app")]
    public void What_is_pasted_is_read(string text, string expected)
    {
        var pasted = PastedName.TryRead(text)!;
        Assert.Equal(expected, pasted.Space.Length > 0 ? $"space:{pasted.Space}" : pasted.Repository);
    }

    [Theory]
    [InlineData("nginx")]
    [InlineData("nginx:1")]
    [InlineData("team/app")]
    [InlineData("port:80")]
    [InlineData("base:team/debian:12")]
    [InlineData("file:/etc/nginx/nginx.conf")]
    [InlineData("docker")]
    [InlineData("a b")]
    [InlineData("\"foo:bar\"")]
    [InlineData("from scratch")]
    [InlineData("image viewer")]
    [InlineData("package:openssl<3.0")]
    [InlineData("label:a=b/c")]
    [InlineData("kubectl apply -f web/web.yaml")]
    [InlineData("$")]
    [InlineData("")]
    public void What_is_typed_is_not_taken_for_it(string text) => Assert.Null(PastedName.TryRead(text));

    [Theory]
    [InlineData("sha256:DIGEST")]
    [InlineData("\"sha256:DIGEST\"")]
    [InlineData("DIGEST")]
    [InlineData(" `DIGEST` ")]
    [InlineData("digest:sha256:DIGEST")]
    public void A_digest_alone_is_looked_for_as_one(string text)
    {
        var digest = new string('a', 32) + new string('7', 32);
        var query = SearchQuery.Parse(text.Replace("DIGEST", digest, StringComparison.Ordinal));
        Assert.Null(query.Problem);
        Assert.Empty(query.Words);
        Assert.Equal(new SearchFilter("digest", $"sha256:{digest}", false, false), Assert.Single(query.Filters));
        Assert.Empty(SearchQuery.Parse(digest[..40]).Filters); // that of a commit, which is a tag
    }

    [Theory, OnBothEngines]
    public async Task Each_face_says_what_it_did_not_understand(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var word = $"u{Guid.NewGuid():N}"[..20];
        await registry.PushImageAsync($"{word}/app", "1");
        await registry.PushImageAsync($"{word}/docker-app", "1");
        await registry.App.DrainAsync(TestContext.Current.CancellationToken);
        await Eventually.IsAsync(2, () => CountAsync(registry, word));
        foreach (var (query, count) in ((string, int)[])
        [
            ($"{word} -docker", 1), ($"{word} -dock", 1), ($"{word} -\"docker app\"", 1), ($"{word} -app", 0), ($"{word} -nothing", 2), ($"{word} \"docker app\"", 1), ($"{word} -port:80", 2),
            ($"{registry.Authority}/{word}/app:1", 1), ($"docker pull {registry.Authority}/{word}/app", 1), ($"http://{registry.Authority}/r/{word}/app:1?view=run", 1), ($"ghcr.io/{word}/app@sha256:{new string('a', 64)}", 1),
            ($"http://{registry.Authority}/spaces/{word}", 2),
        ])
            Assert.True(count == await CountAsync(registry, query), $"{query} should have found {count}");

        using (var refused = await registry.GetAsync("/api/v1/search?q=foo:bar"))
        {
            await refused.ExpectAsync(HttpStatusCode.BadRequest);
            Assert.Contains("there is no field foo", (await refused.JsonAsync()).GetProperty("detail").GetString(), StringComparison.Ordinal);
        }
        using (var feed = await registry.GetAsync("/feeds/search.atom?q=port:abc"))
            await feed.ExpectAsync(HttpStatusCode.BadRequest);
        using (var tolerant = await registry.GetAsync($"/v1/search?q={word}%20foo:bar", ("X-Docker-Token", "x")))
            await tolerant.ExpectAsync(HttpStatusCode.OK); // docker and podman show no reason
        using var browser = new Browser(registry.Url);
        Assert.Contains("This search was not understood: there is no field foo", await browser.ReadAsync("/search?q=foo:bar"), StringComparison.Ordinal);

        using var output = new StringWriter();
        using var error = new StringWriter();
        Assert.NotEqual(0, await StaitheCommand.RunAsync(["find", "port:abc", "--registry", registry.Authority], new Terminal(new Dictionary<string, string>(), output, error, TextReader.Null), TestContext.Current.CancellationToken));
        Assert.Contains("port:abc is not understood", error.ToString(), StringComparison.Ordinal);
    }

    static async Task<int> CountAsync(Registry registry, string query)
    {
        using var answer = await registry.GetAsync($"/api/v1/search?q={Uri.EscapeDataString(query)}");
        await answer.ExpectAsync(HttpStatusCode.OK);
        return (await answer.JsonAsync()).GetProperty("total").GetInt32();
    }
}
