using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Config;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Ldap;

/// <summary>Signing in with a password that a directory keeps: a real one.</summary>
[Trait("Kind", "client")]
public sealed class LdapSignInTests(Slapd slapd) : IClassFixture<Slapd>
{
    static int people;

    [Theory, OnBothEngines]
    public async Task Whoever_the_directory_knows_can_sign_in_everywhere(Engine engine)
    {
        var uid = await AddPersonAsync();
        await using var registry = await Registry.StartAsync(engine, slapd.Configure);
        var basic = ClosedRegistry.Basic(uid, Slapd.Password(uid));
        await ExpectAsync(HttpStatusCode.OK, registry.As(basic).GetAsync("/v2/"));
        await ExpectAsync(HttpStatusCode.OK, registry.As(basic).GetAsync("/api/v1/me"));
        using var asked = await registry.As(basic).GetAsync($"/v2/auth?service={registry.Authority}&offline_token=true&scope=repository:{uid}/app:pull,push");
        await asked.ExpectAsync(HttpStatusCode.OK);
        var token = await asked.JsonAsync();
        await registry.As($"Bearer {token.GetProperty("token").GetString()}").PushImageAsync($"{uid}/app", "1");
        await ExpectAsync(HttpStatusCode.OK, registry.As(basic).GetAsync($"/v2/{uid}/app/manifests/1"));
        var form = $"grant_type=refresh_token&service={registry.Authority}&refresh_token={token.GetProperty("refresh_token").GetString()}";
        await ExpectAsync(HttpStatusCode.OK, registry.As(null).SendAsync(HttpMethod.Post, "/v2/auth", System.Text.Encoding.ASCII.GetBytes(form), "application/x-www-form-urlencoded"));

        using (var browser = new Browser(registry.Url))
            await browser.SignInAsync(uid, Slapd.Password(uid));

        // however the name is written, it is the same account
        await ExpectAsync(HttpStatusCode.OK, registry.As(ClosedRegistry.Basic(uid.ToUpperInvariant(), Slapd.Password(uid))).GetAsync($"/v2/{uid}/app/manifests/1"));
        Assert.Equal(["user.add", "user.link", "sign-in", "sign-in"], await ActionsAsync(registry, uid)); // of the refresh token, and of the browser

        // and its password is not kept here
        using var changed = await registry.As(basic).SendAsync(HttpMethod.Put, "/api/v1/me/password", System.Text.Encoding.UTF8.GetBytes($$"""{"old":"{{Slapd.Password(uid)}}","new":"another password"}"""), "application/json");
        await changed.ExpectAsync(HttpStatusCode.Forbidden);
        await registry.StopAsync();
        Assert.DoesNotContain("of the directory\"", registry.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(Slapd.Password(uid), registry.Log, StringComparison.Ordinal);
    }

    [Theory, OnBothEngines]
    public async Task Whatever_is_wrong_is_answered_the_same(Engine engine)
    {
        var (uid, mail) = (await AddPersonAsync(), $"we(i*r)d\\{Guid.NewGuid():N}@example.org");
        var weird = await AddPersonAsync(mail);
        await using var registry = await Registry.StartAsync(engine, config => slapd.Configure(config) with { LdapUserFilter = "(&(objectClass=inetOrgPerson)(|(uid={name})(mail={name})))" });
        var password = Slapd.Password(uid);
        var (answers, times, address) = (new HashSet<string>(), new List<double>(), 1);
        foreach (var (name, secret) in ((string, string)[])
        [
            (uid, "wrong"), (uid, ""), ("nobody-of-that-name", password), ("", password), ("*", password), ($"{uid[..^1]}*", password), ("*)(uid=*", password), ($"{uid})(objectClass=*", password), ($"{uid})(|(uid=*", password),
            ("\\2a", password), ($"{uid}\\00", password), ("(", password), ("{name}", password), ($"uid={uid},{Slapd.People}", password), ("\\", password), (mail.Replace('i', '*'), Slapd.Password(weird)), (uid, new string('x', 5000)), (new string('x', 5000), password),
        ])
        {
            var started = Stopwatch.GetTimestamp();
            using var response = await registry.As(ClosedRegistry.Basic(name, secret), $"127.0.5.{++address}").GetAsync("/v2/");
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            Assert.True(response.StatusCode == HttpStatusCode.Unauthorized, $"{name} with {secret}: {response.StatusCode}");
            answers.Add(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
        Assert.Single(answers);
        Assert.All(times, time => Assert.InRange(time, 490, 20_000)); // each when the half second is full
        await ExpectAsync(HttpStatusCode.OK, registry.As(ClosedRegistry.Basic(uid, password)).GetAsync("/v2/"));
        await ExpectAsync(HttpStatusCode.OK, registry.As(ClosedRegistry.Basic(mail, Slapd.Password(weird))).GetAsync("/v2/"));
    }

    [Theory, OnBothEngines]
    public async Task Teams_follow_the_groups_and_leave_alone_what_a_person_has_done(Engine engine)
    {
        var (uid, group, other) = (await AddPersonAsync(), $"developers{Guid.NewGuid():N}", $"others{Guid.NewGuid():N}");
        await slapd.AddGroupAsync(group);
        await slapd.AddGroupAsync(other, uid);
        await using var registry = await Registry.StartAsync(engine, config => slapd.Configure(config) with { LdapTeams = [$"{group}=team/dev", $"CN={other},{Slapd.Groups}=team/ops", $"{group}=nowhere/dev"] });
        await registry.App.Users.AddAsync(Actor.Shell, "alice", "correct horse", isAdmin: false, TestContext.Current.CancellationToken);
        var teams = await registry.App.Database.WriteAsync(
            async session =>
            {
                var space = await Spaces.AddOrganizationAsync(session, Actor.Shell, (await Users.FindAsync(session, "alice")).Id, "team", Visibility.Private);
                var ids = new Dictionary<string, long>();
                foreach (var name in (string[])["dev", "ops", "hand"])
                    ids[name] = (await TeamTable.CreateAsync(session, space.Id, name))!.Value;
                await GrantTable.CreateAsync(session, space.Id, "team/", new Grantee(TeamId: ids["dev"]), Rights.Write, null, null);
                return ids;
            },
            TestContext.Current.CancellationToken);
        var who = registry.As(ClosedRegistry.Basic(uid, Slapd.Password(uid)));
        await ExpectAsync(HttpStatusCode.OK, who.GetAsync("/v2/"));
        Assert.Equal(["ops"], await TeamsAsync(registry, teams, uid));
        await ExpectAsync(HttpStatusCode.Forbidden, who.SendAsync(HttpMethod.Post, "/v2/team/app/blobs/uploads/", []));

        var user = await registry.App.Database.ReadAsync(session => Users.FindAsync(session, uid), TestContext.Current.CancellationToken);
        await registry.App.Database.WriteAsync(session => TeamTable.AddMemberAsync(session, teams["hand"], user.Id), TestContext.Current.CancellationToken);
        await slapd.AddMemberAsync(group, uid);
        await slapd.RemoveMemberAsync(other, uid);
        await ForgetAsync(registry);
        await ExpectAsync(HttpStatusCode.Accepted, who.SendAsync(HttpMethod.Post, "/v2/team/app/blobs/uploads/", []));
        Assert.Equal(["dev", "hand"], await TeamsAsync(registry, teams, uid));

        await slapd.RemoveMemberAsync(group, uid);
        await ForgetAsync(registry);
        await ExpectAsync(HttpStatusCode.Forbidden, who.SendAsync(HttpMethod.Post, "/v2/team/app/blobs/uploads/", []));
        Assert.Equal(["hand"], await TeamsAsync(registry, teams, uid));
        Assert.Equal(["user.add", "user.link", "team.member.add", "team.member.add", "team.member.remove", "team.member.remove"], await ActionsAsync(registry, uid));

        // nothing has changed since, so nothing is told that it has
        var epoch = await EpochAsync(registry);
        await ExpectAsync(HttpStatusCode.OK, registry.As(ClosedRegistry.Basic(uid.ToUpperInvariant(), Slapd.Password(uid))).GetAsync("/v2/"));
        Assert.Equal(epoch, await EpochAsync(registry));
    }

    [Fact]
    public async Task The_last_owner_stays_one_whatever_the_directory_says()
    {
        var (uid, group) = (await AddPersonAsync(), $"owners{Guid.NewGuid():N}");
        await slapd.AddGroupAsync(group, uid);
        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => slapd.Configure(config) with { LdapTeams = [$"{group}=team/owners"] });
        await registry.App.Users.AddAsync(Actor.Shell, "alice", "correct horse", isAdmin: false, TestContext.Current.CancellationToken);
        var space = await registry.App.Database.WriteAsync(async session => await Spaces.AddOrganizationAsync(session, Actor.Shell, (await Users.FindAsync(session, "alice")).Id, "team", Visibility.Private), TestContext.Current.CancellationToken);
        var who = registry.As(ClosedRegistry.Basic(uid, Slapd.Password(uid)));
        await ExpectAsync(HttpStatusCode.OK, who.GetAsync("/api/v1/spaces/team/audit"));
        await ExpectAsync(HttpStatusCode.NoContent, who.DeleteAsync("/api/v1/spaces/team/teams/owners/members/alice"));
        await slapd.RemoveMemberAsync(group, uid);
        await ForgetAsync(registry);
        await ExpectAsync(HttpStatusCode.OK, who.GetAsync("/api/v1/spaces/team/audit"));
        Assert.Equal("team", space.Name);
    }

    [Theory, OnBothEngines]
    public async Task An_account_belongs_to_one_entry_and_to_nobody_else(Engine engine)
    {
        var (local, uid, disabled) = (await AddPersonAsync(), await AddPersonAsync(), await AddPersonAsync());
        await using var registry = await Registry.StartAsync(engine, slapd.Configure);
        var cancel = TestContext.Current.CancellationToken;

        // who has a password here has no other one
        await registry.App.Users.AddAsync(Actor.Shell, local, "correct horse", isAdmin: false, cancel);
        await ExpectAsync(HttpStatusCode.OK, registry.As(ClosedRegistry.Basic(local, "correct horse")).GetAsync("/v2/"));
        await ExpectAsync(HttpStatusCode.Unauthorized, registry.As(ClosedRegistry.Basic(local, Slapd.Password(local)), "127.0.6.1").GetAsync("/v2/"));
        await ExpectAsync(HttpStatusCode.Unauthorized, registry.As(ClosedRegistry.Basic(local.ToUpperInvariant(), Slapd.Password(local)), "127.0.6.2").GetAsync("/v2/"));

        // who is given the name of somebody who has gone is not that somebody
        var basic = ClosedRegistry.Basic(uid, Slapd.Password(uid));
        await ExpectAsync(HttpStatusCode.OK, registry.As(basic).GetAsync("/v2/"));
        await slapd.RemovePersonAsync(uid);
        await ForgetAsync(registry);
        await ExpectAsync(HttpStatusCode.Unauthorized, registry.As(basic, "127.0.6.3").GetAsync("/v2/"));
        await slapd.AddPersonAsync(uid);
        await ExpectAsync(HttpStatusCode.Unauthorized, registry.As(basic, "127.0.6.4").GetAsync("/v2/"));

        var off = ClosedRegistry.Basic(disabled, Slapd.Password(disabled));
        await ExpectAsync(HttpStatusCode.OK, registry.As(off).GetAsync("/v2/"));
        await registry.App.Users.SetDisabledAsync(Actor.Shell, disabled, disabled: true, cancel);
        await ExpectAsync(HttpStatusCode.Unauthorized, registry.As(off, "127.0.6.5").GetAsync("/v2/"));
        await registry.App.Users.SetDisabledAsync(Actor.Shell, disabled, disabled: false, cancel);
        await ExpectAsync(HttpStatusCode.OK, registry.As(off).GetAsync("/v2/"));
    }

    [Theory, OnBothEngines]
    public async Task Where_accounts_are_made_by_hand_nobody_else_comes_in(Engine engine)
    {
        var (uid, stranger) = (await AddPersonAsync(), await AddPersonAsync());
        await using var registry = await Registry.StartAsync(engine, config => slapd.Configure(config) with { LdapNewAccounts = false });
        await registry.App.Users.AddAsync(Actor.Shell, uid, null, isAdmin: false, TestContext.Current.CancellationToken);
        await ExpectAsync(HttpStatusCode.OK, registry.As(ClosedRegistry.Basic(uid, Slapd.Password(uid))).GetAsync("/v2/"));
        await ExpectAsync(HttpStatusCode.Unauthorized, registry.As(ClosedRegistry.Basic(stranger, Slapd.Password(stranger)), "127.0.6.6").GetAsync("/v2/"));
        Assert.Null(await registry.App.Database.ReadAsync(session => UserTable.FindAsync(session, stranger), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Connections_are_encrypted_and_the_directory_shows_who_it_is()
    {
        var uid = await AddPersonAsync();
        foreach (var (url, startTls, authority, expected) in ((string, bool, string?, HttpStatusCode)[])
        [
            (slapd.Url, true, slapd.Authority, HttpStatusCode.OK), (slapd.TlsUrl, true, slapd.Authority, HttpStatusCode.OK),
            (slapd.Url, true, slapd.OtherAuthority, HttpStatusCode.ServiceUnavailable), (slapd.TlsUrl, true, slapd.OtherAuthority, HttpStatusCode.ServiceUnavailable),
            (slapd.Url, true, null, HttpStatusCode.ServiceUnavailable), (slapd.TlsUrl, true, null, HttpStatusCode.ServiceUnavailable),
            (slapd.TlsUrl.Replace("127.0.0.1", "localhost", StringComparison.Ordinal), true, slapd.Authority, HttpStatusCode.ServiceUnavailable), // not what its certificate says
            (slapd.TlsUrl.Replace("ldaps", "ldap", StringComparison.Ordinal), false, slapd.Authority, HttpStatusCode.ServiceUnavailable),
        ])
        {
            await using var registry = await Registry.StartAsync(Engine.Sqlite, config => slapd.Configure(config) with { LdapUrl = url, LdapStartTls = startTls, LdapCertificates = authority });
            using var response = await registry.As(ClosedRegistry.Basic(uid, Slapd.Password(uid))).GetAsync("/v2/");
            Assert.True(response.StatusCode == expected, $"{url} with {authority}: {response.StatusCode}\n{registry.Log}");
        }
    }

    [Theory]
    [InlineData("nobody listens")]
    [InlineData("nobody answers")]
    [InlineData("somebody else answers")]
    [InlineData("an answer has no end")]
    [InlineData("an answer is another request's")]
    [InlineData("an answer is another kind's")]
    [InlineData("an answer is no BER")]
    [InlineData("it closes")]
    public async Task While_the_directory_is_away_those_with_a_password_here_get_in_and_the_others_are_told_to_wait(string how)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var url = $"ldap://{listener.LocalEndpoint}";
        if (how == "nobody listens")
            listener.Stop();
        var serving = how == "nobody listens" ? Task.CompletedTask : ServeAsync(listener, how);
        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => slapd.Configure(config) with { LdapUrl = url, LdapSeconds = 1 });
        await registry.App.Users.AddAsync(Actor.Shell, "root", "correct horse", isAdmin: true, TestContext.Current.CancellationToken);
        foreach (var path in (string[])["/v2/", "/v2/auth", "/api/v1/me"])
        {
            using var response = await registry.As(ClosedRegistry.Basic("alice", "whatever it is")).GetAsync(path);
            await response.ExpectAsync(HttpStatusCode.ServiceUnavailable);
            Assert.InRange(int.Parse(response.Header("Retry-After")!, System.Globalization.CultureInfo.InvariantCulture), 1, 10);
            await ExpectAsync(HttpStatusCode.OK, registry.As(ClosedRegistry.Basic("root", "correct horse")).GetAsync(path));
        }
        using (var browser = new Browser(registry.Url))
        {
            using var page = await browser.PostAsync("/login", ("name", "alice"), ("password", "whatever it is"));
            await page.ExpectAsync(HttpStatusCode.ServiceUnavailable);
        }
        // which names have a password here does not show
        await ExpectAsync(HttpStatusCode.ServiceUnavailable, registry.As(ClosedRegistry.Basic("root", "wrong")).GetAsync("/v2/"));
        await registry.StopAsync();
        Assert.Contains("nobody can sign in with the directory now", registry.Log, StringComparison.Ordinal);
        listener.Stop();
        await serving;
    }

    [Fact]
    public async Task Whoever_guesses_has_to_wait()
    {
        var uid = await AddPersonAsync();
        await using var registry = await Registry.StartAsync(Engine.Sqlite, slapd.Configure);
        for (var i = 0; i < 10; i++)
            await ExpectAsync(HttpStatusCode.Unauthorized, registry.As(ClosedRegistry.Basic(uid, $"guess {i}")).GetAsync("/v2/"));
        using var busy = await registry.As(ClosedRegistry.Basic(uid, "guess 10")).GetAsync("/v2/");
        await busy.ExpectErrorAsync(HttpStatusCode.TooManyRequests, "TOOMANYREQUESTS");
    }

    static async Task ServeAsync(TcpListener listener, string how)
    {
        var held = new List<TcpClient>();
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
                held.Add(client);
                byte[]? answer = how switch
                {
                    "somebody else answers" => "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"u8.ToArray(),
                    "an answer has no end" => [0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x02, 0x01, 0x01],
                    "an answer is another request's" => [0x30, 0x0c, 0x02, 0x01, 0x63, 0x61, 0x07, 0x0a, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00],
                    "an answer is another kind's" => [0x30, 0x0c, 0x02, 0x01, 0x01, 0x65, 0x07, 0x0a, 0x01, 0x00, 0x04, 0x00, 0x04, 0x00],
                    "an answer is no BER" => [0x30, 0x06, 0x02, 0x01, 0x01, 0x61, 0x7f, 0x00],
                    _ => null,
                };
                if (answer is not null)
                    await client.GetStream().WriteAsync(answer, TestContext.Current.CancellationToken);
                else if (how == "it closes")
                    client.Close();
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            held.ForEach(client => client.Dispose());
        }
    }

    async Task<string> AddPersonAsync(string? mail = null)
    {
        var uid = $"person{Interlocked.Increment(ref people)}";
        await slapd.AddPersonAsync(uid, mail);
        return uid;
    }

    // Any change of accounts ends what was remembered of all.
    static Task<long> ForgetAsync(Registry registry) => registry.App.Users.AddAsync(Actor.Shell, $"new{Interlocked.Increment(ref people)}", null, isAdmin: false, TestContext.Current.CancellationToken);

    static async Task<List<string>> TeamsAsync(Registry registry, Dictionary<string, long> teams, string user)
    {
        var of = new List<string>();
        foreach (var (name, id) in teams)
        {
            if ((await registry.App.Database.ReadAsync(session => TeamTable.FindMemberAsync(session, id, user), TestContext.Current.CancellationToken)) is not null)
                of.Add(name);
        }
        return of;
    }

    static async Task<List<string>> ActionsAsync(Registry registry, string actor) => [.. (await registry.App.Database.ReadAsync(session => AuditTable.ListOldestAsync(session, null, 0, 1000), TestContext.Current.CancellationToken))
        .Where(line => line.Actor == actor && !line.Action.StartsWith("manifest", StringComparison.Ordinal) && !line.Action.StartsWith("tag", StringComparison.Ordinal) && line.Outcome == "done").Select(line => line.Action)];

    static Task<long?> EpochAsync(Registry registry) => registry.App.Database.ReadAsync(session => session.FindNumberAsync(EpochSql), TestContext.Current.CancellationToken);

    static async Task ExpectAsync(HttpStatusCode status, Task<HttpResponseMessage> sending)
    {
        using var response = await sending;
        await response.ExpectAsync(status);
    }

    static readonly Database.Sql EpochSql = new("select max(id) from events where kind = 'rights'");
}
