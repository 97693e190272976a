using System.Buffers.Text;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Database;
using Staithe.Oci;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Access;

/// <summary>How one gets a token, what it is good for, and what is no token.</summary>
public sealed class TokenTests(ClosedRegistries registries)
{
    [Theory, OnBothEngines]
    public async Task A_token_is_given_in_the_words_of_both_specifications(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var user = await closed.AddUserAsync();
        var before = DateTimeOffset.UtcNow.AddSeconds(-1);
        var answer = await closed.AskAsync(user, $"repository:{user.Name}/app:pull,push");
        Assert.Equal(["token", "access_token", "expires_in", "issued_at"], answer.EnumerateObject().Select(member => member.Name));
        Assert.Equal(answer.GetProperty("token").GetString(), answer.GetProperty("access_token").GetString());
        Assert.Equal(300, answer.GetProperty("expires_in").GetInt32());
        var issued = DateTimeOffset.ParseExact(answer.GetProperty("issued_at").GetString()!, "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        Assert.InRange(issued, before, DateTimeOffset.UtcNow);

        var payload = Payload(answer);
        Assert.Equal((closed.Registry.Authority, user.Name), (payload.GetProperty("aud").GetString(), payload.GetProperty("sub").GetString()));
        Assert.Equal(issued.ToUnixTimeSeconds() + 300, payload.GetProperty("exp").GetInt64());
        Assert.Equal([($"{user.Name}/app", "pull,push")], Granted(answer));
    }

    [Theory, OnBothEngines]
    public async Task Several_scopes_get_what_is_theirs_of_what_was_asked_for(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var (user, other) = (await closed.AddUserAsync(), await closed.AddUserAsync());
        await closed.GrantAsync(other.SpaceId, $"{other.Name}/shared", new Grantee(UserId: user.Id), Rights.Read);
        var answer = await closed.AskAsync(
            user,
            $"repository:{user.Name}/app:pull repository:{other.Name}/shared:pull,push,delete",
            $"repository:{other.Name}/secret:pull,push",
            $"repository:{user.Name}/app:push",
            $"repository:{user.Name}/all:*",
            "registry:catalog:*",
            "repository(plugin):nobody-has-this/plugin:pull");
        Assert.Equal(
            [($"{user.Name}/app", "pull,push"), ($"{other.Name}/shared", "pull"), ($"{other.Name}/secret", ""), ($"{user.Name}/all", "pull,push,delete"), ("nobody-has-this/plugin", "")],
            Granted(answer));
    }

    [Theory, OnBothEngines]
    public async Task Nobody_gets_a_token_for_what_is_public(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var user = await closed.AddUserAsync();
        var (open, hidden) = ($"{user.Name}/open", $"{user.Name}/hidden");
        await closed.As(user).PushImageAsync(open, "1");
        await closed.As(user).PushImageAsync(hidden, "1");
        await closed.SetVisibilityAsync(open, Visibility.Public);
        var nobody = await closed.WithTokenAsync(null, $"repository:{open}:pull,push", $"repository:{hidden}:pull");
        Assert.Equal([(open, "pull"), (hidden, "")], Granted(await closed.AskAsync(null, $"repository:{open}:pull,push", $"repository:{hidden}:pull")));
        using var pulled = await nobody.GetAsync($"/v2/{open}/manifests/1");
        await pulled.ExpectAsync(HttpStatusCode.OK);
        using var refused = await nobody.GetAsync($"/v2/{hidden}/manifests/1");
        await refused.ExpectErrorAsync(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
        using var pushed = await nobody.PutManifestAsync(open, "2", "{}"u8.ToArray());
        await pushed.ExpectErrorAsync(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
    }

    [Theory, OnBothEngines]
    public async Task A_password_is_exchanged_for_a_token_that_gets_more_tokens(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var user = await closed.AddUserAsync();
        using (var plain = await PostAsync(closed, ("grant_type", "password"), ("username", user.Name), ("password", user.Password), ("service", closed.Registry.Authority)))
            Assert.False((await plain.JsonAsync()).TryGetProperty("refresh_token", out _));

        using var asked = await PostAsync(
            closed, ("grant_type", "password"), ("username", user.Name), ("password", user.Password), ("service", closed.Registry.Authority), ("access_type", "offline"), ("client_id", "test"), ("scope", $"repository:{user.Name}/app:pull"));
        await asked.ExpectAsync(HttpStatusCode.OK);
        var first = await asked.JsonAsync();
        Assert.Equal([($"{user.Name}/app", "pull")], Granted(first));
        var refresh = first.GetProperty("refresh_token").GetString()!;

        using var again = await PostAsync(closed, ("grant_type", "refresh_token"), ("refresh_token", refresh), ("service", closed.Registry.Authority), ("scope", $"repository:{user.Name}/app:pull,push"));
        await again.ExpectAsync(HttpStatusCode.OK);
        var second = await again.JsonAsync();
        Assert.Equal([($"{user.Name}/app", "pull,push")], Granted(second));
        Assert.Equal(refresh, second.GetProperty("refresh_token").GetString());
        await closed.Registry.As($"Bearer {second.GetProperty("access_token").GetString()}").PushBlobAsync($"{user.Name}/app", "{}"u8.ToArray());

        // it is no password
        using var basic = await closed.Registry.As(ClosedRegistry.Basic(user.Name, refresh), "127.0.1.1").GetAsync("/v2/");
        await basic.ExpectAsync(HttpStatusCode.Unauthorized);
    }

    [Theory, OnBothEngines]
    public async Task Docker_login_gets_its_token_with_a_get_too(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var user = await closed.AddUserAsync();
        using var response = await closed.As(user).GetAsync($"/v2/auth?account={user.Name}&client_id=docker&offline_token=true&service={closed.Registry.Authority}");
        await response.ExpectAsync(HttpStatusCode.OK);
        var refresh = (await response.JsonAsync()).GetProperty("refresh_token").GetString()!;

        await closed.Registry.App.Users.SetPasswordAsync(Actor.Shell, user.Name, "another password", TestContext.Current.CancellationToken);
        using var late = await PostAsync(closed.Registry.As(null, "127.0.1.2"), closed.Registry.Authority, ("grant_type", "refresh_token"), ("refresh_token", refresh));
        await late.ExpectErrorAsync(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
    }

    [Theory, OnBothEngines]
    public async Task What_cannot_be_asked_for_is_refused(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var user = await closed.AddTokenAsync(await closed.AddUserAsync());
        var me = closed.As(user);
        var many = string.Concat(Enumerable.Range(0, 33).Select(i => $"&scope=repository:a/b{i}:pull"));
        foreach (var query in (string[])["service=other.example", $"service={closed.Registry.Authority}{many}"])
        {
            using var response = await me.GetAsync($"/v2/auth?{query}");
            await response.ExpectErrorAsync(HttpStatusCode.BadRequest, "UNSUPPORTED");
        }
        using (var method = await me.DeleteAsync("/v2/auth"))
            await method.ExpectErrorAsync(HttpStatusCode.MethodNotAllowed, "UNSUPPORTED");
        using (var noForm = await me.SendAsync(HttpMethod.Post, "/v2/auth", "{}"u8.ToArray(), "application/json"))
            await noForm.ExpectErrorAsync(HttpStatusCode.BadRequest, "UNSUPPORTED");
        using (var grant = await PostAsync(closed, ("grant_type", "client_credentials")))
            await grant.ExpectErrorAsync(HttpStatusCode.BadRequest, "UNSUPPORTED");
        using (var bearer = await (await closed.WithTokenAsync(user)).GetAsync("/v2/auth"))
            await bearer.ExpectErrorAsync(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
        foreach (var header in (string[])["Basic", "Basic ", "Basic !", "Basic YQ==", "Digest x", "Bearer", "Bearer ", "x", ClosedRegistry.Basic("", "")])
        {
            using var response = await closed.Registry.As(header, "127.0.1.3").GetAsync("/v2/");
            await response.ExpectErrorAsync(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
            Assert.NotNull(response.Header("WWW-Authenticate"));
        }
    }

    [Theory, OnBothEngines]
    public async Task A_token_for_as_many_of_the_longest_names_as_can_be_asked_for_is_of_use(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var user = await closed.AddTokenAsync(await closed.AddUserAsync());
        var names = Enumerable.Range(10, 31).Select(i => $"{user.Name}/{i}{new string('a', 240 - user.Name.Length)}").ToList();
        using var form = await PostAsync(closed, [("grant_type", "password"), ("username", user.Name), ("password", user.Password), ("scope", string.Join(' ', names.Select(name => $"repository:{name}:pull,push")))]);
        await form.ExpectAsync(HttpStatusCode.OK);
        var caller = closed.Registry.As($"Bearer {(await form.JsonAsync()).GetProperty("token").GetString()}");
        foreach (var name in (string[])[names[0], names[^1]])
            await caller.PushBlobAsync(name, "{}"u8.ToArray());
    }

    [Theory, OnBothEngines]
    public async Task What_was_not_made_here_for_here_is_no_token(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var user = await closed.AddTokenAsync(await closed.AddUserAsync());
        var name = $"{user.Name}/app";
        await closed.As(user).PushImageAsync(name, "1");
        var good = (await closed.AskAsync(user, $"repository:{name}:pull")).GetProperty("token").GetString()!;
        var parts = good.Split('.');
        var header = Encoding.ASCII.GetString(Base64Url.DecodeFromChars(parts[0]));
        var payload = JsonNode.Parse(Base64Url.DecodeFromChars(parts[1]))!;
        payload["access"]![0]!["rights"] = (int)Rights.Admin;
        var more = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload.ToJsonString()));
        using var key = await KeyAsync(closed);
        var publicKey = key.ExportSubjectPublicKeyInfo();
        var publicPem = Encoding.ASCII.GetBytes(key.ExportSubjectPublicKeyInfoPem());
        using var strange = ECDsa.Create(ECCurve.NamedCurves.nistP256);

        string Signed(string head, string body, Func<byte[], byte[]> sign)
        {
            var text = $"{Base64Url.EncodeToString(Encoding.ASCII.GetBytes(head))}.{body}";
            return $"{text}.{Base64Url.EncodeToString(sign(Encoding.ASCII.GetBytes(text)))}";
        }
        var signature = parts[2].ToCharArray();
        signature[40] = signature[40] == 'A' ? 'B' : 'A';
        var bad = new Dictionary<string, string>
        {
            ["payload altered"] = $"{parts[0]}.{more}.{parts[2]}",
            ["signature altered"] = $"{parts[0]}.{parts[1]}.{new string(signature)}",
            ["signature cut"] = $"{parts[0]}.{parts[1]}.{parts[2][..40]}",
            ["signature of zeros"] = $"{parts[0]}.{parts[1]}.{new string('A', 86)}",
            ["no signature"] = $"{parts[0]}.{parts[1]}.",
            ["two parts"] = $"{parts[0]}.{parts[1]}",
            ["alg none"] = Signed(header.Replace("ES256", "none", StringComparison.Ordinal), more, _ => []),
            ["alg none, not a word of it"] = Signed("""{"alg":"none"}""", more, _ => []),
            ["HS256 with the public key"] = Signed(header.Replace("ES256", "HS256", StringComparison.Ordinal), more, text => HMACSHA256.HashData(publicKey, text)),
            ["HS256 with the public key as PEM"] = Signed(header.Replace("ES256", "HS256", StringComparison.Ordinal), more, text => HMACSHA256.HashData(publicPem, text)),
            ["ES256 with the public key as a secret"] = Signed(header, more, text => HMACSHA256.HashData(publicKey, text)),
            ["a key that is not ours"] = Signed(header, more, text => strange.SignData(text, HashAlgorithmName.SHA256)),
            ["a key id that nobody has"] = Signed("""{"alg":"ES256","typ":"JWT","kid":"0123456789abcdef"}""", more, text => strange.SignData(text, HashAlgorithmName.SHA256)),
            ["a header that brings its key"] = Signed($"{header[..^1]},\"jku\":\"http://evil.example/\"}}", more, text => strange.SignData(text, HashAlgorithmName.SHA256)),
            ["a header with more in it, well signed"] = Signed($"{header[..^1]},\"crit\":[\"x\"]}}", parts[1], text => key.SignData(text, HashAlgorithmName.SHA256)),
            ["too long"] = $"{parts[0]}.{parts[1]}{new string('A', 17_000)}.{parts[2]}",
            ["nothing"] = "..",
            ["not a token"] = "hello",
        };
        foreach (var (what, token) in bad)
        {
            using var response = await closed.Registry.As($"Bearer {token}").GetAsync($"/v2/{name}/manifests/1");
            Assert.True(response.StatusCode == HttpStatusCode.Unauthorized, $"{what}: {response.StatusCode}");
            Assert.EndsWith(",error=\"invalid_token\"", response.Header("WWW-Authenticate")!, StringComparison.Ordinal);
        }

        // The control: made by the same hands, with nothing wrong.
        var made = Signed(header, parts[1], text => key.SignData(text, HashAlgorithmName.SHA256));
        foreach (var token in (string[])[good, made])
        {
            using var response = await closed.Registry.As($"Bearer {token}").GetAsync($"/v2/{name}/manifests/1");
            await response.ExpectAsync(HttpStatusCode.OK);
            using var elsewhere = await closed.Registry.As($"Bearer {token}").GetAsync($"/v2/{name}/manifests/1", ("Host", "other.example"));
            await elsewhere.ExpectErrorAsync(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
        }
    }

    [Fact]
    public async Task A_token_of_another_registry_of_the_same_name_is_none()
    {
        var closed = await registries.GetAsync(Engine.Sqlite);
        await using var other = await ClosedRegistry.StartAsync(Engine.Sqlite);
        var there = await other.AddTokenAsync(await other.AddUserAsync());
        using var asked = await other.As(there).GetAsync($"/v2/auth?service={closed.Registry.Authority}", ("Host", closed.Registry.Authority));
        await asked.ExpectAsync(HttpStatusCode.OK);
        using var response = await closed.Registry.As($"Bearer {(await asked.JsonAsync()).GetProperty("token").GetString()}").GetAsync("/v2/");
        await response.ExpectErrorAsync(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
    }

    [Fact]
    public async Task What_anybody_was_given_while_the_registry_was_open_is_void_when_it_is_not()
    {
        using var directory = new TempDirectory();
        string token, authority;
        await using (var open = await Registry.StartAsync(Engine.Sqlite, config => config with { Data = directory["shared"] }))
        {
            authority = open.Authority;
            await open.PushImageAsync("team/app", "1");
            using var asked = await open.GetAsync("/v2/auth?scope=repository:team/app:pull");
            token = (await asked.JsonAsync()).GetProperty("token").GetString()!;
        }
        await using var closed = await Registry.StartAsync(Engine.Sqlite, config => config with { Data = directory["shared"], Open = false });
        foreach (var path in (string[])["/v2/team/app/manifests/1", "/v2/_catalog", "/v2/"])
        {
            using var response = await closed.As($"Bearer {token}").GetAsync(path, ("Host", authority));
            await response.ExpectErrorAsync(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
        }
    }

    [Fact]
    public async Task A_token_ends()
    {
        var closed = await registries.GetAsync(Engine.Sqlite);
        var user = await closed.AddUserAsync();
        var other = await closed.AddUserAsync();
        await closed.GrantAsync(other.SpaceId, $"{other.Name}/", new Grantee(UserId: user.Id), Rights.Read | Rights.Push | Rights.Move, "*,!v*");
        var stored = await closed.Db.ReadAsync(session => UserTable.FindAsync(session, user.Id), TestContext.Current.CancellationToken);
        var clock = new Clock();
        using var keys = new TokenKeys(closed.Db, closed.Secret);
        var epoch = new AccessEpoch(closed.Db);
        var access = new AccessLookup(closed.Db, epoch);
        BearerTokens NewTokens() => new(keys, new TokenCheck(closed.Db, epoch, access, closed.Secret, _ => false), clock);
        var tokens = NewTokens();
        var who = new Identity(IdentityKind.User, user.Id, user.Name, false, new Limit(7, Rights.Write, $"{other.Name}/"))
        {
            EndsAt = clock.Now.AddHours(1).ToUnixTimeMilliseconds(),
            Shown = Credential.OfPassword(closed.Secret, user.Id, stored!.Password),
        };
        var (app, none) = ($"{other.Name}/app", "bob/app");
        var decisions = new Dictionary<string, Decision>
        {
            [app] = await access.DecideAsync(who, RepositoryName.Parse(app), TestContext.Current.CancellationToken),
            [none] = Decision.Nothing,
        };
        var (text, issuedAt, seconds) = await tokens.IssueAsync(who, "registry.example", decisions, tokens.Stamp, TestContext.Current.CancellationToken);
        Assert.Equal((clock.Now.ToUnixTimeSeconds(), 300), (issuedAt.ToUnixTimeSeconds(), seconds));

        foreach (var reader in (BearerTokens[])[tokens, NewTokens()]) // who made it, and a server that sees it for the first time
        {
            var read = (await reader.ReadAsync(text, TestContext.Current.CancellationToken))!;
            Assert.Equal((who, "registry.example"), (read.Who, read.Service));
            Assert.Equal(Rights.Pull, read.Repositories[app].Always);
            Assert.Equal(("*,!v*", Rights.Push | Rights.Move), (read.Repositories[app].OnTags.Single().Tags.Text, read.Repositories[app].OnTags.Single().Rights));
            Assert.Equal(Rights.None, read.Repositories[none].Always);
        }

        clock.Now += BearerTokens.Lifetime;
        Assert.NotNull(tokens.FindVerified($"Bearer {text}")); // clocks differ a little
        clock.Now += TimeSpan.FromSeconds(40);
        Assert.Null(tokens.FindVerified($"Bearer {text}"));
        Assert.Null(await tokens.ReadAsync(text, TestContext.Current.CancellationToken));
        Assert.Null(await NewTokens().ReadAsync(text, TestContext.Current.CancellationToken));
    }

    [Theory, OnBothEngines]
    public async Task A_narrow_token_is_told_to_ask_for_more_where_more_can_be_had(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var user = await closed.AddTokenAsync(await closed.AddUserAsync());
        var other = await closed.AddUserAsync();
        await closed.GrantAsync(other.SpaceId, $"{other.Name}/", new Grantee(UserId: user.Id), Rights.Read);
        var narrow = await closed.WithTokenAsync(user, $"repository:{user.Name}/app:pull", $"repository:{other.Name}/app:pull");
        using (var elsewhere = await narrow.GetAsync($"/v2/{user.Name}/app2/tags/list"))
        {
            await elsewhere.ExpectErrorAsync(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
            Assert.EndsWith($",scope=\"repository:{user.Name}/app2:pull\",error=\"insufficient_scope\"", elsewhere.Header("WWW-Authenticate")!, StringComparison.Ordinal);
        }
        using (var push = await narrow.SendAsync(HttpMethod.Post, $"/v2/{user.Name}/app/blobs/uploads/", []))
        {
            await push.ExpectErrorAsync(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
            Assert.EndsWith($",scope=\"repository:{user.Name}/app:pull,push\",error=\"insufficient_scope\"", push.Header("WWW-Authenticate")!, StringComparison.Ordinal);
        }
        using var never = await narrow.SendAsync(HttpMethod.Post, $"/v2/{other.Name}/app/blobs/uploads/", []);
        await never.ExpectErrorAsync(HttpStatusCode.Forbidden, "DENIED");
    }

    [Theory, OnBothEngines]
    public async Task A_mount_from_where_one_may_not_look_leaks_nothing(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var user = await closed.AddTokenAsync(await closed.AddUserAsync());
        var other = await closed.AddTokenAsync(await closed.AddUserAsync());
        var (hidden, mine, shared) = ($"{other.Name}/hidden", $"{user.Name}/app", $"{other.Name}/shared");
        await closed.GrantAsync(other.SpaceId, shared, new Grantee(UserId: user.Id), Rights.Read);
        var digest = await closed.As(other).PushBlobAsync(hidden, Guid.NewGuid().ToByteArray());
        var sharedDigest = await closed.As(other).PushBlobAsync(shared, Guid.NewGuid().ToByteArray());
        var unknown = Registry.Digest(Guid.NewGuid().ToByteArray());
        var withScope = await closed.WithTokenAsync(user, $"repository:{mine}:pull,push", $"repository:{hidden}:pull", $"repository:{shared}:pull");
        var withoutScope = await closed.WithTokenAsync(user, $"repository:{mine}:pull,push");

        foreach (var caller in (Registry[])[closed.As(user), withScope])
        {
            Assert.Equal(HttpStatusCode.Accepted, await MountAsync(caller, $"mount={digest}&from={hidden}"));
            Assert.Equal(HttpStatusCode.Accepted, await MountAsync(caller, $"mount={unknown}&from={hidden}"));
            Assert.Equal(HttpStatusCode.Accepted, await MountAsync(caller, $"mount={digest}"));
            Assert.Equal(HttpStatusCode.Accepted, await MountAsync(caller, $"mount={sharedDigest}"));
        }
        Assert.Equal(HttpStatusCode.Accepted, await MountAsync(withoutScope, $"mount={sharedDigest}&from={shared}"));
        using (var head = await closed.As(user).HeadAsync($"/v2/{mine}/blobs/{digest}"))
            await head.ExpectAsync(HttpStatusCode.NotFound);
        Assert.Equal(HttpStatusCode.Created, await MountAsync(closed.As(user), $"mount={sharedDigest}&from={shared}"));
        Assert.Equal(HttpStatusCode.Created, await MountAsync(withScope, $"mount={sharedDigest}&from={shared}"));

        async Task<HttpStatusCode> MountAsync(Registry caller, string query)
        {
            using var response = await caller.SendAsync(HttpMethod.Post, $"/v2/{mine}/blobs/uploads/?{query}", []);
            return response.StatusCode;
        }
    }

    [Theory, OnBothEngines]
    public async Task An_upload_belongs_to_its_repository(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var (user, other) = (await closed.AddTokenAsync(await closed.AddUserAsync()), await closed.AddTokenAsync(await closed.AddUserAsync()));
        var location = await closed.As(user).StartUploadAsync($"{user.Name}/app");
        var elsewhere = location.Replace($"/{user.Name}/", $"/{other.Name}/", StringComparison.Ordinal);
        foreach (var (method, body) in ((HttpMethod, byte[]?)[])[(HttpMethod.Get, null), (HttpMethod.Patch, "x"u8.ToArray()), (HttpMethod.Put, "x"u8.ToArray()), (HttpMethod.Delete, null)])
        {
            using var own = await closed.As(other).SendAsync(method, $"{elsewhere}?digest={Registry.Digest("x"u8)}", body);
            await own.ExpectErrorAsync(HttpStatusCode.NotFound, "BLOB_UPLOAD_UNKNOWN");
            using var foreign = await closed.As(other).SendAsync(method, $"{location}?digest={Registry.Digest("x"u8)}", body);
            await foreign.ExpectErrorAsync(HttpStatusCode.Forbidden, "DENIED");
        }
        using var still = await closed.As(user).GetAsync(location);
        await still.ExpectAsync(HttpStatusCode.NoContent);
    }

    [Theory, OnBothEngines]
    public async Task No_way_of_writing_a_path_goes_around_the_gate(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var (user, other) = (await closed.AddTokenAsync(await closed.AddUserAsync()), await closed.AddTokenAsync(await closed.AddUserAsync()));
        await closed.As(other).PushImageAsync($"{other.Name}/app", "1");
        await closed.As(user).PushImageAsync($"{user.Name}/app", "1");
        var first = $"%{(int)other.Name[0]:x2}{other.Name[1..]}";
        var bearer = (await closed.AskAsync(user, $"repository:{user.Name}/app:pull")).GetProperty("token").GetString();
        foreach (var (path, owner) in ((string, int)[])
        [
            ($"/v2/{first}/app/manifests/1", 200), ($"/v2/{other.Name}/%61pp/manifests/1", 200), ($"/v2/{other.Name}/app/manifests/%31", 200), ($"/v2/{other.Name}/app/%6danifests/1", 200),
            ($"/v2/{user.Name}/../{other.Name}/app/manifests/1", 400), ($"/v2/{user.Name}/app/..%2f..%2f{other.Name}%2fapp/manifests/1", 400), ($"/v2/{user.Name}%2f..%2f{other.Name}/app/manifests/1", 400),
            ($"/v2/./{other.Name}/app/manifests/1", 400), ($"/v2//{other.Name}/app/manifests/1", 400), ($"//v2/{other.Name}/app/manifests/1", 404), ($"/V2/{other.Name}/app/manifests/1", 404),
            ($"/v2/{other.Name}%2fapp/manifests/1", 400), ($"/v2/{other.Name}/app%00/manifests/1", 400), ($"/v2/{other.Name};/app/manifests/1", 400), ($"/v2/auth/../{other.Name}/app/manifests/1", 400),
            ($"/v2/{user.Name}/app/manifests/1/../../../../{other.Name}/app/manifests/1", 400), ($"http://{closed.Registry.Authority}/v2/{other.Name}/app/manifests/1", 200),
        ])
        {
            foreach (var authorization in (string[])[user.Basic, $"Bearer {bearer}", other.Basic])
            {
                await using var connection = RawConnection.Open(closed.Registry);
                await connection.SendAsync($"GET {path} HTTP/1.1\nHost: {closed.Registry.Authority}\nAuthorization: {authorization}\nConnection: close\n\n");
                var answer = await connection.ReadAsync();
                Assert.NotNull(answer);
                if (authorization == other.Basic)
                    Assert.True(answer.Status == owner, $"{path}: {answer.Status}, not {owner}");
                else
                    Assert.True(answer.Status is 400 or 401 or 404 && !answer.Text.Contains("schemaVersion", StringComparison.Ordinal), $"{path}: {answer.Status}");
            }
        }
    }

    [Theory, OnBothEngines]
    public async Task What_callers_call_themselves_does_not_write_the_log(Engine engine)
    {
        await using var closed = await ClosedRegistry.StartAsync(engine);
        var user = await closed.AddUserAsync();
        foreach (var name in (string[])["evil\n{\"forged\":1}", "evil\r\nforged", "evil\0forged", "\u001b[31mforged", "forged\u2028x", new string('f', 5000)])
        {
            using var response = await closed.Registry.As(ClosedRegistry.Basic(name, "wrong password")).GetAsync("/v2/");
            await response.ExpectErrorAsync(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
            if (name.Contains('\0', StringComparison.Ordinal))
                continue; // a form with that is refused as such
            using var form = await PostAsync(closed.Registry.As(null, "127.0.1.4"), closed.Registry.Authority, ("grant_type", "password"), ("username", name), ("password", "wrong password"));
            await form.ExpectErrorAsync(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
        }
        foreach (var path in (string[])["/v2/evil%0a{forged}/tags/list", "/v2/a/manifests/forged%0d%0ax", "/v2/auth?service=forged%0ax&scope=forged%0a", "/setup/forged%0a"])
            (await closed.As(user).GetAsync(path)).Dispose();
        await closed.Registry.StopAsync();
        var lines = closed.Registry.Log.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.NotEmpty(lines);
        Assert.All(lines, line => Assert.StartsWith("{\"at\":", JsonDocument.Parse(line).RootElement.GetRawText(), StringComparison.Ordinal));
        Assert.DoesNotContain("forged", closed.Registry.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(user.Password, closed.Registry.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(user.Basic[6..], closed.Registry.Log, StringComparison.Ordinal);
    }

    [Theory, OnBothEngines]
    public async Task Whatever_is_wrong_with_name_and_secret_is_answered_the_same(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var (user, user2, disabled) = (await closed.AddUserAsync(), await closed.AddUserAsync(), await closed.AddUserAsync()); // one alone would have to wait
        await closed.Registry.App.Users.SetDisabledAsync(Actor.Shell, disabled.Name, disabled: true, TestContext.Current.CancellationToken);
        var robot = await closed.AddRobotAsync(user.SpaceId, user.Name);
        var (endedRobot, endedToken) = (await closed.AddRobotAsync(user.SpaceId, user.Name, TimeSpan.FromHours(-1)), await closed.AddTokenAsync(user2, endsIn: TimeSpan.FromHours(-1)));
        var ofDisabled = await closed.AddTokenAsync(disabled);
        var nobody = $"nobody-{Guid.NewGuid():N}"; // nobody else's failures count for it
        var seen = new HashSet<string>();
        var address = 10;
        foreach (var (name, password) in ((string, string)[])
        [
            (user.Name, "wrong password"), (nobody, "wrong password"), (disabled.Name, disabled.Password), (user.Name, ""), (user.Name, new string('x', 2000)), (user.Name.ToUpperInvariant(), user.Password),
            (user2.Name, Secret.Create(Secret.Personal)), (user2.Name, robot.Password), ("other+robot", robot.Password), (endedRobot.Name, endedRobot.Password), (endedToken.Name, endedToken.Password), (ofDisabled.Name, ofDisabled.Password),
        ])
        {
            var caller = closed.Registry.As(ClosedRegistry.Basic(name, password), $"127.0.1.{++address}");
            foreach (var path in (string[])["/v2/", $"/v2/auth?service={closed.Registry.Authority}"])
            {
                using var response = await caller.GetAsync(path);
                Assert.True(response.StatusCode == HttpStatusCode.Unauthorized, $"{name} with {password}: {response.StatusCode}");
                seen.Add(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
            }
        }
        Assert.Single(seen);
        foreach (var good in (Account[])[user, robot, await closed.AddTokenAsync(user)])
        {
            using var response = await closed.As(good).GetAsync("/v2/");
            await response.ExpectAsync(HttpStatusCode.OK);
        }
        await closed.Registry.App.Users.SetDisabledAsync(Actor.Shell, disabled.Name, disabled: false, TestContext.Current.CancellationToken);
        using var enabled = await closed.As(disabled).GetAsync("/v2/");
        await enabled.ExpectAsync(HttpStatusCode.OK);
    }

    [Theory, OnBothEngines]
    public async Task A_change_of_the_account_holds_from_the_next_request_that_signs_in(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var user = await closed.AddUserAsync();
        var token = await closed.AddTokenAsync(user);
        await closed.As(user).PushImageAsync($"{user.Name}/app", "1");
        using (var asked = await closed.As(token).GetAsync("/v2/"))
            await asked.ExpectAsync(HttpStatusCode.OK);
        await closed.Registry.App.Users.SetPasswordAsync(Actor.Shell, user.Name, "another password", TestContext.Current.CancellationToken);
        using (var old = await closed.Registry.As(user.Basic, "127.0.1.5").GetAsync($"/v2/{user.Name}/app/manifests/1"))
            await old.ExpectErrorAsync(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
        using (var renewed = await closed.Registry.As(ClosedRegistry.Basic(user.Name, "another password")).GetAsync($"/v2/{user.Name}/app/manifests/1"))
            await renewed.ExpectAsync(HttpStatusCode.OK);
        using (var asked = await closed.As(token).GetAsync("/v2/"))
            await asked.ExpectAsync(HttpStatusCode.OK); // programs go on

        await closed.Registry.App.Users.SetDisabledAsync(Actor.Shell, user.Name, disabled: true, TestContext.Current.CancellationToken);
        foreach (var authorization in (string[])[ClosedRegistry.Basic(user.Name, "another password"), token.Basic])
        {
            using var refused = await closed.Registry.As(authorization, "127.0.1.6").GetAsync($"/v2/{user.Name}/app/manifests/1");
            await refused.ExpectErrorAsync(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
        }
    }

    [Fact]
    public async Task A_password_with_accents_opens_the_account_it_was_set_for()
    {
        var closed = await registries.GetAsync(Engine.Sqlite);
        var name = ClosedRegistry.NewName("accents");
        await closed.Registry.App.Users.AddAsync(Actor.Shell, name, "cafe\u0301 au lait", isAdmin: false, TestContext.Current.CancellationToken);
        using var response = await closed.Registry.As(ClosedRegistry.Basic(name, "cafe\u0301 au lait")).GetAsync("/v2/");
        await response.ExpectAsync(HttpStatusCode.OK);
    }

    [Theory, OnBothEngines]
    public async Task Who_guesses_has_to_wait_and_keeps_nobody_else_out(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var (victim, other) = (await closed.AddTokenAsync(await closed.AddUserAsync()), await closed.AddTokenAsync(await closed.AddUserAsync()));
        for (var i = 0; i < 10; i++)
        {
            using var wrong = await closed.Registry.As(ClosedRegistry.Basic(victim.Name, Secret.Create(Secret.Personal)), "127.0.1.7").GetAsync("/v2/");
            await wrong.ExpectErrorAsync(HttpStatusCode.Unauthorized, "UNAUTHORIZED");
        }
        foreach (var path in (string[])["/v2/", "/v2/auth"])
        {
            using var busy = await closed.Registry.As(ClosedRegistry.Basic(victim.Name, Secret.Create(Secret.Personal)), "127.0.1.7").GetAsync(path);
            await busy.ExpectErrorAsync(HttpStatusCode.TooManyRequests, "TOOMANYREQUESTS");
            Assert.InRange(int.Parse(busy.Header("Retry-After")!, CultureInfo.InvariantCulture), 1, 30);
        }
        using var fine = await closed.Registry.As(other.Basic, "127.0.1.8").GetAsync("/v2/");
        await fine.ExpectAsync(HttpStatusCode.OK);
    }

    [Theory, OnBothEngines]
    public async Task A_right_to_some_tags_is_none_to_others(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var owner = await closed.AddTokenAsync(await closed.AddUserAsync());
        var user = await closed.AddTokenAsync(await closed.AddUserAsync());
        foreach (var way in (string[])["Basic", "Bearer"])
        {
            var name = $"{owner.Name}/{way.ToLowerInvariant()}";
            await closed.GrantAsync(owner.SpaceId, name, new Grantee(UserId: user.Id), Rights.Write | Rights.Delete, "dev-*");
            var (first, second) = (await closed.As(owner).PushImageAsync(name, "v1"), await closed.As(owner).PushImageAsync(name, "v2"));
            var orphan = await closed.As(owner).PushBlobAsync(name, Guid.NewGuid().ToByteArray());
            var caller = way == "Basic" ? closed.As(user) : await closed.WithTokenAsync(user, $"repository:{name}:pull,push,delete");

            await ExpectAsync(HttpStatusCode.Created, caller.PutManifestAsync(name, "dev-1", first.Manifest));
            await ExpectAsync(HttpStatusCode.Created, caller.PutManifestAsync(name, "dev-1", second.Manifest)); // moved
            await ExpectAsync(HttpStatusCode.Forbidden, caller.PutManifestAsync(name, "v3", first.Manifest));
            await ExpectAsync(HttpStatusCode.Forbidden, caller.PutManifestAsync(name, "v1", second.Manifest));
            await ExpectAsync(HttpStatusCode.Created, caller.PutManifestAsync(name, "v1", first.Manifest)); // it is there already
            await ExpectAsync(HttpStatusCode.Forbidden, caller.PutManifestAsync(name, "dev-2?tag=v4", first.Manifest));
            await ExpectAsync(HttpStatusCode.Forbidden, caller.PutManifestAsync(name, $"{first.Digest}?tag=v4", first.Manifest));
            await ExpectAsync(HttpStatusCode.NotFound, caller.GetAsync($"/v2/{name}/manifests/dev-2"));
            await ExpectAsync(HttpStatusCode.Forbidden, caller.DeleteAsync($"/v2/{name}/manifests/v1"));
            await ExpectAsync(HttpStatusCode.Forbidden, caller.DeleteAsync($"/v2/{name}/manifests/{first.Digest}"));
            await ExpectAsync(HttpStatusCode.Forbidden, caller.DeleteAsync($"/v2/{name}/blobs/{orphan}"));
            await ExpectAsync(HttpStatusCode.Accepted, caller.DeleteAsync($"/v2/{name}/manifests/dev-1"));
            await ExpectAsync(HttpStatusCode.OK, caller.GetAsync($"/v2/{name}/manifests/v1"));
            await ExpectAsync(HttpStatusCode.Accepted, closed.As(owner).DeleteAsync($"/v2/{name}/blobs/{orphan}"));
        }
    }

    [Theory, OnBothEngines]
    public async Task Who_may_push_and_not_move_leaves_tags_where_they_are(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var owner = await closed.AddTokenAsync(await closed.AddUserAsync());
        var robot = await closed.AddRobotAsync(owner.SpaceId, owner.Name);
        await closed.GrantAsync(owner.SpaceId, $"{owner.Name}/", new Grantee(RobotId: robot.Id), Rights.Pull | Rights.Push);
        var name = $"{owner.Name}/app";
        var (first, second) = (await closed.As(robot).PushImageAsync(name, "1"), await closed.As(robot).PushImageAsync(name, "2"));
        foreach (var caller in (Registry[])[closed.As(robot), await closed.WithTokenAsync(robot, $"repository:{name}:pull,push")])
        {
            await ExpectAsync(HttpStatusCode.Forbidden, caller.PutManifestAsync(name, "1", second.Manifest));
            await ExpectAsync(HttpStatusCode.Forbidden, caller.DeleteAsync($"/v2/{name}/manifests/1"));
        }
        using var still = await closed.As(robot).HeadAsync($"/v2/{name}/manifests/1");
        Assert.Equal(first.Digest, still.Header("Docker-Content-Digest"));
    }

    static async Task ExpectAsync(HttpStatusCode status, Task<HttpResponseMessage> sending)
    {
        using var response = await sending;
        if (status == HttpStatusCode.Forbidden)
            await response.ExpectErrorAsync(status, "DENIED");
        else
            await response.ExpectAsync(status);
    }

    static Task<HttpResponseMessage> PostAsync(ClosedRegistry closed, params (string Name, string Value)[] fields) => PostAsync(closed.Registry.As(null), closed.Registry.Authority, fields);

    static Task<HttpResponseMessage> PostAsync(Registry caller, string service, params (string Name, string Value)[] fields)
    {
        var all = fields.Any(field => field.Name == "service") ? fields : [.. fields, ("service", service)];
        var form = string.Join('&', all.Select(field => $"{field.Name}={Uri.EscapeDataString(field.Value)}"));
        return caller.SendAsync(HttpMethod.Post, "/v2/auth", Encoding.ASCII.GetBytes(form), "application/x-www-form-urlencoded");
    }

    static JsonElement Payload(JsonElement answer) => JsonDocument.Parse(Base64Url.DecodeFromChars(answer.GetProperty("token").GetString()!.Split('.')[1])).RootElement;

    static List<(string Name, string Actions)> Granted(JsonElement answer) => [.. Payload(answer).GetProperty("access").EnumerateArray()
        .Select(entry => (entry.GetProperty("name").GetString()!, string.Join(',', entry.GetProperty("actions").EnumerateArray().Select(action => action.GetString()))))];

    static async Task<ECDsa> KeyAsync(ClosedRegistry closed)
    {
        var material = await closed.Db.ReadAsync(session => session.FindAsync(KeySql, row => row.GetFieldValue<byte[]>(0)));
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(closed.Secret.Unseal(material!), out _);
        return key;
    }

    static readonly Sql KeySql = new("select material from signing_keys order by created_at desc limit 1");
}
