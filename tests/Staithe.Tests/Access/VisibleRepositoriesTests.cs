using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Oci;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Access;

/// <summary>The list that a statement filters against the policy asked about each repository, in random worlds.</summary>
public sealed class VisibleRepositoriesTests
{
    const int Worlds = 4;

    static readonly string[] Parts = ["a", "b", "ab", "a-b", "a.b", "web", "we"];

    [Theory, OnBothEngines]
    public async Task The_list_has_exactly_what_the_policy_lets_one_pull(Engine engine)
    {
        await using var closed = await ClosedRegistry.StartAsync(engine);
        var random = Seed.Random();
        var (compared, visible) = (0, 0);
        for (var i = 0; i < Worlds; i++)
        {
            var world = await World.MakeAsync(closed, random);
            foreach (var who in world.Askers)
            {
                var expected = await world.DecidedAsync(who);
                Assert.Equal(expected, await world.ListedAsync(who));
                (compared, visible) = (compared + 1, visible + expected.Count);
            }
        }
        // Worlds in which nobody, or everybody, sees everything would prove nothing.
        Assert.InRange((double)visible / compared, 3, 60);
    }

    // Each rule of the statement, taken out or turned round: some asker of some world has to see that. One is left out: that a grant is of the
    // repository's own space follows from its target, and is there for the index.
    [Fact]
    [Trait("Kind", "slow")]
    public async Task The_comparison_notices_each_rule_of_the_statement_that_is_another()
    {
        await using var closed = await ClosedRegistry.StartAsync(Engine.Sqlite);
        var random = Seed.Random();
        var worlds = new List<(World World, Identity Who, List<string> Expected)>();
        for (var i = 0; i < Worlds; i++)
        {
            var world = await World.MakeAsync(closed, random);
            foreach (var who in world.Askers.Where(who => who.Kind is IdentityKind.User or IdentityKind.Robot))
                worlds.Add((world, who, []));
        }
        for (var i = 0; i < worlds.Count; i++)
            worlds[i] = worlds[i] with { Expected = await worlds[i].World.DecidedAsync(worlds[i].Who) };
        foreach (var (rule, other) in ((string, string)[])
        [
            ("s.removed_at is null and", ""),
            ("r.visibility = 'public'", "r.visibility <> 'private'"),
            ("r.visibility = 'public'", "1 = 0"),
            ("(r.visibility = 'internal' and $2 <> 0)", "(r.visibility = 'internal')"),
            ("(r.visibility = 'internal' and $2 <> 0)", "(1 = 0)"),
            ("$4 = 1 and", ""),
            ("($5 = '' or", "(1 = 1 or"),
            ("($5 = '' or", "(1 = 0 or"),
            ("($5 = r.name or", "(1 = 0 or"),
            ("substr($5, length($5)) = '/' and", ""),
            ("s.owner_id = $2 and $2 <> 0", "1 = 0"),
            ("g.rights % 2 = 1 and", ""),
            ("(g.expires_at is null or g.expires_at > {now}) and", ""),
            ("(g.expires_at is null or g.expires_at > {now}) and", "g.expires_at is null and"),
            ("(g.target = r.name or", "(1 = 0 or"),
            ("substr(g.target, length(g.target)) = '/' and", ""),
            ("substr(r.name || '/', 1, length(g.target)) = g.target", "substr(r.name, 1, length(g.target)) = g.target"),
            ("(g.robot_id = $3 and $3 <> 0)", "(1 = 0)"),
            ("(g.user_id = $2 and $2 <> 0)", "(1 = 0)"),
            ("where user_id = $2)", ")"),
            ("g.team_id in (select team_id from team_members where user_id = $2)", "1 = 0"),
        ])
        {
            Assert.Contains(rule, VisibleRepositories.Condition, StringComparison.Ordinal);
            var at = VisibleRepositories.Condition.IndexOf(rule, StringComparison.Ordinal);
            var flawed = VisibleRepositories.List(VisibleRepositories.Condition[..at] + other + VisibleRepositories.Condition[(at + rule.Length)..]);
            var noticed = false;
            foreach (var (_, who, expected) in worlds)
                noticed = noticed || !expected.SequenceEqual(await closed.Db.ReadAsync(session => VisibleRepositories.ListAsync(session, flawed, who, "", 10_000), TestContext.Current.CancellationToken));
            Assert.True(noticed, $"nobody notices \"{other}\" for \"{rule}\"");
        }
    }

    [Theory, OnBothEngines]
    public async Task A_list_for_somebody_else_is_noticed(Engine engine)
    {
        await using var closed = await ClosedRegistry.StartAsync(engine);
        var world = await World.MakeAsync(closed, Seed.Random());
        var lists = new HashSet<string>();
        foreach (var who in world.Askers)
            lists.Add(string.Join(' ', await world.ListedAsync(who)));
        Assert.InRange(lists.Count, 6, int.MaxValue);

        var limited = world.Askers.First(who => who.Limit?.Target is not null && who.Limit.Rights.HasFlag(Rights.Pull));
        var flaws = new List<Identity> { limited with { Limit = null }, Identity.Anybody };
        foreach (var flaw in flaws)
            Assert.NotEqual(await world.DecidedAsync(Identity.Anonymous), await world.ListedAsync(flaw));
    }

    [Theory, OnBothEngines]
    public async Task Pages_follow_each_other_without_gaps(Engine engine)
    {
        await using var closed = await ClosedRegistry.StartAsync(engine);
        var world = await World.MakeAsync(closed, Seed.Random());
        foreach (var who in world.Askers.Take(6))
        {
            var paged = new List<string>();
            while (await closed.Db.ReadAsync(session => VisibleRepositories.ListAsync(session, who, paged.LastOrDefault() ?? "", 3), TestContext.Current.CancellationToken) is { Count: > 0 } page)
                paged.AddRange(page);
            Assert.Equal(await world.ListedAsync(who), paged);
        }
    }

    sealed class World(ClosedRegistry closed, List<Identity> askers)
    {
        public IReadOnlyList<Identity> Askers => askers;

        public static async Task<World> MakeAsync(ClosedRegistry closed, Random random)
        {
            var users = new List<Account>();
            for (var i = 0; i < 5; i++)
                users.Add(await closed.AddUserAsync(random.Pick("user", "use-r")));
            var spaces = users.ConvertAll(user => (Id: user.SpaceId, user.Name));
            for (var i = 0; i < 3; i++)
                spaces.Add(await closed.AddOrganizationAsync());

            var askers = new List<Identity> { Identity.Anonymous, Identity.Anybody };
            foreach (var (spaceId, space) in spaces)
            {
                var names = Enumerable.Range(0, 8).Select(_ => Name(random, space)).Distinct().ToList();
                var isRemoved = random.Next(8) == 0;
                await closed.Db.WriteAsync(async session =>
                {
                    foreach (var name in names)
                    {
                        await session.ExecuteAsync(AddRepositorySql, name, space, VisibilityText.Format(random.Pick(Visibility.Public, Visibility.Internal, Visibility.Private, Visibility.Private)));
                        if (random.Next(6) > 0)
                            await session.ExecuteAsync(AddManifestSql, name, "{}"u8.ToArray());
                    }
                    if (isRemoved)
                        await session.ExecuteAsync(RemoveSpaceSql, spaceId);
                });
                var team = await closed.AddTeamAsync(spaceId, [.. users.Where(_ => random.Next(3) == 0)]);
                var robot = await closed.AddRobotAsync(spaceId, space);
                askers.Add(new Identity(IdentityKind.Robot, robot.Id, robot.Name, false));
                for (var i = 0; i < 6; i++)
                {
                    var grantee = random.Next(3) switch { 0 => new Grantee(UserId: random.Pick(users.ToArray()).Id), 1 => new Grantee(TeamId: team), _ => new Grantee(RobotId: robot.Id) };
                    var rights = random.Pick(Rights.Read, Rights.Write, Rights.Admin, Rights.Push, Rights.Manage | Rights.Delete);
                    await closed.GrantAsync(spaceId, Target(random, space), grantee, rights, random.Pick(null, null, "dev-*"), Ending(random));
                }
            }
            foreach (var user in users)
            {
                var identity = new Identity(IdentityKind.User, user.Id, user.Name, random.Next(2) == 0);
                askers.Add(identity);
                for (var i = 0; i < 4; i++)
                {
                    var target = random.Next(3) == 0 ? null : Target(random, random.Pick(spaces.ToArray()).Name);
                    askers.Add(identity with { Limit = new Limit(askers.Count, random.Pick(Rights.Read, Rights.Admin, Rights.Push, Rights.Write), target) });
                }
            }
            return new World(closed, askers);
        }

        public Task<List<string>> ListedAsync(Identity who) => closed.Db.ReadAsync(session => VisibleRepositories.ListAsync(session, who, "", 10_000));

        // One after the other, asked of the same place that a request asks.
        public async Task<List<string>> DecidedAsync(Identity who)
        {
            var epoch = new AccessEpoch(closed.Db);
            var access = new AccessLookup(closed.Db, epoch);
            var decided = new List<string>();
            foreach (var name in await closed.Db.ReadAsync(session => session.ListAsync(ListSql, row => row.GetString(0))))
            {
                if ((await access.DecideAsync(who, RepositoryName.Parse(name), TestContext.Current.CancellationToken)).May(Rights.Pull))
                    decided.Add(name);
            }
            return decided;
        }

        // A space, a part of it, a repository, or what only looks like one of them.
        static string Target(Random random, string space) => random.Next(4) == 0 ? $"{space}/" : Name(random, space) + random.Pick("", "/");

        static string Name(Random random, string space) => $"{space}{string.Concat(Enumerable.Range(0, random.Next(4)).Select(_ => $"/{random.Pick(Parts)}"))}";

        static TimeSpan? Ending(Random random) => random.Next(4) switch { 0 => TimeSpan.FromHours(-1), 1 => TimeSpan.FromHours(1), _ => null };

        static readonly Sql AddRepositorySql = new("insert into repositories (name, space, visibility, created_at) values ($1, $2, $3, {now})");

        static readonly Sql AddManifestSql = new("""
            insert into manifests (repo_id, digest, media_type, size, created_at, content)
            select id, 'sha256:00', 'application/vnd.oci.image.index.v1+json', 2, {now}, $2 from repositories where name = $1
            """);

        static readonly Sql RemoveSpaceSql = new("update spaces set removed_at = {now} where id = $1");

        static readonly Sql ListSql = new("select r.name from repositories r where r.id in (select repo_id from manifests) order by r.name");
    }
}
