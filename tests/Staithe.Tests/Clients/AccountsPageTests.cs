using System.Net;
using System.Text;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

/// <summary>Runs what <c>docs/accounts.md</c> tells people to run, from top to bottom, beside a server that has no account yet.</summary>
[Trait("Kind", "client"), Collection(ClientCollections.Podman)]
public sealed class AccountsPageTests(ClientWorld world) : IClassFixture<ClientWorld>
{
    [Fact]
    public async Task Every_command_of_the_page_works()
    {
        var server = await StaitheProcess.StartAsync(world, "accounts", open: false);
        await world.BuildAsync($"{server.Url.Authority}/alice/app:1", "accounts");
        var page = string.Join('\n', UsingPageTests.Blocks().Matches(await File.ReadAllTextAsync(Repository.File("docs/accounts.md"), TestContext.Current.CancellationToken)).Select(block => block.Groups[1].Value));
        world.Write("page.sh", page.Replace("localhost:5000", server.Url.Authority, StringComparison.Ordinal));
        await world.RunAsync($"export PATH=\"{AppContext.BaseDirectory}:$PATH\" STAITHE_DATA=\"$PWD/accounts\" PASSWORD='correct horse' && bash -eux -o pipefail page.sh");

        using var http = new HttpClient { BaseAddress = server.Url };
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.GetAsync("/v2/alice/app/manifests/1", TestContext.Current.CancellationToken)).StatusCode);
        http.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes("alice:correct horse")));
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/v2/alice/app/manifests/1", TestContext.Current.CancellationToken)).StatusCode);
    }
}
