using System.Net;
using System.Text;
using Microsoft.Playwright;
using Staithe.Database;
using Staithe.Tests.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Browsing;

/// <summary>What anybody may push, opened in a real browser under the address of the registry: nothing of it runs, whatever it calls itself.</summary>
[Trait("Kind", "client")]
public sealed class PushedContentTests(Chromium chromium, Registries registries) : IClassFixture<Chromium>
{
    const string Script = "window.ran = true; fetch('/ran')";

    static readonly string Html = $"<html><body onload=\"{Script}\"><script>{Script}</script><img src=x onerror=\"{Script}\"><form action='/ran' method=post><button autofocus>x</button></form></body></html>";
    static readonly string Svg = $"<svg xmlns='http://www.w3.org/2000/svg' onload=\"{Script}\"><script>{Script}</script></svg>";
    static readonly string Xhtml = $"<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><body onload=\"{Script}\"><script>{Script}</script></body></html>";

    static readonly string Styled = "<?xml version='1.0'?><?xml-stylesheet type='text/xsl' href='data:text/xml,"
        + $"<xsl:stylesheet version=\"1.0\" xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\"><xsl:template match=\"/\"><script xmlns=\"http://www.w3.org/1999/xhtml\">{Script.Replace("'", "%27", StringComparison.Ordinal)}</script></xsl:template></xsl:stylesheet>'?><x/>";

    static readonly (string MediaType, string Content)[] Documents = [("text/html", Html), ("image/svg+xml", Svg), ("application/xhtml+xml", Xhtml), ("text/xml", Styled)];

    [Theory, OnBothEngines]
    public async Task A_manifest_a_blob_and_a_file_run_nothing(Engine engine)
    {
        var registry = await registries.GetAsync(engine);
        var name = Registry.NewRepository("pushed");
        var paths = new List<string>();
        foreach (var (mediaType, content) in Documents)
        {
            var tag = $"t{paths.Count}";
            paths.Add($"/v2/{name}/manifests/{await PushAsManifestAsync(registry, name, tag, mediaType, content)}");
            paths.Add($"/v2/{name}/manifests/{tag}");
            paths.Add($"/v2/{name}/blobs/{await registry.PushBlobAsync(name, Encoding.UTF8.GetBytes(content))}");
        }
        await registry.PushLayersAsync(name, "files", new TarBytes().File("page.html", Html).File("picture.svg", Svg).File("page.xhtml", Xhtml).File("page.xml", Styled).End());
        await registry.LookAsync();
        paths.AddRange(((string[])["page.html", "picture.svg", "page.xhtml", "page.xml"]).Select(file => $"/f/{name}:files/{file}"));

        await using var context = await chromium.OpenAsync(registry.Url, hasScript: true);
        foreach (var path in paths)
            Assert.Equal((path, false), (path, await RunsAsync(context, path)));
    }

    // The check must be able to see a script run.
    [Fact]
    public async Task Without_the_headers_each_of_them_would_run()
    {
        var registry = await registries.GetAsync(Engine.Sqlite);
        await using var context = await chromium.OpenAsync(registry.Url, hasScript: true);
        foreach (var (mediaType, content) in Documents.SkipLast(1)) // browsers differ about style sheets of XML
        {
            await context.RouteAsync("**/open", route => route.FulfillAsync(new() { ContentType = mediaType, Body = content }));
            Assert.Equal((mediaType, true), (mediaType, await RunsAsync(context, "/open")));
            await context.UnrouteAsync("**/open");
        }
    }

    // Nor is it a script, a style or a frame of a page elsewhere.
    [Fact]
    public async Task Nothing_of_it_can_be_part_of_another_page()
    {
        var registry = await registries.GetAsync(Engine.Sqlite);
        var name = Registry.NewRepository("pushed");
        var digest = await PushAsManifestAsync(registry, name, "1", "text/javascript", Script);
        await using var context = await chromium.OpenAsync(registry.Url, hasScript: true);
        var at = $"{registry.Url.OriginalString}/v2/{name}/manifests/{digest}";
        await context.RouteAsync("http://elsewhere.example/**", route => route.FulfillAsync(new()
        {
            ContentType = "text/html",
            Body = $"<script src='{at}'></script><iframe src='{at}'></iframe><iframe src='{registry.Url.OriginalString}/'></iframe>",
        }));
        Assert.False(await RunsAsync(context, "http://elsewhere.example/"));
    }

    // A manifest that was pushed as what it is, and got the type in the database: what a push refuses today may have been pushed before.
    static async Task<string> PushAsManifestAsync(Registry registry, string name, string tag, string mediaType, string content)
    {
        var manifest = RegistryClient.Index([], $",\"annotations\":{{\"n\":\"{Guid.NewGuid()}\"}}");
        using var pushed = await registry.PutManifestAsync(name, tag, manifest, RegistryClient.OciIndex);
        await pushed.ExpectAsync(HttpStatusCode.Created);
        var digest = Registry.Digest(manifest);
        await registry.App.Database.WriteAsync(session => session.ExecuteAsync(SetContentSql, digest, mediaType, Encoding.UTF8.GetBytes(content)));
        return digest;
    }

    static async Task<bool> RunsAsync(IBrowserContext context, string path)
    {
        var page = await context.NewPageAsync();
        var asked = false;
        page.Request += (_, request) => asked |= request.Url.EndsWith("/ran", StringComparison.Ordinal);
        try
        {
            await page.GotoAsync(path, new() { WaitUntil = WaitUntilState.Load });
        }
        catch (PlaywrightException download) when (download.Message.Contains("Download is starting", StringComparison.Ordinal) || download.Message.Contains("ERR_ABORTED", StringComparison.Ordinal))
        {
            // what the browser keeps as a file does not run
        }
        var ran = false;
        foreach (var frame in page.Frames)
            ran |= await frame.EvaluateAsync<bool>("() => window.ran === true");
        await page.CloseAsync();
        return ran || asked;
    }

    static readonly Sql SetContentSql = new("update manifests set media_type = $2, content = $3 where digest = $1");
}
