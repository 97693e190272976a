using System.Diagnostics;
using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Staithe.Accounts;
using Staithe.Federation;
using Staithe.Tests.Api;
using Staithe.Tests.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

/// <summary>Runs the lines of curl that <c>docs/api.md</c> has, all of them, from top to bottom, on a registry with the people whom the page names.</summary>
[Trait("Kind", "client")]
public sealed partial class ApiPageTests
{
    const string Issuer = "https://ci.example"; // that the page's rule names, and that nobody asks here

    [Theory, OnBothEngines]
    public async Task Every_line_of_the_page_works(Engine engine)
    {
        await using var server = await ApiServer.StartAsync(engine, config => config with { TrustedIssuers = [Issuer] }, "root", "alice", "carol", "dave");
        var (root, alice) = (server.As("root"), server.As("alice"));
        var page = await File.ReadAllTextAsync(Repository.File("docs/api.md"), TestContext.Current.CancellationToken);
        var sections = page.Split("\n## ").Select(section => (Title: section.Split('\n')[0], Blocks: Blocks().Matches(section).Select(block => string.Join('\n', block.Value.Split('\n').Select(line => line.Trim()))).ToList())).ToList();
        Assert.InRange(sections.Sum(section => section.Blocks.Count), 10, 30);
        var function = sections[0].Blocks.Single().Replace("https://registry.example", $"http://{server.Registry.Authority}", StringComparison.Ordinal);
        Assert.Contains($"http://{server.Registry.Authority}", function, StringComparison.Ordinal);
        var (output, digest) = ("", "");
        foreach (var (title, blocks) in sections.Skip(1).Where(section => section.Blocks.Count > 0))
        {
            await PrepareAsync(title);
            var user = title.StartsWith("For admins", StringComparison.Ordinal) ? "root" : "alice";
            foreach (var block in blocks)
            {
                output = await RunAsync($"set -eu -o pipefail\nUSER={user} PASSWORD={ApiServer.Password(user)} CAROLS={ApiServer.Password("carol")} DAVES={ApiServer.Password("dave")}\n{function}\n{block.Replace("sha256:4f53…", digest, StringComparison.Ordinal)}");
            }
            await CheckAsync(title);
        }
        Assert.All(output.Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(5), line => Assert.NotEmpty(JsonDocument.Parse(line).RootElement.GetProperty("action").GetString()!));

        // What was there before the page's lines: images, and two accounts elsewhere that alice has linked.
        async Task PrepareAsync(string title)
        {
            switch (title)
            {
                case "Robots and tokens":
                    var user = await server.Registry.App.Database.ReadAsync(session => Users.FindAsync(session, "alice"), TestContext.Current.CancellationToken);
                    foreach (var subject in (string[])["1", "2"])
                        await server.Registry.App.Database.WriteAsync(session => ExternalIdentityTable.CreateAsync(session, Issuer, subject, user.Id), TestContext.Current.CancellationToken);
                    break;
                case "Tags and manifests":
                    var developer = server.Registry.As(ClosedRegistry.Basic("alice", ApiServer.Password("alice")));
                    digest = (await developer.PushImageAsync("team/web/app", "dev-1")).Digest;
                    break;
                case "Links and invitations":
                    var pushing = server.Registry.As(ClosedRegistry.Basic("alice", ApiServer.Password("alice")));
                    foreach (var tag in (string[])["1", "2"])
                        await pushing.PushLayersAsync("team/web/app", tag, new TarBytes().File("var/lib/dpkg/status", $"Package: a\nStatus: install ok installed\nVersion: {tag}\n").End());
                    break;
            }
        }

        async Task CheckAsync(string title)
        {
            switch (title)
            {
                case "Organizations, teams, grants":
                    Assert.Equal(["dev", "ops", "owners"], await alice.ListAsync("/spaces/team/teams"));
                    Assert.Equal(["carol"], await MembersAsync());
                    Assert.Equal(["team/", "team/"], await alice.ListAsync("/spaces/team/grants", "target"));
                    Assert.True((await alice.GetAsync("/spaces/team")).GetProperty("auditPulls").GetBoolean());
                    break;
                case "Robots and tokens":
                    Assert.Empty(await alice.ListAsync("/me/tokens"));
                    Assert.Empty(await alice.ListAsync("/spaces/team/robots/build/trusts", "issuer"));
                    Assert.Equal(["1"], await alice.ListAsync("/me/identities", "subject"));
                    break;
                case "Links and invitations":
                    Assert.Equal(["1"], await alice.ListAsync("/spaces/team/links", "id"));
                    Assert.Equal(["carol", "dave"], await MembersAsync());
                    break;
                case "What is inside of images":
                    var attached = await alice.SendAsync(HttpMethod.Post, "/sbom?image=team/web/app:1", null, HttpStatusCode.Created);
                    var referrers = await (await server.Registry.As(null).GetAsync($"/v2/team/web/app/referrers/{attached.GetProperty("subject")}")).JsonAsync();
                    Assert.Equal([attached.GetProperty("digest").GetString()], referrers.GetProperty("manifests").EnumerateArray().Select(one => one.GetProperty("digest").GetString())); // the page made it public
                    break;
                case "Rights for new repositories":
                    Assert.Equal(["team/web/"], await alice.ListAsync("/spaces/team/default-grants", "target"));
                    break;
                case "Names that move, and what goes":
                    await alice.RefusedAsync(HttpStatusCode.NotFound, "/spaces/crew");
                    await server.As("carol").RefusedAsync(HttpStatusCode.NotFound, "/repository?name=carol/site");
                    break;
                case "For admins of the registry":
                    await root.RefusedAsync(HttpStatusCode.NotFound, "/users/bob"); // the page ends with his account
                    break;
            }
        }

        async Task<List<string?>> MembersAsync() => [.. (await alice.GetAsync("/spaces/team/teams/dev")).GetProperty("members").EnumerateArray().Select(member => member.GetString())];
    }

    static async Task<string> RunAsync(string script)
    {
        using var bash = Process.Start(new ProcessStartInfo("bash", ["-c", script]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, error) = (bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), bash.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken));
        await bash.WaitForExitAsync(TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        Assert.True(bash.ExitCode == 0, $"{script}\n{await output}{await error}");
        return await output;
    }

    // What stands four columns in is for the shell.
    [GeneratedRegex(@"(?:^    \S.*\n)+", RegexOptions.Multiline)]
    private static partial Regex Blocks();
}
