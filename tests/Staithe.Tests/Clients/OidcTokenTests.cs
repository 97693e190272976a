using System.Text.RegularExpressions;
using Microsoft.Playwright;
using Staithe.Config;
using Staithe.Tests.Api;
using Staithe.Tests.Browsing;
using Staithe.Tests.Federation;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

/// <summary>
/// A person who has no password here: comes with an account elsewhere, in a real browser and through the pages of a certified issuer, makes a token, and podman logs in
/// with the command that the page shows.
/// </summary>
[Trait("Kind", "client"), Collection(ClientCollections.Podman)]
public sealed class OidcTokenTests(ClientWorld world, Chromium chromium) : IClassFixture<ClientWorld>, IClassFixture<Chromium>
{
    [Fact]
    public async Task Somebody_without_a_password_pulls_with_a_token_of_their_own()
    {
        using var issuer = await RealIssuer.StartAsync(world);
        await issuer.SetPersonAsync("person-7", "dora", "developers");
        await using var server = await ApiServer.StartAsync(Engine.Sqlite, config => config with { Oidc = [issuer.Configure(new GroupMap("developers", "team", "dev"))] }, "root");
        var (root, host) = (server.As("root"), server.Registry.Authority);
        await root.PostAsync("/organizations", new { name = "team" });
        await root.PostAsync("/spaces/team/teams", new { name = "dev" });
        await root.PostAsync("/spaces/team/grants", new { target = "team/base/", rights = "read", team = "dev" });
        var image = $"{host}/team/base/app:1";
        await world.BuildAsync(image, "for who comes from elsewhere");
        await world.RunAsync($"podman push --tls-verify=false --creds root:{ApiServer.Password("root")} {image} && podman rmi {image}");

        await using var context = await chromium.OpenAsync(server.Registry.Url, hasScript: true);
        var page = await context.NewPageAsync();
        await page.GotoAsync("/login?next=/settings");
        await page.GetByRole(AriaRole.Link, new() { Name = "Sign in with Company account" }).ClickAsync();
        await page.Locator("input[name=login]").FillAsync("person-7");
        await page.Locator("input[name=password]").FillAsync("any");
        await page.Locator("button[type=submit]").ClickAsync();
        await page.Locator("button[type=submit]").ClickAsync(); // agrees
        await Assertions.Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Tokens", Exact = true })).ToBeVisibleAsync();
        await Assertions.Expect(page.GetByRole(AriaRole.Link, new() { Name = "dora", Exact = true })).ToBeVisibleAsync();

        await page.GetByRole(AriaRole.Link, new() { Name = "Password", Exact = true }).ClickAsync();
        await Assertions.Expect(page.GetByLabel("Old password")).ToHaveCountAsync(0); // there is none to change
        await page.GotoAsync("/settings");
        await page.GetByLabel("What it is for").FillAsync("laptop");
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the token" }).ClickAsync();
        var login = Assert.Single(await page.Locator("code").AllTextContentsAsync(), command => command.Contains("podman login", StringComparison.Ordinal));
        Assert.Contains("--username dora ", login, StringComparison.Ordinal);

        Assert.NotEqual(0, (await world.TryRunAsync($"podman pull --tls-verify=false {image}")).ExitCode);
        await world.RunAsync(login);
        await world.RunAsync($"podman pull --tls-verify=false {image}");
        Assert.Equal("for who comes from elsewhere", await world.RunAsync($"podman run --rm --network none {image}"));
        Assert.NotEqual(0, (await world.TryRunAsync($"podman push --tls-verify=false {image} {host}/team/base/app:2")).ExitCode); // the token reads

        // her membership says whose word it is, and her token ends on the page that made it
        using (var admin = new Harness.Browser(server.Registry.Url))
        {
            await admin.SignInAsync("root", ApiServer.Password("root"));
            Assert.Contains("by the groups of Company account", await admin.ReadAsync("/settings/team?view=teams&team=dev"), StringComparison.Ordinal);
            Assert.Contains("Company account says that dora is in it", await admin.ReadAsync("/settings/team?view=teams&team=dev&ask=team.member.remove&user=dora"), StringComparison.Ordinal);
        }
        await page.GotoAsync("/settings");
        await page.GetByRole(AriaRole.Link, new() { Name = "Revoke laptop" }).ClickAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Revoke it" }).ClickAsync();
        await Assertions.Expect(page).ToHaveURLAsync(new Regex("/settings$"));
        Assert.NotEqual(0, (await world.TryRunAsync($"podman rmi --force {image} && podman pull --tls-verify=false {image}")).ExitCode);
    }
}
