using System.Net;
using System.Text.RegularExpressions;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Config;
using Staithe.Database;
using Staithe.Federation;
using Staithe.Ldap;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Accounts;

/// <summary>Names that are the registry's own are given to nobody, by whatever way an account or a space comes to be.</summary>
public sealed partial class ReservedNamesTests
{
    static readonly string[] Some = ["admin", "search", "login", "s", "adm1n", "sett-ings", "5earch", "rnetrics"];

    static readonly Dictionary<string, Func<StaitheApp, string, Task>> Ways = new()
    {
        ["the first account"] = (app, name) => app.Users.AddFirstAsync(Actor.Shell, name, "correct horse"),
        ["the shell, or an admin"] = (app, name) => app.Users.AddAsync(Actor.Shell, name, "correct horse", isAdmin: false),
        ["an issuer"] = async (app, name) =>
        {
            var epoch = new AccessEpoch(app.Database);
            await new Arrivals(epoch, new GroupLog((_, _) => { })).EnterAsync(Provider, new Arrival("subject", name, []), null, default);
        },
        ["an issuer, by mail"] = async (app, name) =>
        {
            var epoch = new AccessEpoch(app.Database);
            await new Arrivals(epoch, new GroupLog((_, _) => { })).EnterAsync(Provider, new Arrival("subject", $"{name.ToUpperInvariant()}@example.org", []), null, default);
        },
        ["a directory"] = (app, name) => app.Database.WriteAsync(session => DirectoryAccounts.AddAsync(session, Actor.Shell, "ldap", "subject", (name, ForeignName.Reduce(name)), mayMake: true)),
        ["an organization"] = (app, name) => app.Database.WriteAsync(session => Spaces.AddOrganizationAsync(session, Actor.Shell, 1, name, Visibility.Private)),
        ["a new name"] = (app, name) => app.Database.WriteAsync(async session =>
        {
            var user = await UserTable.FindAsync(session, "carol") ?? await Users.AddAsync(session, Actor.Shell, Users.CheckName("carol"), null, isAdmin: false);
            var space = await SpaceTable.FindAsync(session, "dock") ?? await Spaces.AddOrganizationAsync(session, Actor.Shell, user.Id, "dock", Visibility.Private);
            return await Staithe.Access.SpaceMove.RunAsync(session, Actor.Shell, space, name);
        }),
    };

    static OidcConfig Provider => new() { Name = "company", Issuer = "https://login.example", ClientId = "staithe", Label = "Company", NewUsers = true };

    public static TheoryData<string> Rows => [.. Ways.Keys];

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task No_way_gives_one(string way)
    {
        foreach (var engine in Enum.GetValues<Engine>())
        {
            await using var registry = await Registry.StartAsync(engine, config => config with { Open = false });
            foreach (var name in Some)
            {
                var refused = await Assert.ThrowsAsync<AccountException>(() => Ways[way](registry.App, name));
                Assert.Contains("reserved", refused.Message, StringComparison.Ordinal);
            }
            Assert.Empty((await registry.App.Database.ReadAsync(session => UserTable.ListAsync(session, new ListRequest("adm")), TestContext.Current.CancellationToken)).Items);
        }
    }

    [Fact]
    public async Task Who_has_one_of_old_keeps_it()
    {
        await using var closed = await ClosedRegistry.StartAsync(Engine.Sqlite);
        Assert.True(SpaceName.TryParse("admin", out var name));
        var hash = PasswordHash.Create("correct horse");
        await closed.Db.WriteAsync(
            async session => await SpaceTable.CreateAsync(session, name, await UserTable.CreateAsync(session, name, hash, isAdmin: true), Visibility.Private),
            TestContext.Current.CancellationToken);
        using var signedIn = await closed.Registry.As(ClosedRegistry.Basic("admin", "correct horse")).GetAsync("/v2/");
        await signedIn.ExpectAsync(HttpStatusCode.OK);
    }

    // Whatever the registry answers itself begins with a word that is in the list: each path that is written in its sources is looked at.
    [Fact]
    public void The_first_part_of_every_path_is_one()
    {
        string[] folders = ["Web", "Distribution", "Telemetry"];
        var sources = folders.SelectMany(folder => Directory.GetFiles(Repository.File($"src/Staithe/{folder}"), "*.*", SearchOption.AllDirectories))
            .Where(file => file.EndsWith(".cs", StringComparison.Ordinal) || file.EndsWith(".razor", StringComparison.Ordinal)).Append(Repository.File("src/Staithe/Api/ApiEndpoint.cs"));
        var first = sources.SelectMany(file => Paths().Matches(File.ReadAllText(file))).Select(match => match.Groups[1].Value).Distinct().ToList();
        Assert.Contains("attach-sbom", first);
        Assert.Contains("spaces", first);
        Assert.True(first.Count > 15, string.Join(", ", first));
        Assert.DoesNotContain(first, part => !SpaceName.TryParse(part, out var name) || !name.IsReserved);
    }

    [GeneratedRegex("\"/([a-z][a-z0-9.-]*)")]
    private static partial Regex Paths();
}
