using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Api;

/// <summary>The document against the server, and what holds for every operation.</summary>
public sealed partial class OpenApiTests
{
    [Fact]
    public async Task Every_operation_of_the_document_is_there_and_asks_who_it_is()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "root");
        var operations = Operations(server.Document).ToList();
        Assert.True(operations.Count > 58, "operations are missing");
        Assert.Equal(operations.Count, operations.Select(operation => operation.Description.GetProperty("operationId").GetString()).Distinct().Count());
        foreach (var (method, path, description) in operations.Where(operation => operation.Path != "/openapi.json"))
        {
            var url = InBraces().Replace(path, "1") + Query(description);
            if (!description.TryGetProperty("security", out _)) // else it answers strangers too, by what is public
                await server.AsNobody().RefusedAsync(HttpStatusCode.Unauthorized, method, url);

            using var request = new HttpRequestMessage(method, $"/api/v1{url}");
            request.Headers.Add("Authorization", $"Basic {Convert.ToBase64String("root:root-has-this"u8)}");
            if (description.TryGetProperty("requestBody", out _))
                request.Content = new StringContent("""{"surely":"not"}""", null, "application/json");
            using var response = await server.Registry.Http.SendAsync(request, TestContext.Current.CancellationToken);
            server.Check(method, url, response.StatusCode);
            var answer = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.DoesNotContain("no such operation", answer, StringComparison.Ordinal);
            if (request.Content is not null)
                Assert.Contains("there is no member \\\"surely\\\"", answer, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Every_reference_of_the_document_leads_somewhere()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite);
        Assert.Equal("3.1.0", server.Document.GetProperty("openapi").GetString());
        var schemas = server.Document.GetProperty("components").GetProperty("schemas");
        var references = Reference().Matches(server.Document.GetRawText()).Select(match => match.Groups["to"].Value).ToHashSet();
        Assert.All(references, reference => Assert.StartsWith("#/components/schemas/", reference, StringComparison.Ordinal));
        Assert.Equal(schemas.EnumerateObject().Select(schema => schema.Name).Order(), references.Select(reference => reference[21..]).Order());
        Assert.All(schemas.EnumerateObject(), schema => Assert.True(schema.Value.TryGetProperty("properties", out _), schema.Name));
        var grant = schemas.GetProperty("NewGrant");
        Assert.Equal(["target", "rights"], grant.GetProperty("required").EnumerateArray().Select(name => name.GetString()));
        Assert.Contains("exactly one of", grant.GetProperty("properties").GetProperty("user").GetProperty("description").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_no_operation_is_refused_with_what_there_is()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "bob");
        using var unknown = await server.Registry.GetAsync("/api/v1/nothing");
        await unknown.ExpectAsync(HttpStatusCode.NotFound);
        using var control = await server.Registry.GetAsync("/api/v1/spaces/a%01b");
        await control.ExpectAsync(HttpStatusCode.NotFound);
        using var method = await server.Registry.SendAsync(HttpMethod.Put, "/api/v1/me", []);
        await method.ExpectAsync(HttpStatusCode.MethodNotAllowed);
        Assert.Equal("GET, HEAD", string.Join(", ", method.Content.Headers.Allow));
        using var head = await server.Registry.HeadAsync("/api/v1/openapi.json");
        await head.ExpectAsync(HttpStatusCode.OK);
        Assert.True(head.Content.Headers.ContentLength > 10_000);
        Assert.Contains("there is no parameter \"repo\"", await server.As("bob").RefusedAsync(HttpStatusCode.BadRequest, "/repository?repo=x"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "JSON object")]
    [InlineData("[]", "JSON object")]
    [InlineData("""{"name":"x","colour":1}""", "no member \"colour\"")]
    [InlineData("""{"name":"x","name":"y"}""", "name is there twice")]
    [InlineData("""{"visibility":"private"}""", "name is missing")]
    [InlineData("""{"name":1}""", "name is not of the type")]
    [InlineData("""{"name":null}""", "name is not of the type")]
    [InlineData("""{"name":"a\u0000b"}""", "control character")]
    [InlineData("""{"name":"\ud800"}""", "not text in UTF-8")]
    [InlineData("""{"name":"x"} x""", "not JSON")]
    [InlineData("""{"name":"x","visibility":"secret"}""", "private, internal or public")]
    public async Task A_body_that_is_wrong_is_refused_with_the_member(string body, string says)
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "bob");
        Assert.Contains(says, await server.As("bob").RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Post, "/organizations", body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_that_is_large_or_no_JSON_is_refused()
    {
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, "bob");
        var large = await server.As("bob").RefusedAsync(HttpStatusCode.RequestEntityTooLarge, HttpMethod.Post, "/organizations", new { name = new string('x', 70_000) });
        Assert.Contains("has 70011 bytes, at most 65536", large, StringComparison.Ordinal);
        using var form = await server.Registry.SendAsync(HttpMethod.Post, "/api/v1/organizations", "name=x"u8.ToArray(), "application/x-www-form-urlencoded", ("Authorization", $"Basic {Convert.ToBase64String("bob:bob-has-this"u8)}"));
        await form.ExpectAsync(HttpStatusCode.UnsupportedMediaType);
    }

    [Fact]
    public async Task An_open_registry_has_no_API()
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite);
        using var response = await registry.GetAsync("/api/v1/me");
        await response.ExpectAsync(HttpStatusCode.NotFound);
        Assert.Contains("open", (await response.JsonAsync()).GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    static IEnumerable<(HttpMethod Method, string Path, JsonElement Description)> Operations(JsonElement document) =>
        document.GetProperty("paths").EnumerateObject().SelectMany(path => path.Value.EnumerateObject().Select(method => (HttpMethod.Parse(method.Name), path.Name, method.Value)));

    static string Query(JsonElement description)
    {
        var required = description.GetProperty("parameters").EnumerateArray().Where(parameter => parameter.GetProperty("in").GetString() == "query" && parameter.GetProperty("required").GetBoolean());
        return $"?{string.Join('&', required.Select(parameter => parameter.GetProperty("name").GetString()).Select(name => $"{name}=some/thing{(name is "image" or "from" or "to" ? ":1" : "")}"))}";
    }

    [GeneratedRegex(@"\{\w+\}")]
    private static partial Regex InBraces();

    [GeneratedRegex("""
        "\$ref": ?"(?<to>[^"]+)"
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Reference();
}
