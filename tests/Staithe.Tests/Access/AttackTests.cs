using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Staithe.Accounts;
using Staithe.Audit;
using Staithe.Commands;
using Staithe.Config;
using Staithe.Database;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Access;

/// <summary>What attackers try, a row each: what is tried, and that it comes to nothing.</summary>
public sealed class AttackTests(ClosedRegistries registries)
{
    static readonly Dictionary<string, Func<World, Task>> Attacks = new()
    {
        ["a token that was altered"] = async world =>
        {
            var (header, payload, signature) = await world.TokenAsync();
            payload["access"]![0]!["name"] = world.Secret;
            payload["access"]![0]!["rights"] = (int)Rights.Admin;
            await world.RefusedAsync(Token(header, payload, signature), HttpStatusCode.Unauthorized);
            (header, payload, signature) = await world.TokenAsync();
            payload["exp"] = payload["exp"]!.GetValue<long>() + 1;
            await world.RefusedAsync(Token(header, payload, signature), HttpStatusCode.Unauthorized, world.Own);
            (header, payload, signature) = await world.TokenAsync();
            await world.RefusedAsync(Token(header, payload, signature[..^4] + "AAAA"), HttpStatusCode.Unauthorized, world.Own);
        },
        ["a token without a signature (alg: none)"] = async world =>
        {
            var (header, payload, _) = await world.TokenAsync();
            payload["access"]![0]!["name"] = world.Secret;
            foreach (var algorithm in (string[])["none", "None", "NONE", "nOnE", ""])
            {
                foreach (var signature in (string[])["", "AA"])
                    await world.RefusedAsync(Token(new JsonObject { ["alg"] = algorithm, ["typ"] = "JWT", ["kid"] = header["kid"]!.GetValue<string>() }, payload, signature), HttpStatusCode.Unauthorized);
            }
        },
        ["asking for more than one has"] = async world =>
        {
            foreach (var scope in (string[])[$"repository:{world.Secret}:pull", $"repository:{world.Secret}:*", $"repository:{world.Secret}:pull,push,delete"])
                Assert.Equal([""], await world.GrantedAsync(world.Mallory, scope));
            var reader = await world.Closed.AddTokenAsync(world.Mallory, Rights.Read);
            Assert.Equal(["pull"], await world.GrantedAsync(reader, $"repository:{world.Own}:*"));
            Assert.Equal(["pull"], await world.GrantedAsync(reader, $"repository:{world.Own}:pull", $"repository:{world.Own}:push,delete"));
            // nor does what such a token is exchanged for
            using var asked = await world.Closed.As(reader).GetAsync($"/v2/auth?service={world.Authority}&offline_token=true&scope=repository:{world.Own}:pull,push,delete");
            var refresh = (await asked.JsonAsync()).GetProperty("refresh_token").GetString()!;
            using var more = await world.PostAsync($"grant_type=refresh_token&service={world.Authority}&refresh_token={refresh}&scope=repository:{world.Own}:pull,push,delete");
            Assert.Equal(["pull"], World.Granted(await more.JsonAsync()));
        },
        ["a token that was limited, elsewhere"] = async world =>
        {
            await world.Closed.SetVisibilityAsync(world.Shared, Visibility.Internal);
            await Eventually.AnswersAsync(HttpStatusCode.OK, () => world.Closed.As(world.Mallory).GetAsync($"/v2/{world.Shared}/manifests/1"));
            var limited = await world.Closed.AddTokenAsync(world.Mallory, Rights.Admin, $"{world.Mallory.Name}/");
            await world.RefusedAsync(limited.Basic, HttpStatusCode.NotFound, world.Shared);
            Assert.Equal([""], await world.GrantedAsync(limited, $"repository:{world.Shared}:pull"));
            using var mounted = await world.Closed.As(limited).SendAsync(HttpMethod.Post, $"/v2/{world.Own}/blobs/uploads/?mount={world.SharedBlob}&from={world.Shared}", []);
            await mounted.ExpectAsync(HttpStatusCode.Accepted);
            using var listed = await world.Closed.As(limited).GetAsync("/v2/_catalog");
            Assert.DoesNotContain(world.Shared, await listed.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        },
        ["a token for another registry"] = async world =>
        {
            using var asked = await world.Closed.As(world.Mallory).GetAsync($"/v2/auth?service=other.example&scope=repository:{world.Own}:pull");
            await asked.ExpectAsync(HttpStatusCode.BadRequest);
            using var there = await world.Closed.As(world.Mallory).GetAsync($"/v2/auth?scope=repository:{world.Own}:pull", ("Host", "other.example"));
            await world.RefusedAsync($"Bearer {(await there.JsonAsync()).GetProperty("token").GetString()}", HttpStatusCode.Unauthorized, world.Own);
            await using var other = await ClosedRegistry.StartAsync(Engine.Sqlite);
            var twin = await other.AddTokenAsync(await other.AddUserAsync());
            using var foreign = await other.As(twin).GetAsync($"/v2/auth?service={world.Authority}&scope=repository:{world.Own}:pull", ("Host", world.Authority));
            await world.RefusedAsync($"Bearer {(await foreign.JsonAsync()).GetProperty("token").GetString()}", HttpStatusCode.Unauthorized, world.Own);
        },
        ["a token that was given while the registry was open"] = async _ =>
        {
            using var directory = new TempDirectory();
            string token, authority;
            await using (var open = await Registry.StartAsync(Engine.Sqlite, config => config with { Data = directory["shared"] }))
            {
                await open.PushImageAsync("team/app", "1");
                using var asked = await open.GetAsync("/v2/auth?scope=repository:team/app:pull,push");
                (token, authority) = ((await asked.JsonAsync()).GetProperty("token").GetString()!, open.Authority);
            }
            await using var closed = await Registry.StartAsync(Engine.Sqlite, config => config with { Data = directory["shared"], Open = false });
            using var response = await closed.As($"Bearer {token}").GetAsync("/v2/team/app/manifests/1", ("Host", authority));
            await response.ExpectAsync(HttpStatusCode.Unauthorized);
        },
        ["one kind of secret for another"] = async world =>
        {
            var robot = await world.Closed.AddRobotAsync(world.Mallory.SpaceId, world.Mallory.Name);
            var bearer = (await world.Closed.AskAsync(world.Mallory, $"repository:{world.Own}:pull")).GetProperty("token").GetString()!;
            var address = 20;
            foreach (var (name, secret) in ((string, string)[])[(world.Mallory.Name, bearer), (world.Mallory.Name, robot.Password), (world.Alice.Name, robot.Password), ($"{world.Alice.Name}+{robot.Name.Split('+')[1]}", robot.Password), (robot.Name, world.Mallory.Password)])
            {
                if (secret == world.Mallory.Password)
                    continue; // a personal token says whose it is, whatever stands beside it
                using var response = await world.Closed.Registry.As(ClosedRegistry.Basic(name, secret), $"127.0.9.{++address}").GetAsync("/v2/");
                await response.ExpectAsync(HttpStatusCode.Unauthorized);
            }
            foreach (var secret in (string[])[world.Mallory.Password, robot.Password, ClosedRegistry.Password, bearer])
            {
                using var response = await world.PostAsync($"grant_type=refresh_token&service={world.Authority}&refresh_token={secret}", $"127.0.9.{++address}");
                await response.ExpectAsync(HttpStatusCode.Unauthorized);
                using var asBearer = await world.Closed.Registry.As($"Bearer {(secret == bearer ? "x" : secret)}", $"127.0.9.{++address}").GetAsync($"/v2/{world.Own}/manifests/1");
                await asBearer.ExpectAsync(HttpStatusCode.Unauthorized);
            }
            using var api = await world.Closed.Registry.As($"Bearer {bearer}", $"127.0.9.{++address}").GetAsync("/api/v1/me");
            await api.ExpectAsync(HttpStatusCode.Unauthorized);
        },
        ["the set-up link, once more"] = async _ =>
        {
            await using var site = await SetupTests.Site.StartAsync(Engine.Sqlite);
            using var made = await site.PostAsync(site.Path, "alice", "correct horse");
            await made.ExpectAsync(HttpStatusCode.SeeOther);
            foreach (var path in (string[])[site.Path, site.Path + "?x=1", site.Path.ToUpperInvariant()])
            {
                using var again = await site.PostAsync(path, "mallory", "correct horse");
                await again.ExpectAsync(HttpStatusCode.NotFound);
            }
            Assert.Single((await site.Registry.App.Database.ReadAsync(session => UserTable.ListAsync(session, new ListRequest(Limit: 10)), TestContext.Current.CancellationToken)).Items);
        },
        ["an upload of another repository"] = async world =>
        {
            var location = await world.Closed.As(world.Alice).StartUploadAsync(world.Secret);
            var id = location[(location.LastIndexOf('/') + 1)..];
            var digest = Registry.Digest("stolen"u8);
            foreach (var repository in (string[])[world.Own, $"{world.Mallory.Name}/new", world.Secret])
            {
                foreach (var (method, body) in ((HttpMethod, byte[]?)[])[(HttpMethod.Get, null), (HttpMethod.Patch, "stolen"u8.ToArray()), (HttpMethod.Put, "stolen"u8.ToArray()), (HttpMethod.Delete, null)])
                {
                    foreach (var caller in (Registry[])[world.Closed.As(world.Mallory), await world.Closed.WithTokenAsync(world.Mallory, $"repository:{repository}:pull,push,delete")])
                    {
                        using var response = await caller.SendAsync(method, $"/v2/{repository}/blobs/uploads/{id}?digest={digest}", body);
                        await response.ExpectAsync(repository == world.Secret ? HttpStatusCode.Forbidden : HttpStatusCode.NotFound);
                    }
                }
            }
            // the owner's own, under another of their repositories, is not there either
            using var moved = await world.Closed.As(world.Alice).SendAsync(HttpMethod.Put, $"/v2/{world.Shared}/blobs/uploads/{id}?digest={digest}", "stolen"u8.ToArray());
            await moved.ExpectAsync(HttpStatusCode.NotFound);
            using var still = await world.Closed.As(world.Alice).GetAsync(location);
            await still.ExpectAsync(HttpStatusCode.NoContent);
            Assert.Equal("0-0", still.Header("Range"));
        },
        ["which names there are, by the clock"] = async world =>
        {
            const int tries = 7;
            var disabled = await world.Closed.AddUserAsync();
            await world.Closed.Registry.App.Users.SetDisabledAsync(Actor.Shell, disabled.Name, disabled: true, TestContext.Current.CancellationToken);
            var known = await world.Closed.AddUserAsync();
            var noPassword = ClosedRegistry.NewName("without");
            await world.Closed.Registry.App.Users.AddAsync(Actor.Shell, noPassword, null, isAdmin: false, TestContext.Current.CancellationToken);
            var names = (string[])[known.Name, "nobody-of-that-name", disabled.Name, noPassword, "No Name At All"];
            var times = names.ToDictionary(name => name, _ => new List<double>());
            for (var i = 0; i < tries + 1; i++)
            {
                foreach (var (name, number) in names.Select((name, number) => (name, number)))
                {
                    var started = Stopwatch.GetTimestamp();
                    using var response = await world.Closed.Registry.As(ClosedRegistry.Basic(name, name == disabled.Name ? disabled.Password : $"guess {i}"), $"127.0.{10 + number}.{i + 1}").GetAsync("/v2/");
                    await response.ExpectAsync(HttpStatusCode.Unauthorized);
                    if (i > 0)
                        times[name].Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                }
            }
            // Whoever is not hashed for is told a hundred times sooner, so the bounds are wide: this machine may be busy.
            var medians = names.Select(name => times[name].Order().ElementAt(tries / 2)).ToList();
            Assert.True(medians.Max() / medians.Min() < 3, string.Join(", ", names.Zip(medians)));
            var hashing = Stopwatch.GetTimestamp();
            PasswordHash.Verify("guess", PasswordHash.OfNobody);
            Assert.True(medians.Min() > Stopwatch.GetElapsedTime(hashing).TotalMilliseconds / 4, string.Join(", ", names.Zip(medians)));
        },
        ["two lengths of one body"] = async world =>
        {
            // What one server takes for the body of a request, another could take for the next request: nobody may be answered twice.
            foreach (var lengths in (string[])["Content-Length: 5\nTransfer-Encoding: chunked", "Transfer-Encoding: chunked\nContent-Length: 5", "Content-Length: 5\nContent-Length: 60", "Content-Length: 5, 60", "Content-Length: -5", "Content-Length: 0x5", "Transfer-Encoding: identity, chunked, x", "Transfer-Encoding: chunked\nTransfer-Encoding: x", "Transfer-Encoding : chunked", "Content-Length: 5\nTransfer-Encoding:\u000bchunked"])
            {
                await using var connection = RawConnection.Open(world.Closed.Registry);
                await connection.SendAsync($"POST /v2/{world.Own}/blobs/uploads/ HTTP/1.1\nHost: {world.Authority}\nAuthorization: {world.Mallory.Basic}\n{lengths}\n\n0\n\nGET /v2/{world.Own}/manifests/1 HTTP/1.1\nHost: {world.Authority}\nAuthorization: {world.Mallory.Basic}\n\n");
                var first = await connection.ReadAsync();
                Assert.True(first is { Status: 400 or 411 or 501 } or null, $"{lengths}: {first?.Status}");
                var second = await connection.ReadAsync();
                Assert.True(second is null, $"{lengths}: answered twice, with {second?.Status}");
            }
        },
        ["a header that is two, or folded"] = async world =>
        {
            foreach (var headers in (string[])["Host: {0}\nHost: other.example", "Host: {0}, other.example", "Host: {0}\n X-Folded: 1", "Host: {0}\nX-Y: 1\n folded", "Host : {0}", "X-Y: 1", "Host: {0}\nX\0Y: 1", "Host: {0}\nX-Y: a\rb", "Host: a/b", "Host: a b", "Host: a\"b", "Host: {0}\n: x"])
            {
                await using var connection = RawConnection.Open(world.Closed.Registry);
                await connection.SendAsync(Encoding.Latin1.GetBytes($"GET /v2/ HTTP/1.1\n{string.Format(System.Globalization.CultureInfo.InvariantCulture, headers, world.Authority)}\n\n".Replace("\n", "\r\n", StringComparison.Ordinal)));
                var answer = await connection.ReadAsync();
                Assert.True(answer is { Status: 400 } or null, $"{headers}: {answer?.Status}");
            }
            await using var twice = RawConnection.Open(world.Closed.Registry);
            await twice.SendAsync($"GET /v2/{world.Secret}/manifests/1 HTTP/1.1\nHost: {world.Authority}\nAuthorization: {world.Mallory.Basic}\nAuthorization: {world.Alice.Basic}\n\n");
            Assert.Equal(401, (await twice.ReadAsync())!.Status);
        },
        ["a proxy that is none"] = async _ =>
        {
            await using var closed = await ClosedRegistry.StartAsync(Engine.Sqlite);
            var user = await closed.AddUserAsync();
            (string, string)[] headers = [("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "https"), ("Forwarded", "for=203.0.113.7;host=evil.example"), ("X-Real-IP", "203.0.113.7"), ("X-Original-URL", "/v2/"), ("X-Rewrite-URL", "/v2/"), ("X-HTTP-Method-Override", "DELETE")];
            using var challenged = await closed.Registry.As(null).GetAsync("/v2/", headers);
            Assert.Equal($"Bearer realm=\"http://{closed.Registry.Authority}/v2/auth\",service=\"{closed.Registry.Authority}\"", challenged.Header("WWW-Authenticate"));
            using var nothing = await closed.Registry.As(null).GetAsync("/nothing-here", headers);
            Assert.DoesNotContain("evil.example", await nothing.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
            // who guesses is held back by the address that they have
            for (var i = 0; i < 10; i++)
                (await closed.Registry.As(ClosedRegistry.Basic($"somebody-{i}", "guess"), "127.0.9.9").GetAsync("/v2/", ("X-Forwarded-For", $"203.0.113.{i}"))).Dispose();
            using var busy = await closed.Registry.As(ClosedRegistry.Basic("somebody-else", "guess"), "127.0.9.9").GetAsync("/v2/", ("X-Forwarded-For", "203.0.113.99"));
            await busy.ExpectAsync(HttpStatusCode.TooManyRequests);
            using var fine = await closed.As(user).GetAsync("/v2/");
            await fine.ExpectAsync(HttpStatusCode.OK);
        },
        ["a path that means another one"] = async world =>
        {
            var (own, secret) = (world.Mallory.Name, world.Secret);
            foreach (var path in (string[])
            [
                $"/v2/{own}/../{secret}/manifests/1", $"/v2/{own}/%2e%2e/{secret}/manifests/1", $"/v2/{own}/%2E%2E/{secret}/manifests/1", $"/v2/{own}/.%2e/{secret}/manifests/1", $"/v2/{own}/..%2f{secret}/manifests/1", $"/v2/{own}%2f..%2f{secret}/manifests/1",
                $"/v2/{own}/..;/{secret}/manifests/1", $"/v2/{own}//../{secret}/manifests/1", $"/v2//{secret}/manifests/1", $"//v2/{secret}/manifests/1", $"/v2/{own}\\..\\{secret}/manifests/1", $"/v2/{own}/%5c..%5c{secret}/manifests/1", $"/v2/{own}/..%5c{secret}/manifests/1",
                $"/v2/{own}/%252e%252e/{secret}/manifests/1", $"/v2/{own}/%c0%ae%c0%ae/{secret}/manifests/1", $"/v2/{own}/app/manifests/1/../../../../{secret}/manifests/1", $"/v2/{own}/app/manifests/..%2f..%2f..%2f{secret}%2fmanifests%2f1", $"/v2/{own}/app/blobs/../../../{secret}/manifests/1",
                $"/./v2/{secret}/manifests/1", $"/x/../v2/{secret}/manifests/1", $"/v2/../v2/{secret}/manifests/1", $"/v2/auth/../{secret}/manifests/1", $"/v2/{secret}/manifests/1#", $"/v2/{secret}/manifests/1%00", $"/v2/{secret}/manifests/1%0a", $"/v2/{secret.Replace('/', '\\')}/manifests/1",
                $"/livez/../v2/{secret}/manifests/1", $"/api/v1/../../v2/{secret}/manifests/1",
            ])
            {
                foreach (var authorization in (string?[])[world.Mallory.Basic, null])
                {
                    await using var connection = RawConnection.Open(world.Closed.Registry);
                    await connection.SendAsync($"GET {path} HTTP/1.1\nHost: {world.Authority}\n{(authorization is null ? "" : $"Authorization: {authorization}\n")}Connection: close\n\n");
                    var answer = await connection.ReadAsync();
                    Assert.True(answer is null or { Status: 400 or 401 or 404 }, $"{path}: {answer?.Status}");
                    Assert.DoesNotContain("schemaVersion", answer?.Text ?? "", StringComparison.Ordinal);
                }
            }
            foreach (var path in (string[])[$"/api/v1/spaces/{own}/../{world.Alice.Name}/audit", $"/api/v1/spaces/{own}%2f..%2f{world.Alice.Name}/audit", $"/api/v1/spaces/..%2fusers", "/api/v1//users", "/api/v1/users/", "/api/v1/me/../users", "/api/v1/me%2f..%2fusers", "/api/v1/me;/../users", "/api//v1/users", "/API/v1/users", "/api/v1/spaces/%2e%2e/audit", "/api/v1/audit%00"])
            {
                await using var connection = RawConnection.Open(world.Closed.Registry);
                await connection.SendAsync($"GET {path} HTTP/1.1\nHost: {world.Authority}\nAuthorization: {world.Mallory.Basic}\nConnection: close\n\n");
                var answer = await connection.ReadAsync();
                Assert.True(answer is null or { Status: 400 or 403 or 404 }, $"{path}: {answer?.Status}");
                Assert.DoesNotContain("\"items\"", answer?.Text ?? "", StringComparison.Ordinal);
            }
        },
        ["lines of one's own in the log and the record"] = async _ =>
        {
            foreach (var format in (LogFormat[])[LogFormat.Text, LogFormat.Json])
            {
                using var directory = new TempDirectory();
                await using var closed = await ClosedRegistry.StartAsync(Engine.Sqlite, config => config with { Log = format, Data = directory["data"] });
                var user = await closed.AddUserAsync();
                var address = 0;
                foreach (var evil in (string[])["\r\nforged", "\nforged", "\u001b[2Jforged", "\u001b]0;forged\u0007", "\u0085forged", "\u009b31mforged", "\u2028forged", "\u2029forged", "\u202eforged", "\"},{\"forged\":\"", "forged=1 caller=root", "\ufefforged"])
                {
                    var caller = closed.Registry.As(ClosedRegistry.Basic($"x{evil}", "guess"), $"127.0.9.{++address}");
                    (await caller.GetAsync("/v2/", ("User-Agent", "x"))).Dispose();
                    (await caller.GetAsync($"/v2/team{Uri.EscapeDataString(evil)}/app/manifests/1")).Dispose();
                    (await closed.As(user).SendAsync(HttpMethod.Post, $"/v2/other/app{Uri.EscapeDataString(evil)}/blobs/uploads/", [])).Dispose();
                    (await closed.As(user).GetAsync($"/v2/auth?account={Uri.EscapeDataString(evil)}&client_id={Uri.EscapeDataString(evil)}&scope={Uri.EscapeDataString($"repository:a{evil}:pull")}")).Dispose();
                    (await closed.As(user).GetAsync($"/api/v1/spaces/{Uri.EscapeDataString(evil)}")).Dispose();
                    await using var raw = RawConnection.Open(closed.Registry);
                    await raw.SendAsync(Encoding.UTF8.GetBytes($"GET /v2/ HTTP/1.1\r\nHost: {closed.Registry.Authority}\r\nUser-Agent: x{evil.Replace("\r", "", StringComparison.Ordinal).Replace("\n", "", StringComparison.Ordinal)}\r\nConnection: close\r\n\r\n"));
                    await raw.ReadAsync();
                }
                await closed.Registry.StopAsync();
                var log = closed.Registry.Log;
                Assert.NotEmpty(log);
                Assert.DoesNotContain(log, c => c != '\n' && (char.IsControl(c) || c is '\u2028' or '\u2029' or '\u202e' or '\ufeff'));
                Assert.All(log.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.Matches(format == LogFormat.Json ? "^\\{\"at\":\"[^\"]+\",\"level\":\"[a-z]+\",\"message\":\"[a-z ]+\"[,}]" : "^\\d\\d:\\d\\d:\\d\\d (warning: |error: )?[a-z]", line));

                var (record, error) = (new StringWriter(), new StringWriter());
                Assert.Equal(0, await StaitheCommand.RunAsync(["audit", "export", "--data", directory["data"]], new Terminal(new Dictionary<string, string> { ["HOME"] = directory.Path }, record, error, TextReader.Null), TestContext.Current.CancellationToken));
                var lines = record.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
                Assert.Contains(lines, line => JsonDocument.Parse(line).RootElement.GetProperty("action").GetString() == "sign-in");
                Assert.DoesNotContain(record.ToString(), c => c != '\n' && c is < ' ' or > '~');
                Assert.All(lines, line => Assert.DoesNotContain(JsonDocument.Parse(line).RootElement.GetProperty("actor").GetString()!, char.IsControl));
            }
        },
    };

    public static TheoryData<string> Rows => [.. Attacks.Keys];

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Comes_to_nothing(string attack) => await Attacks[attack](await World.MakeAsync(await registries.GetAsync(Engine.Sqlite)));

    static string Token(JsonNode header, JsonNode payload, string signature) =>
        $"Bearer {Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header.ToJsonString()))}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(payload.ToJsonString()))}.{signature}";

    /// <summary>Alice has something that mallory wants.</summary>
    sealed record World(ClosedRegistry Closed, Account Alice, Account Mallory, string Secret, string Shared, string Own, string SharedBlob)
    {
        public string Authority => Closed.Registry.Authority;

        public static async Task<World> MakeAsync(ClosedRegistry closed)
        {
            var (alice, mallory) = (await closed.AddTokenAsync(await closed.AddUserAsync("alice")), await closed.AddTokenAsync(await closed.AddUserAsync("mallory")));
            var world = new World(closed, alice, mallory, $"{alice.Name}/secret", $"{alice.Name}/shared", $"{mallory.Name}/app", "");
            await closed.As(alice).PushImageAsync(world.Secret, "1");
            await closed.As(mallory).PushImageAsync(world.Own, "1");
            return world with { SharedBlob = (await closed.As(alice).PushImageAsync(world.Shared, "1")).Layer };
        }

        /// <summary>The parts of a good token for mallory's own.</summary>
        public async Task<(JsonNode Header, JsonNode Payload, string Signature)> TokenAsync()
        {
            var parts = (await Closed.AskAsync(Mallory, $"repository:{Own}:pull")).GetProperty("token").GetString()!.Split('.');
            return (JsonNode.Parse(Base64Url.DecodeFromChars(parts[0]))!, JsonNode.Parse(Base64Url.DecodeFromChars(parts[1]))!, parts[2]);
        }

        public async Task RefusedAsync(string authorization, HttpStatusCode status, string? repository = null)
        {
            using var response = await Closed.Registry.As(authorization).GetAsync($"/v2/{repository ?? Secret}/manifests/1");
            await response.ExpectAsync(status);
        }

        public async Task<List<string>> GrantedAsync(Account account, params string[] scopes) => Granted(await Closed.AskAsync(account, scopes));

        public Task<HttpResponseMessage> PostAsync(string form, string address = "127.0.0.1") =>
            Closed.Registry.As(null, address).SendAsync(HttpMethod.Post, "/v2/auth", Encoding.ASCII.GetBytes(form), "application/x-www-form-urlencoded");

        public static List<string> Granted(JsonElement answer) => [.. JsonDocument.Parse(Base64Url.DecodeFromChars(answer.GetProperty("token").GetString()!.Split('.')[1])).RootElement.GetProperty("access").EnumerateArray()
            .Select(entry => string.Join(',', entry.GetProperty("actions").EnumerateArray().Select(action => action.GetString())))];
    }
}
