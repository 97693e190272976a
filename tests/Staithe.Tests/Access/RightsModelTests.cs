using System.Globalization;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;
using Staithe.Federation;
using Staithe.Managing;
using Staithe.Oci;
using Staithe.Sharing;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Access;

/// <summary>
/// Rights never grow: random people and robots, with random credentials, give, take over, invite, share, show, move and hand over what they like. After
/// each of these nobody holds a right, or holds it longer, that neither they had before nor who did it.
/// </summary>
public sealed class RightsModelTests
{
    const int Steps = 260;

    [Theory, OnBothEngines]
    public async Task Nobody_has_more_by_what_somebody_does_than_the_two_had_before(Engine engine)
    {
        await using var closed = await ClosedRegistry.StartAsync(engine);
        var world = await World.MakeAsync(closed, Seed.Random());
        for (var i = 0; i < Steps; i++)
            await world.StepAsync();
        // Each way of giving was let through at times, and refused at times; else the test would prove little of it.
        Assert.Equal([], World.Ways.Where(way => world.Done.GetValueOrDefault(way) == 0));
        Assert.InRange(world.Refused, Steps / 6, Steps * 5 / 6);
    }

    // What each rule forbids, done past it: the check has to see that.
    [Theory]
    [InlineData("a right that the giver lacks")]
    [InlineData("a right for longer")]
    [InlineData("a robot for longer")]
    [InlineData("more visible")]
    [InlineData("a member of a team")]
    [InlineData("an invitation for longer")]
    [InlineData("a link")]
    [InlineData("moved below a grant")]
    [InlineData("a new owner")]
    public async Task The_check_notices_what_gives_more(string flaw)
    {
        await using var closed = await ClosedRegistry.StartAsync(Engine.Sqlite);
        var world = await World.MakeAsync(closed, Seed.Random());
        await world.CheckAsync(world.Stranger, _ => Task.CompletedTask); // nothing was done, and nothing is noticed
        await Assert.ThrowsAsync<GrownException>(() => world.CheckAsync(world.Stranger, session => world.GiveAnywayAsync(session, flaw)));
    }

    sealed class GrownException(string message) : Exception(message);

    sealed class World
    {
        static readonly string[] Unmade = ["/new", "/a/new", "/b/new"];

        public static readonly string[] Ways =
        [
            "grant", "grant again", "default", "robot", "robot secret", "robot end", "member", "invite", "accept invitation", "link", "show", "show new", "move", "offer",
            "accept offer", "rename", "hand over",
        ];

        readonly ClosedRegistry closed;
        readonly Random random;
        readonly SpaceRobots robots;
        readonly Invitations invitations;
        readonly List<Identity> askers = [];
        readonly List<Identity> owners = [];
        readonly List<(string Secret, long Id, RightsModel Inviter, Identity Who)> invited = [];
        int names;

        World(ClosedRegistry closed, Random random)
        {
            (this.closed, this.random) = (closed, random);
            var epoch = new AccessEpoch(closed.Db);
            robots = new SpaceRobots(closed.Secret, new Trusts(new Issuers([], [], TimeProvider.System)));
            invitations = new Invitations(epoch, closed.Secret, new Refusals(Poison.Runner(closed.Registry)), spacesInviteNewUsers: true);
        }

        public Dictionary<string, int> Done { get; } = [];

        public int Refused { get; private set; }

        /// <summary>Somebody who was given nothing.</summary>
        public Identity Stranger { get; private set; } = Identity.Anonymous;

        public static async Task<World> MakeAsync(ClosedRegistry closed, Random random)
        {
            var world = new World(closed, random);
            var users = new List<Account>();
            for (var i = 0; i < 5; i++)
                users.Add(await closed.AddUserAsync());
            var spaces = new List<(long Id, string Name)> { (users[0].SpaceId, users[0].Name) };
            for (var i = 0; i < 2; i++)
            {
                var name = ClosedRegistry.NewName("org");
                var made = await closed.Db.WriteAsync(session => Spaces.AddOrganizationAsync(session, Actor.Shell, users[i].Id, name, Visibility.Private));
                spaces.Add((made.Id, name));
            }
            foreach (var (id, space) in spaces)
            {
                await closed.Db.WriteAsync(async session =>
                {
                    foreach (var path in (string[])["/x", "/a/x", "/b/x"])
                        await session.ExecuteAsync(AddRepositorySql, space + path, space, random.Pick("private", "private", "internal"));
                });
                await closed.GrantAsync(id, $"{space}/", new Grantee(UserId: users[random.Next(2)].Id), Rights.Admin);
                var team = await closed.AddTeamAsync(id, users[random.Next(4)]);
                var robot = await closed.AddRobotAsync(id, space, random.Pick<TimeSpan?>(null, null, TimeSpan.FromDays(2)));
                world.askers.Add(new Identity(IdentityKind.Robot, robot.Id, robot.Name, false));
                for (var i = 0; i < 7; i++)
                {
                    var grantee = random.Next(4) switch { 0 => new Grantee(TeamId: team), 1 => new Grantee(RobotId: robot.Id), _ => new Grantee(UserId: users[random.Next(4)].Id) };
                    var rights = random.Pick(Rights.Read, Rights.Write, Rights.Admin, Rights.Admin, Rights.Manage, Rights.Manage | Rights.Pull);
                    await closed.GrantAsync(id, world.Target(space), grantee, rights, random.Pick(null, null, "dev-*"), random.Pick<TimeSpan?>(null, TimeSpan.FromDays(1), TimeSpan.FromDays(3)));
                }
            }
            foreach (var user in users)
            {
                var who = new Identity(IdentityKind.User, user.Id, user.Name, false);
                world.askers.AddRange([who, who]);
                if (world.owners.Count < 2)
                    world.owners.Add(who);
                world.askers.Add(who with { Limit = new Limit(1, random.Pick(Rights.Admin, Rights.Manage, Rights.Read | Rights.Manage), null), EndsAt = random.Pick<long?>(null, In(1), In(2)) });
                world.askers.Add(who with { Limit = new Limit(2, Rights.Admin, world.Target(random.Pick(spaces.ToArray()).Name)), EndsAt = random.Pick<long?>(null, In(1)) });
                world.Stranger = who;
            }
            return world;
        }

        public async Task StepAsync()
        {
            var way = random.Pick(Ways);
            // What few may do is mostly tried by those few.
            var isOfFew = way is "robot secret" or "accept offer" or "offer" or "rename" or "hand over" && random.Next(4) > 0;
            var who = random.Pick(isOfFew ? owners.ToArray() : [.. askers]);
            try
            {
                if (who.Kind == IdentityKind.Robot) // as it would be let in now
                    who = who with { EndsAt = await closed.Db.ReadAsync(session => session.FindNumberAsync(RobotEndSql, who.Id)) };
                if (who.EndsAt < DateTimeOffset.UtcNow.ToUnixTimeMilliseconds())
                    return;
                await CheckAsync(who, session => DoAsync(session, who, way));
                Done[way] = Done.GetValueOrDefault(way) + 1;
            }
            catch (AccountException)
            {
                Refused++;
            }
        }

        /// <summary>Does something as somebody, in a transaction, and compares what everybody holds before and after.</summary>
        public async Task CheckAsync(Identity who, Func<DbSession, Task> deed)
        {
            giver = null;
            await closed.Db.WriteAsync(async session =>
            {
                var before = await RightsModel.ReadAsync(session, Unmade);
                await deed(session);
                var after = await RightsModel.ReadAsync(session, Unmade);
                foreach (var (right, until) in after.Entries)
                {
                    var had = Math.Max(Math.Max(before.Until(right), OfAll(before, right)), giver?.Invoke(before, right) ?? Of(before, who, right));
                    if (until > had)
                        throw new GrownException($"{right} until {until}, before {had}, by {who}");
                }
            });
        }

        // What somebody may give because they hold it, as far as their credential goes and as long as it lasts. Of what is everybody's there is nothing to give.
        static long Of(RightsModel model, Identity who, Held right)
        {
            if (who.Limit is { } limit && !limit.Rights.HasFlag(right.Right))
                return 0;
            var mine = model.Until(right with { Holder = new Holder(who.Kind == IdentityKind.Robot ? "robot" : "user", who.Id) });
            return Math.Min(mine, who.EndsAt ?? long.MaxValue);
        }

        // Everybody holds what everybody holds, and every user what every user does.
        static long OfAll(RightsModel model, Held right) => Math.Max(
            model.Until(right with { Holder = new Holder("everybody") }),
            right.Holder.Kind == "user" ? model.Until(right with { Holder = new Holder("users") }) : 0);

        Func<RightsModel, Held, long>? giver; // whose word it is, where that is not the asker's

        async Task DoAsync(DbSession session, Identity who, string way)
        {
            var spaces = await session.ListAsync(SpacesSql, row => (Id: row.GetInt64(0), Name: row.GetString(1)));
            var repositories = await session.ListAsync(RepositoriesSql, row => row.GetString(0));
            var space = random.Pick(spaces.ToArray());
            if (way == "accept offer" && await session.FindNumberAsync(OfferedSql) is { } offered)
                space = spaces.Find(one => one.Id == offered);
            var repository = RepositoryName.Parse(random.Pick(repositories.ToArray()));
            var rights = random.Pick("read", "write", "admin", "manage", "pull,manage", "push");
            var tags = rights is "write" or "admin" or "push" ? random.Pick(null, null, "dev-*") : null;
            var days = random.Pick<int?>(null, null, 1, 5);
            var user = random.Pick(askers.Where(asker => asker.Kind == IdentityKind.User).ToArray());
            var teams = await session.ListAsync(TeamsSql, row => row.GetString(0), space.Id);
            var bots = await session.ListAsync(RobotsSql, row => row.GetString(0), space.Id);
            var actor = new Actor(who.Name, null);
            switch (way)
            {
                case "grant":
                    var to = random.Next(3) switch { 0 => new GranteeNames(null, null, random.Pick(bots.ToArray())), 1 when teams.Count > 0 => new GranteeNames(null, teams[0], null), _ => new GranteeNames(user.Name, null, null) };
                    await SpaceGrants.AddAsync(session, who, actor, space.Name, new GrantWish(Target(space.Name), rights, tags, to), days);
                    break;
                case "grant again":
                    var ids = await session.ListAsync(GrantsSql, row => row.GetInt64(0), space.Id);
                    await SpaceGrants.ChangeAsync(session, who, actor, space.Name, random.Pick(ids.ToArray()), new GrantChange(rights, tags, days, random.Next(3) == 0));
                    break;
                case "default":
                    await SpaceGrants.AddDefaultAsync(session, who, actor, space.Name, new GrantWish(Target(space.Name), rights, tags, new GranteeNames(user.Name, null, null)), new GranteeNames(null, null, null));
                    // What it says of repositories that may be made: as if they were made now.
                    await session.ExecuteAsync(ApplyDefaultsSql, space.Id);
                    break;
                case "robot":
                    await robots.AddAsync(session, who, actor, space.Name, $"r{++names}", new GrantWish(Target(space.Name), rights, tags, new GranteeNames(null, null, null)), isKeyless: false, days);
                    break;
                case "robot secret":
                    // Who gets the secret is the robot from then on: they have to hold what it holds.
                    var robot = random.Pick(bots.ToArray());
                    await robots.SetSecretAsync(session, who, actor, space.Name, robot);
                    await RequireHoldsAsync(session, who, await session.FindNumberAsync(RobotIdSql, space.Id, robot) ?? 0);
                    break;
                case "robot end":
                    await SpaceRobots.SetExpiryAsync(session, who, actor, space.Name, random.Pick(bots.ToArray()), days);
                    break;
                case "member":
                    await SpaceTeams.AddMemberAsync(session, who, actor, space.Name, teams.Count > 0 ? random.Pick(teams.ToArray()) : "none", user.Name);
                    break;
                case "invite":
                    var toTeam = teams.Count > 0 && random.Next(2) == 0;
                    var model = await RightsModel.ReadAsync(session, Unmade);
                    var wish = toTeam
                        ? new InvitationWish(teams[0], null, null, null, null, null, false, 5, 7)
                        : new InvitationWish(null, Target(space.Name), rights, tags, days, null, false, 5, 7);
                    var (row, secret) = await SpaceInvitations.AddAsync(session, invitations, who, actor, space.Name, wish);
                    invited.Add((secret, row.Id, model, who));
                    break;
                case "accept invitation":
                    if (invited.Count == 0)
                        throw new AccountException(AccountProblem.Unknown, "nobody is invited yet");
                    var (text, _, inviter, inviting) = random.Pick(invited.ToArray());
                    // No more than the inviter could give when they invited, nor than they can give now.
                    giver = (now, right) => Math.Min(Of(inviter, inviting, right), Of(now, inviting with { Limit = null, EndsAt = null }, right));
                    await invitations.AcceptAsync(session, actor, text, user.Id);
                    break;
                case "link":
                    var link = new ShareLinkOrder(repository, null, random.Pick(1, 30), null);
                    await ShareLinks.AddAsync(session, who, actor, repository.Space, link, closed.Secret.Hash($"link {++names}"));
                    break;
                case "show":
                    var shown = new RepositoryWish(random.Pick(Visibility.Public, Visibility.Internal, Visibility.Private), null, null);
                    await RepositoryCare.ChangeAsync(session, who, actor, repository, shown);
                    break;
                case "show new":
                    await SpaceCare.ChangeAsync(session, who, actor, space.Name, random.Pick(Visibility.Public, Visibility.Internal, Visibility.Private), null, null);
                    break;
                case "move":
                    var below = random.Pick("", "/a", "/b");
                    await RepositoryCare.MoveAsync(session, who, actor, repository, RepositoryName.Parse($"{random.Pick(space.Name, repository.Space)}{below}/m{++names}"));
                    break;
                case "offer":
                    await RepositoryCare.OfferAsync(session, who, actor, repository, RepositoryName.Parse($"{space.Name}/o{++names}"));
                    break;
                case "accept offer":
                    var offers = (await RepositoryCare.ListOffersAsync(session, who, space.Name, new ListRequest())).Items;
                    if (offers.Count == 0)
                        throw new AccountException(AccountProblem.Unknown, "nothing is offered");
                    var offerer = new Identity(IdentityKind.User, offers[0].OffererId, offers[0].Offerer, false);
                    giver = (now, right) => Of(now, offerer, right);
                    await RepositoryCare.AcceptAsync(session, who, actor, space.Name, offers[0].Id);
                    break;
                case "rename":
                    await SpaceCare.RenameAsync(session, who, actor, space.Name, ClosedRegistry.NewName("space"));
                    break;
                default:
                    await SpaceCare.SetOwnerAsync(session, who, actor, space.Name, who.Name, asOrganization: random.Next(2) == 0);
                    break;
            }
        }

        static async Task RequireHoldsAsync(DbSession session, Identity who, long robot)
        {
            var model = await RightsModel.ReadAsync(session, Unmade);
            foreach (var (right, until) in model.Entries.Where(entry => entry.Key.Holder == new Holder("robot", robot)))
            {
                if (until > Of(model, who, right))
                    throw new GrownException($"{who} got the secret of robot {robot}, which holds {right} until {until}");
            }
        }

        /// <summary>Gives the stranger, or a friend of theirs, something, without asking whether they may.</summary>
        public async Task GiveAnywayAsync(DbSession session, string flaw)
        {
            var (id, name) = (await session.ListAsync(SpacesSql, row => (row.GetInt64(0), row.GetString(1))))[1];
            var space = (await SpaceTable.FindAsync(session, name))!;
            var (repository, actor, me) = (RepositoryName.Parse($"{name}/x"), new Actor(Stranger.Name, null), new Grantee(UserId: Stranger.Id));
            var order = new GrantOrder($"{name}/", Rights.Read, null);
            switch (flaw)
            {
                case "a right that the giver lacks":
                    await Grants.AddAsync(session, actor, space, order, me, null);
                    break;
                case "a right for longer":
                    var grant = await GrantTable.ListOverAsync(session, id, $"{name}/x");
                    await session.ExecuteAsync(ProlongSql, id);
                    Assert.NotEmpty(grant);
                    break;
                case "a robot for longer":
                    await session.ExecuteAsync(new Sql("update robots set expires_at = null"));
                    await session.ExecuteAsync(ProlongRobotsSql);
                    break;
                case "more visible":
                    await RepositorySettings.SetVisibilityAsync(session, actor, repository, Visibility.Public);
                    break;
                case "a member of a team":
                    var team = await session.FindNumberAsync(new Sql("select g.team_id from grants g where g.space_id = $1 and g.team_id is not null"), id)
                        ?? (await TeamTable.CreateAsync(session, id, "some"))!.Value;
                    await GrantTable.CreateAsync(session, id, $"{name}/", new Grantee(TeamId: team), Rights.Admin, null, null);
                    await TeamTable.AddMemberAsync(session, team, Stranger.Id);
                    break;
                case "an invitation for longer":
                    var invitation = new InvitationOrder(null, order, null, null, false, 1, 7);
                    await InvitationTable.CreateAsync(session, space, Stranger.Id, "hash", invitation, In(7), null);
                    break;
                case "a link":
                    await ShareLinkTable.CreateAsync(session, (await RepositoryTable.FindIdAsync(session, repository))!.Value, null, "hash", Stranger, In(7), null);
                    break;
                case "moved below a grant":
                    await GrantTable.CreateAsync(session, id, $"{name}/mine/", me, Rights.Read, null, null);
                    await session.ExecuteAsync(new Sql("update repositories set name = $2 where name = $1"), repository.Value, $"{name}/mine/x");
                    break;
                default:
                    await SpaceTable.SetOwnerAsync(session, id, Stranger.Id);
                    break;
            }
        }

        string Target(string space) => space + random.Pick("/", "/a/", "/b/", "/x", "/a/x");

        static long In(int days) => DateTimeOffset.UtcNow.AddDays(days).ToUnixTimeMilliseconds();

        static readonly Sql SpacesSql = new("select id, name from spaces where removed_at is null and id in (select space_id from teams) order by id");
        static readonly Sql RepositoriesSql = new("select name from repositories order by id");
        static readonly Sql OfferedSql = new("select max(space_id) from repository_offers");
        static readonly Sql TeamsSql = new("select name from teams where space_id = $1 order by id");
        static readonly Sql RobotsSql = new("select name from robots where space_id = $1 order by id");
        static readonly Sql RobotEndSql = new("select expires_at from robots where id = $1");
        static readonly Sql RobotIdSql = new("select id from robots where space_id = $1 and name = $2");
        static readonly Sql GrantsSql = new("select id from grants where space_id = $1 order by id");
        static readonly Sql AddRepositorySql = new("insert into repositories (name, space, visibility, created_at) values ($1, $2, $3, {now})");
        static readonly Sql ProlongSql = new("update grants set expires_at = null, rights = 31 where space_id = $1 and user_id is not null");
        static readonly Sql ProlongRobotsSql = new("update grants set expires_at = null, rights = 31 where robot_id is not null");

        static readonly Sql ApplyDefaultsSql = new("""
            insert into grants (space_id, target, user_id, rights, tags, created_at)
            select space_id, target, user_id, rights, tags, {now} from default_grants where space_id = $1 and user_id is not null
            """);
    }
}
