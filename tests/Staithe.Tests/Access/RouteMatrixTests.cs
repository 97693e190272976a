using System.Net;
using System.Text;
using Staithe.Accounts;
using Staithe.Door;
using Staithe.Oci;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Access;

/// <summary>Every endpoint and method, asked by everybody, in every way of saying who one is: what may be done, and how the rest is refused.</summary>
public sealed class RouteMatrixTests(ClosedRegistries registries)
{
    const string Octets = "application/octet-stream";
    const string Unknown = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    // The right that a request needs (p pull, w push, d delete), and what who has it is answered where the repository is there. Nothing in
    // here changes what the next request finds: what is to be deleted, mounted or finished is not there, which only who may is told.
    static readonly Request[] Requests =
    [
        new('p', "GET", "manifests/1", 200),
        new('p', "HEAD", "manifests/1", 200),
        new('p', "GET", "manifests/{manifest}", 200),
        new('p', "HEAD", "manifests/{manifest}", 200),
        new('p', "GET", "manifests/none", 404),
        new('p', "GET", "blobs/{blob}", 200),
        new('p', "HEAD", "blobs/{blob}", 200),
        new('p', "GET", $"blobs/{Unknown}", 404),
        new('p', "GET", "tags/list", 200),
        new('p', "HEAD", "tags/list", 200),
        new('p', "GET", "referrers/{manifest}", 200),
        new('p', "HEAD", "referrers/{manifest}", 200),
        new('w', "PUT", "manifests/2", 400),
        new('w', "PUT", $"manifests/{Unknown}", 400),
        new('w', "POST", "blobs/uploads/", 202),
        new('w', "POST", "blobs/uploads/?mount={blob}&from=no/such", 202),
        new('w', "POST", $"blobs/uploads/?digest={Unknown}", 400),
        new('w', "GET", "blobs/uploads/7d5f9f0e-2b1c-4c55-9c0a-0123456789ab", 404),
        new('w', "PATCH", "blobs/uploads/7d5f9f0e-2b1c-4c55-9c0a-0123456789ab", 404),
        new('w', "PUT", $"blobs/uploads/7d5f9f0e-2b1c-4c55-9c0a-0123456789ab?digest={Unknown}", 404),
        new('w', "DELETE", "blobs/uploads/7d5f9f0e-2b1c-4c55-9c0a-0123456789ab", 404),
        new('d', "DELETE", "manifests/none", 404),
        new('d', "DELETE", $"manifests/{Unknown}", 404),
        new('d', "DELETE", $"blobs/{Unknown}", 404),
        new('w', "POST", "manifests/1", 405),
        new('w', "PATCH", "tags/list", 405),
    ];

    // Who, and what they may do where it is public, internal, private and not there.
    static readonly (string Who, string Public, string Internal, string Private, string Missing)[] Callers =
    [
        ("anonymous", "p", "", "", ""),
        ("owner", "pwd", "pwd", "pwd", "pwd"),
        ("stranger", "p", "p", "", ""),
        ("reader", "p", "p", "p", "p"),
        ("writer", "pw", "pw", "pw", "pw"),
        ("admin", "pwd", "pwd", "pwd", "pwd"),
        ("member", "pw", "pw", "pw", "pw"),
        ("robot", "pw", "pw", "pw", "pw"),
        ("other robot", "p", "", "", ""),
        ("narrow", "p", "p", "p", "p"),
        ("former owner", "p", "p", "", ""),
        ("limited", "p", "", "", ""),
    ];

    [Theory, OnBothEngines]
    public async Task Everybody_gets_what_is_theirs_and_is_told_no_more(Engine engine)
    {
        Assert.Empty(await WrongAsync(await World.MakeAsync(await registries.GetAsync(engine))));
    }

    // The matrix must be able to see a fault: a server that derives one right from one route otherwise.
    [Theory]
    [InlineData("everybody may delete manifests")] // that who may push may is refused once more behind the gate, where tags are known
    [InlineData("who may push may delete blobs")]
    [InlineData("who may pull may delete blobs")]
    [InlineData("who may pull may push manifests")]
    [InlineData("who may pull may upload")]
    [InlineData("who may pull may end an upload")]
    [InlineData("everybody may ask for tags")]
    [InlineData("everybody may ask whether there is a blob")]
    [InlineData("referrers are for who may push")]
    [InlineData("a change needs no more than a read where the method is not known")]
    [Trait("Kind", "slow")]
    public async Task The_matrix_notices_a_rule_that_is_another(string flaw)
    {
        Rights Flawed(OciRoute route, string method) => (flaw, route, method) switch
        {
            ("everybody may delete manifests", OciRoute.Manifest, "DELETE") => Rights.None,
            ("who may push may delete blobs", OciRoute.Blob, "DELETE") => Rights.Push,
            ("who may pull may delete blobs", OciRoute.Blob, "DELETE") => Rights.Pull,
            ("who may pull may push manifests", OciRoute.Manifest, "PUT") => Rights.Pull,
            ("who may pull may upload", OciRoute.UploadStart, _) => Rights.Pull,
            ("who may pull may end an upload", OciRoute.Upload, "DELETE") => Rights.Pull,
            ("everybody may ask for tags", OciRoute.TagList, "GET") => Rights.None,
            ("everybody may ask whether there is a blob", OciRoute.Blob, "HEAD") => Rights.None,
            ("referrers are for who may push", OciRoute.ReferrerList, _) => Rights.Push,
            ("a change needs no more than a read where the method is not known", _, "POST" or "PATCH") => Rights.Pull,
            _ => Admission.Needed(route, method),
        };
        await using var closed = await ClosedRegistry.StartAsync(Engine.Sqlite, needs: Flawed);
        Assert.NotEmpty(await WrongAsync(await World.MakeAsync(closed)));
    }

    static async Task<List<string>> WrongAsync(World world)
    {
        var wrong = new List<string>();
        foreach (var (who, @public, @internal, @private, missing) in Callers)
        {
            foreach (var (place, rights) in ((string, string)[])[("public", @public), ("internal", @internal), ("private", @private), ("missing", missing),
                ("was public", @public), ("was internal", @internal), ("was private", @private), ("was in another space", @private)])
            {
                foreach (var way in who == "anonymous" ? (string[])["none", "Bearer"] : ["Basic", "Bearer"])
                {
                    var caller = await world.CallAsync(who, place, way);
                    foreach (var request in Requests)
                    {
                        using var response = await world.SendAsync(caller, request, place);
                        if (await ProblemAsync(world, response, request, place, who, rights) is { } problem)
                            wrong.Add($"{who} by {way} at {place}: {request.Method} {request.Path}: {problem}");
                    }
                }
            }
        }
        return wrong;
    }

    [Theory, OnBothEngines]
    public async Task What_one_may_not_see_is_answered_like_what_is_not_there(Engine engine)
    {
        var world = await World.MakeAsync(await registries.GetAsync(engine));
        foreach (var way in (string[])["Basic", "Bearer"])
        {
            var atPrivate = await world.CallAsync("stranger", "private", way);
            var atMissing = await world.CallAsync("stranger", "missing", way);
            foreach (var request in Requests)
            {
                using var there = await world.SendAsync(atPrivate, request, "private");
                using var nowhere = await world.SendAsync(atMissing, request, "missing");
                Assert.Equal(await TraceAsync(nowhere, world.Names["missing"]), await TraceAsync(there, world.Names["private"]));
            }
        }
        // nor does a space that nobody has answer otherwise
        // By a name that it had before, what one may not see is not there either.
        foreach (var was in (string[])["was private", "was in another space"])
        {
            foreach (var way in (string[])["Basic", "Bearer"])
            {
                var caller = await world.CallAsync("stranger", was, way);
                var atMissing = await world.CallAsync("stranger", "missing", way);
                foreach (var request in Requests)
                {
                    using var there = await world.SendAsync(caller, request, was);
                    using var nowhere = await world.SendAsync(atMissing, request, "missing");
                    Assert.Equal(await TraceAsync(nowhere, world.Names["missing"]), await TraceAsync(there, world.Names[was]));
                }
            }
        }
        using var noSpace = await world.Registry.As(world.Accounts["stranger"]).GetAsync("/v2/nobody-has-this/app/tags/list");
        using var hidden = await world.Registry.As(world.Accounts["stranger"]).GetAsync($"/v2/{world.Names["private"]}/tags/list");
        Assert.Equal(await TraceAsync(noSpace, "nobody-has-this/app"), await TraceAsync(hidden, world.Names["private"]));
    }

    [Theory, OnBothEngines]
    public async Task Anonymous_callers_get_the_same_challenge_wherever_they_may_not_go(Engine engine)
    {
        var world = await World.MakeAsync(await registries.GetAsync(engine));
        foreach (var request in Requests)
        {
            using var there = await world.SendAsync(world.Closed.Registry.As(null), request, "private");
            using var nowhere = await world.SendAsync(world.Closed.Registry.As(null), request, "missing");
            using var moved = await world.SendAsync(world.Closed.Registry.As(null), request, "was in another space");
            Assert.Equal(await TraceAsync(nowhere, world.Names["missing"]), await TraceAsync(there, world.Names["private"]));
            Assert.Equal(await TraceAsync(nowhere, world.Names["missing"]), await TraceAsync(moved, world.Names["was in another space"]));
        }
    }

    [Theory, OnBothEngines]
    public async Task The_base_is_for_who_has_said_who_they_are(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var user = await closed.AddTokenAsync(await closed.AddUserAsync());
        foreach (var method in (HttpMethod[])[HttpMethod.Get, HttpMethod.Head])
        {
            using var anonymous = await closed.Registry.As(null).SendAsync(method, "/v2/");
            await anonymous.ExpectAsync(HttpStatusCode.Unauthorized);
            Assert.Equal($"Bearer realm=\"http://{closed.Registry.Authority}/v2/auth\",service=\"{closed.Registry.Authority}\"", anonymous.Header("WWW-Authenticate"));
            using var basic = await closed.As(user).SendAsync(method, "/v2/");
            await basic.ExpectAsync(HttpStatusCode.OK);
            using var bearer = await (await closed.WithTokenAsync(user)).SendAsync(method, "/v2/");
            await bearer.ExpectAsync(HttpStatusCode.OK);
            using var nobody = await (await closed.WithTokenAsync(null)).SendAsync(method, "/v2/");
            await nobody.ExpectAsync(HttpStatusCode.OK);
        }
        using var posted = await closed.As(user).SendAsync(HttpMethod.Post, "/v2/", []);
        await posted.ExpectErrorAsync(HttpStatusCode.MethodNotAllowed, "UNSUPPORTED");
    }

    [Theory, OnBothEngines]
    public async Task The_catalog_has_what_the_caller_may_pull(Engine engine)
    {
        var world = await World.MakeAsync(await registries.GetAsync(engine));
        using (var anonymous = await world.Closed.Registry.As(null).GetAsync("/v2/_catalog"))
        {
            await anonymous.ExpectErrorAsync(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
            Assert.EndsWith(",scope=\"registry:catalog:*\"", anonymous.Header("WWW-Authenticate")!, StringComparison.Ordinal);
        }
        foreach (var (who, expected) in ((string, string)[])[("anonymous", "public"), ("stranger", "public internal"), ("reader", "public internal private"), ("owner", "public internal private"), ("other robot", "public"), ("robot", "public internal private"), ("narrow", "public internal private"), ("limited", "public")])
        {
            var account = world.Accounts.GetValueOrDefault(who);
            foreach (var caller in (Registry[])[await world.Closed.WithTokenAsync(account, "registry:catalog:*"), .. account is null ? (Registry[])[] : [world.Closed.As(account)]])
            {
                using var response = await caller.GetAsync("/v2/_catalog");
                await response.ExpectAsync(HttpStatusCode.OK);
                var listed = (await response.JsonAsync()).GetProperty("repositories").EnumerateArray().Select(name => name.GetString()!).ToHashSet();
                Assert.Equal(expected.Split(' '), ((string[])["public", "internal", "private", "missing"]).Where(place => listed.Contains(world.Names[place])));
            }
        }
    }

    [Theory, OnBothEngines]
    public async Task What_was_pulled_lately_is_still_not_for_everybody(Engine engine)
    {
        var world = await World.MakeAsync(await registries.GetAsync(engine));
        var paths = (string[])[$"/v2/{world.Names["private"]}/manifests/1", $"/v2/{world.Names["private"]}/blobs/{world.Blob}"];
        foreach (var path in paths)
        {
            for (var i = 0; i < 2; i++)
            {
                using var owner = await world.Registry.As(world.Accounts["owner"]).GetAsync(path);
                await owner.ExpectAsync(HttpStatusCode.OK);
                using var withToken = await (await world.CallAsync("owner", "private", "Bearer")).GetAsync(path);
                await withToken.ExpectAsync(HttpStatusCode.OK);
            }
            using var anonymous = await world.Closed.Registry.As(null).GetAsync(path);
            await anonymous.ExpectAsync(HttpStatusCode.Unauthorized);
            using var stranger = await (await world.CallAsync("stranger", "private", "Bearer")).GetAsync(path);
            await stranger.ExpectErrorAsync(HttpStatusCode.NotFound, "NAME_UNKNOWN");
            using var other = await (await world.CallAsync("owner", "public", "Bearer")).GetAsync(path);
            await other.ExpectAsync(HttpStatusCode.Unauthorized);
        }
    }

    [Theory, OnBothEngines]
    public async Task A_repository_that_becomes_private_is_private_at_once_for_who_has_no_token(Engine engine)
    {
        var world = await World.MakeAsync(await registries.GetAsync(engine));
        var path = $"/v2/{world.Names["public"]}/manifests/1";
        for (var i = 0; i < 3; i++)
        {
            using var before = await world.Closed.Registry.As(null).GetAsync(path);
            await before.ExpectAsync(HttpStatusCode.OK);
        }
        await world.Closed.SetVisibilityAsync(world.Names["public"], Visibility.Private);
        await Eventually.AnswersAsync(HttpStatusCode.Unauthorized, () => world.Closed.Registry.As(null).GetAsync(path));
        await world.Closed.SetVisibilityAsync(world.Names["public"], Visibility.Public);
        await Eventually.AnswersAsync(HttpStatusCode.OK, () => world.Closed.Registry.As(null).GetAsync(path));
    }

    static async Task<string?> ProblemAsync(World world, HttpResponseMessage response, Request request, string place, string who, string rights)
    {
        var status = (int)response.StatusCode;
        // Who may know where it is now is told so, and nobody else.
        var warning = world.Present.TryGetValue(place, out var present) && rights.Contains(request.Needs, StringComparison.Ordinal) ? $"299 - \"{world.Names[place]} is called {world.Names[present]} now: use that name\"" : null;
        if (response.Header("Warning") != warning)
            return $"the warning is {response.Header("Warning")}, not {warning}";
        if (rights.Contains(request.Needs, StringComparison.Ordinal))
        {
            var expected = place != "missing" ? request.Status : request.Needs == 'p' ? (request.Path.StartsWith("referrers", StringComparison.Ordinal) ? 200 : 404) : request.Status;
            return status == expected ? null : $"{status}, not {expected}";
        }
        if (status < 400)
            return $"{status}, and they may not";
        var code = request.Method == "HEAD" ? "" : (await response.JsonAsync()).GetProperty("errors")[0].GetProperty("code").GetString();
        if (who == "anonymous")
        {
            var actions = request.Needs switch { 'p' => "pull", 'd' => "delete", _ => "pull,push" };
            var source = request.Path.EndsWith("&from=no/such", StringComparison.Ordinal) ? " repository:no/such:pull" : "";
            var challenge = $"Bearer realm=\"http://{world.Closed.Registry.Authority}/v2/auth\",service=\"{world.Closed.Registry.Authority}\",scope=\"repository:{world.Names[place]}:{actions}{source}\"";
            return status == 401 && code is "" or "UNAUTHORIZED" && response.Header("WWW-Authenticate") == challenge ? null : $"{status} {code} {response.Header("WWW-Authenticate")}";
        }
        var refusal = request.Needs == 'p' ? (404, "NAME_UNKNOWN") : (403, "DENIED");
        if (who == "narrow" && (status, code) == (401, "UNAUTHORIZED"))
            return "the token's owner may, and the token never";
        return (status, code) == refusal || (code == "" && status == refusal.Item1) ? null : $"{status} {code}, not {refusal}";
    }

    // All that a caller can see of an answer, with the one name that differs taken out.
    static async Task<string> TraceAsync(HttpResponseMessage response, string name)
    {
        var headers = response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated)
            .Where(header => header.Key is not ("Date" or "Content-Length"))
            .Select(header => $"{header.Key}: {string.Join(", ", header.Value)}").Order(StringComparer.Ordinal);
        var text = $"{(int)response.StatusCode}\n{string.Join('\n', headers)}\n{Encoding.UTF8.GetString(await response.BytesAsync())}";
        return text.Replace(name, "NAME", StringComparison.Ordinal)
            .Replace($"/{name.Split('/')[^1]}.", "/LEAF.", StringComparison.Ordinal) // of a name that a refusal advises
            .Replace(name.Split('/')[0], "SPACE", StringComparison.Ordinal);
    }

    sealed record Request(char Needs, string Method, string Path, int Status);

    /// <summary>A repository of each visibility, and accounts with each kind of right to them.</summary>
    sealed record World(ClosedRegistry Closed, Dictionary<string, string> Names, Dictionary<string, Account> Accounts, string Blob, string Manifest)
    {
        readonly Dictionary<(string Who, string Place), Registry> withTokens = [];

        /// <summary>The places that are others under the names that they had before.</summary>
        public Dictionary<string, string> Present { get; } = new() { ["was public"] = "public", ["was internal"] = "internal", ["was private"] = "private", ["was in another space"] = "private" };

        public ClosedRegistry Registry => Closed;

        public static async Task<World> MakeAsync(ClosedRegistry closed)
        {
            var owner = await closed.AddUserAsync("owner");
            var names = ((string[])["public", "internal", "private", "missing"]).ToDictionary(place => place, place => $"{owner.Name}/{(place == "missing" ? "private2" : place)}");
            var accounts = new Dictionary<string, Account> { ["owner"] = owner, ["stranger"] = await closed.AddTokenAsync(await closed.AddUserAsync("stranger")) };
            foreach (var (who, rights) in ((string, Rights)[])[("reader", Rights.Read), ("writer", Rights.Write), ("admin", Rights.Admin)])
            {
                var user = await closed.AddUserAsync(who);
                await closed.GrantAsync(owner.SpaceId, $"{owner.Name}/", new Grantee(UserId: user.Id), rights);
                accounts[who] = await closed.AddTokenAsync(user);
            }
            var member = await closed.AddUserAsync("member");
            var team = await closed.AddTeamAsync(owner.SpaceId, member);
            await closed.GrantAsync(owner.SpaceId, $"{owner.Name}/", new Grantee(TeamId: team), Rights.Write);
            accounts["member"] = await closed.AddTokenAsync(member);
            var robot = await closed.AddRobotAsync(owner.SpaceId, owner.Name);
            await closed.GrantAsync(owner.SpaceId, $"{owner.Name}/", new Grantee(RobotId: robot.Id), Rights.Write);
            accounts["robot"] = robot;
            accounts["other robot"] = await closed.AddRobotAsync(owner.SpaceId, owner.Name);
            accounts["narrow"] = await closed.AddTokenAsync(owner, Rights.Read, $"{owner.Name}/");
            accounts["limited"] = await closed.AddTokenAsync(owner, Rights.Admin, $"{owner.Name}/other/");

            var pusher = closed.As(owner);
            var (blob, manifest) = ("", "");
            var former = await closed.AddUserAsync("former");
            foreach (var was in (string[])["was public", "was internal", "was private"])
                names[was] = $"{owner.Name}/{was.Replace(' ', '-')}";
            names["was in another space"] = $"{former.Name}/private"; // whose owner has no right where it is now
            accounts["former owner"] = await closed.AddTokenAsync(former);
            foreach (var place in (string[])["public", "internal", "private"])
            {
                blob = await pusher.PushBlobAsync(names[place], "{}"u8.ToArray());
                var image = RegistryClient.ImageManifest(blob, 2, []);
                using var pushed = await pusher.PutManifestAsync(names[place], "1", image);
                await pushed.ExpectAsync(HttpStatusCode.Created);
                manifest = Harness.Registry.Digest(image);
            }
            await closed.ChangeAsync(async session =>
            {
                foreach (var place in (string[])["public", "internal", "private"])
                    await session.ExecuteAsync(AddAliasSql, names[$"was {place}"], owner.Name, names[place]);
                await session.ExecuteAsync(AddAliasSql, names["was in another space"], former.Name, names["private"]);
            });
            await closed.SetVisibilityAsync(names["internal"], Visibility.Internal);
            await closed.SetVisibilityAsync(names["public"], Visibility.Public);
            await Eventually.AnswersAsync(HttpStatusCode.OK, () => closed.Registry.As(null).GetAsync($"/v2/{names["public"]}/tags/list"));
            return new World(closed, names, accounts, blob, manifest);
        }

        static readonly Database.Sql AddAliasSql = new("insert into repository_aliases (name, space, repo_id, created_at) select $1, $2, id, 0 from repositories where name = $3");

        public async Task<Registry> CallAsync(string who, string place, string way)
        {
            var account = Accounts.GetValueOrDefault(who);
            if (way is "none" or "Basic")
                return Closed.Registry.As(account?.Basic);
            return withTokens.TryGetValue((who, place), out var known)
                ? known
                : withTokens[(who, place)] = await Closed.WithTokenAsync(account, $"repository:{Names[place]}:pull,push,delete");
        }

        public Task<HttpResponseMessage> SendAsync(Registry caller, Request request, string place)
        {
            var path = request.Path.Replace("{blob}", Blob, StringComparison.Ordinal).Replace("{manifest}", Manifest, StringComparison.Ordinal);
            var hasBody = request.Method is "PUT" or "POST" or "PATCH";
            return caller.SendAsync(new HttpMethod(request.Method), $"/v2/{Names[place]}/{path}", hasBody ? "?"u8.ToArray() : null, hasBody ? Octets : null);
        }
    }
}
