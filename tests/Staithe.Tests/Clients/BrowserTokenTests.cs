using System.Net;
using System.Text.RegularExpressions;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

/// <summary>A token that was made in a browser, and the command beside it, as they are: podman logs in with it, pushes and pulls.</summary>
[Trait("Kind", "client"), Collection(ClientCollections.Podman)]
public sealed partial class BrowserTokenTests(ClientWorld world) : IClassFixture<ClientWorld>
{
    [Fact]
    public async Task The_command_on_the_page_logs_podman_in()
    {
        await using var closed = await ClosedRegistry.StartAsync(Engine.Sqlite);
        var (alice, host) = (await closed.AddUserAsync("alice"), closed.Registry.Authority);
        var image = $"{host}/{alice.Name}/app:1";
        await world.BuildAsync(image, "by a token");
        using var browser = new Browser(closed.Registry.Url);
        await browser.SignInAsync(alice.Name, alice.Password);
        var page = await browser.SubmitAsync("/settings", HttpStatusCode.OK, ("do", "token.add"), ("name", "laptop"), ("role", "write"), ("days", "7"));
        var login = Assert.Single(Commands().Matches(page).Select(match => WebUtility.HtmlDecode(match.Groups[1].Value)), command => command.Contains("podman login", StringComparison.Ordinal));
        Assert.NotEqual(0, (await world.TryRunAsync($"podman push --tls-verify=false {image}")).ExitCode);
        await world.RunAsync(login);
        await world.RunAsync($"podman push --tls-verify=false {image} && podman rmi {image} && podman pull --tls-verify=false {image}");

        // a robot's, in the same manner
        page = await browser.SubmitAsync($"/settings/{alice.Name}?view=robots", HttpStatusCode.OK, ("do", "robot.add"), ("name", "ci"), ("role", "read"), ("target", $"{alice.Name}/app"));
        login = Assert.Single(Commands().Matches(page).Select(match => WebUtility.HtmlDecode(match.Groups[1].Value)), command => command.Contains("podman login", StringComparison.Ordinal));
        await world.RunAsync($"podman logout {host} && {login} && podman rmi {image} && podman pull --tls-verify=false {image}");
        Assert.NotEqual(0, (await world.TryRunAsync($"podman push --tls-verify=false {image}")).ExitCode);
        await world.RunAsync($"podman logout {host} && podman rmi {image}");

        // and a link: nobody is logged in
        page = await browser.SubmitAsync($"/settings/{alice.Name}/app?view=links", HttpStatusCode.OK, ("do", "link.add"), ("tag", "1"), ("days", "1"), ("pulls", "5"));
        var pull = Assert.Single(Commands().Matches(page).Select(match => WebUtility.HtmlDecode(match.Groups[1].Value)), command => command.StartsWith("podman pull", StringComparison.Ordinal));
        await world.RunAsync(pull);
    }

    [GeneratedRegex("<code>([^<]+)</code>")]
    private static partial Regex Commands();
}
