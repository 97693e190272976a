using System.Net;
using System.Text;
using System.Text.Json;
using Staithe.Accounts;
using Staithe.Config;
using Staithe.Content;
using Staithe.Database;
using Staithe.Oci;
using Staithe.Tests.Harness;

[assembly: AssemblyFixture(typeof(ClosedRegistries))]

namespace Staithe.Tests.Harness;

/// <summary>The servers with accounts that tests share, one for each engine: an account costs a password's hash, so nobody makes the same one twice.</summary>
public sealed class ClosedRegistries : IAsyncDisposable
{
    readonly Lazy<Task<ClosedRegistry>>[] shared = [.. Enum.GetValues<Engine>().Select(engine => new Lazy<Task<ClosedRegistry>>(() => ClosedRegistry.StartAsync(engine)))];

    internal Task<ClosedRegistry> GetAsync(Engine engine) => shared[(int)engine].Value;

    public async ValueTask DisposeAsync()
    {
        foreach (var registry in shared)
        {
            if (registry.IsValueCreated)
                await (await registry.Value).DisposeAsync();
        }
    }
}

/// <summary>Somebody who can sign in.</summary>
/// <param name="Id">The row of the user or robot.</param>
/// <param name="SpaceId">The space of the same name, or that the robot is in.</param>
/// <param name="Password">The password, or the token.</param>
internal sealed record Account(long Id, long SpaceId, string Name, string Password)
{
    /// <summary>The <c>Authorization</c> header.</summary>
    public string Basic => ClosedRegistry.Basic(Name, Password);
}

/// <summary>A server that asks who is there, and the accounts on it.</summary>
internal sealed class ClosedRegistry : IAsyncDisposable
{
    /// <summary>Every user's.</summary>
    public const string Password = "correct horse";

    static readonly string PasswordHashed = PasswordHash.Create(Password);
    static int names;

    ClosedRegistry(Registry registry, ServerSecret secret) => (Registry, Secret) = (registry, secret);

    public Registry Registry { get; }

    /// <summary>The server's own.</summary>
    public ServerSecret Secret { get; }

    public Db Db => Registry.App.Database;

    public static async Task<ClosedRegistry> StartAsync(Engine engine, Func<StaitheConfig, StaitheConfig>? change = null, Func<OciRoute, string, Rights>? needs = null)
    {
        var registry = await Registry.StartAsync(engine, config => (change?.Invoke(config) ?? config) with { Open = false }, needs);
        return new ClosedRegistry(registry, await ServerSecret.LoadAsync(registry.App.Database, "no file"));
    }

    public static string Basic(string name, string password) => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{name}:{password}"))}";

    /// <summary>A name of a space that no other test uses.</summary>
    public static string NewName(string prefix) => $"{prefix}-{Interlocked.Increment(ref names)}";

    /// <summary>The server as an account sees it that sends name and secret with each request.</summary>
    public Registry As(Account account) => Registry.As(account.Basic);

    /// <summary>A user and the space of the same name. Of rows, because nobody who is signed in should have to sign in again for it.</summary>
    public async Task<Account> AddUserAsync(string prefix = "user")
    {
        Assert.True(SpaceName.TryParse(NewName(prefix), out var name));
        var (id, spaceId) = await Db.WriteAsync(async session =>
        {
            var id = await UserTable.CreateAsync(session, name, PasswordHashed, isAdmin: false);
            return (id, await SpaceTable.CreateAsync(session, name, id, Visibility.Private));
        });
        return new Account(id, spaceId!.Value, name.Value, Password);
    }

    /// <summary>An organization; the id of its space, and its name.</summary>
    public async Task<(long SpaceId, string Name)> AddOrganizationAsync(string prefix = "org")
    {
        Assert.True(SpaceName.TryParse(NewName(prefix), out var name));
        return ((await Db.WriteAsync(session => SpaceTable.CreateAsync(session, name, null, Visibility.Private)))!.Value, name.Value);
    }

    /// <summary>A team of an organization; its id.</summary>
    public Task<long> AddTeamAsync(long spaceId, params Account[] members) => Db.WriteAsync(async session =>
    {
        var id = (await TeamTable.CreateAsync(session, spaceId, NewName("team")))!.Value;
        foreach (var member in members)
            await TeamTable.AddMemberAsync(session, id, member.Id);
        return id;
    });

    public async Task<Account> AddRobotAsync(long spaceId, string space, TimeSpan? endsIn = null)
    {
        var (name, password) = (NewName("robot"), Staithe.Accounts.Secret.Create(Staithe.Accounts.Secret.Robot));
        var id = await Db.WriteAsync(session => RobotTable.CreateAsync(session, spaceId, name, Secret.Hash(password), In(endsIn)));
        return new Account(id!.Value, spaceId, $"{space}+{name}", password);
    }

    /// <summary>A personal token of a user: an account that signs in with the user's name and the token.</summary>
    public async Task<Account> AddTokenAsync(Account user, Rights rights = Rights.Admin, string? target = null, TimeSpan? endsIn = null)
    {
        var password = Staithe.Accounts.Secret.Create(Staithe.Accounts.Secret.Personal);
        await Db.WriteAsync(session => AccessTokenTable.CreateAsync(session, user.Id, AccessTokenTable.Personal, "test", Secret.Hash(password), (rights, target), In(endsIn), null));
        return user with { Password = password };
    }

    public Task<long> GrantAsync(long spaceId, string target, Grantee grantee, Rights rights, string? tags = null, TimeSpan? endsIn = null) =>
        Db.WriteAsync(session => GrantTable.CreateAsync(session, spaceId, target, grantee, rights, TagPattern.Read(tags), In(endsIn)));

    public Task SetVisibilityAsync(string repository, Visibility visibility) => ChangeAsync(session => session.ExecuteAsync(SetVisibilitySql, repository, VisibilityText.Format(visibility)));

    /// <summary>Changes rows on which rights depend, as another process does. The server notices within a second.</summary>
    public async Task ChangeAsync(Func<DbSession, Task> change)
    {
        var epoch = new AccessEpoch(Db);
        await epoch.ChangeAsync(async session =>
        {
            await change(session);
            return true;
        });
    }

    /// <summary>What <c>/v2/auth</c> answers.</summary>
    public async Task<JsonElement> AskAsync(Account? account, params string[] scopes)
    {
        var query = string.Concat(scopes.Select(scope => $"&scope={Uri.EscapeDataString(scope)}"));
        using var response = await Registry.As(account?.Basic).GetAsync($"/v2/auth?service={Uri.EscapeDataString(Registry.Authority)}{query}");
        await response.ExpectAsync(HttpStatusCode.OK);
        return await response.JsonAsync();
    }

    /// <summary>The server as an account, or nobody, sees it with a token for some scopes.</summary>
    public async Task<Registry> WithTokenAsync(Account? account, params string[] scopes) =>
        Registry.As($"Bearer {(await AskAsync(account, scopes)).GetProperty("token").GetString()}");

    public ValueTask DisposeAsync() => Registry.DisposeAsync();

    static long? In(TimeSpan? time) => time is { } span ? DateTimeOffset.UtcNow.Add(span).ToUnixTimeMilliseconds() : null;

    static readonly Sql SetVisibilitySql = new("update repositories set visibility = $2 where name = $1");
}
