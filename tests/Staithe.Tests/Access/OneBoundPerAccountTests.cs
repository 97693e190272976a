using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Access;

/// <summary>
/// Guessing a password has one bound for an account, by whatever name, way and number at once, and one for an address; what
/// strangers send keeps no owner out.
/// </summary>
public sealed class OneBoundPerAccountTests(ClosedRegistries registries)
{
    static int networks = 20;

    [Theory, OnBothEngines]
    public async Task A_success_counts_for_who_was_proved_and_not_for_the_name_that_was_sent(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var (carol, eve) = (await closed.AddUserAsync("carol"), await closed.AddUserAsync("eve"));
        var (token, own) = (await closed.AddTokenAsync(eve), await closed.AddTokenAsync(carol));
        var robot = await closed.AddRobotAsync(eve.SpaceId, eve.Name);
        var network = NewNetwork();
        var answers = new List<HttpStatusCode>();
        for (var i = 1; i <= 36; i++)
        {
            answers.Add(await TryAsync(closed, carol.Name, $"guess {i}", $"{network}.{i}"));
            Assert.Equal(HttpStatusCode.OK, await TryAsync(closed, carol.Name, token.Password, $"{network}.{i}"));
            Assert.Equal(HttpStatusCode.OK, await TryAsync(closed, carol.Name, own.Password, $"{network}.{i}"));
            Assert.Equal(HttpStatusCode.OK, await TryAsync(closed, robot.Name, robot.Password, $"{network}.{i}"));
        }
        Assert.All(answers.Take(10), answer => Assert.Equal(HttpStatusCode.Unauthorized, answer));
        Assert.InRange(answers.Count(answer => answer == HttpStatusCode.Unauthorized), 10, 16); // while the waits are short
        Assert.Contains(HttpStatusCode.TooManyRequests, answers);
    }

    [Theory, OnBothEngines]
    public async Task Every_way_to_try_a_password_is_counted_together(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var user = await closed.AddUserAsync("ways");
        var network = NewNetwork();
        var i = 0;
        var ways = new Dictionary<string, Func<string, string, Task<HttpResponseMessage>>>
        {
            ["/v2/"] = (guess, from) => closed.Registry.As(ClosedRegistry.Basic(user.Name, guess), from).GetAsync("/v2/"),
            ["/v2/auth"] = (guess, from) => closed.Registry.As(ClosedRegistry.Basic(user.Name, guess), from).GetAsync($"/v2/auth?service={closed.Registry.Authority}"),
            ["form of /v2/auth"] = (guess, from) => closed.Registry.As(null, from).SendAsync(
                HttpMethod.Post, "/v2/auth", Encoding.ASCII.GetBytes($"grant_type=password&service={closed.Registry.Authority}&username={user.Name}&password={guess}"), "application/x-www-form-urlencoded"),
            ["/api"] = (guess, from) => closed.Registry.As(ClosedRegistry.Basic(user.Name, guess), from).GetAsync("/api/v1/me"),
            ["another case"] = (guess, from) => closed.Registry.As(ClosedRegistry.Basic(user.Name.ToUpperInvariant(), guess), from).GetAsync("/v2/"),
            ["with blanks"] = (guess, from) => closed.Registry.As(ClosedRegistry.Basic($" {user.Name} ", guess), from).GetAsync("/v2/"),
            ["a feed"] = (guess, from) => closed.Registry.As(ClosedRegistry.Basic(user.Name, guess), from).GetAsync("/feeds/mine.atom"),
        };
        for (var round = 0; round < 2; round++)
        {
            foreach (var (way, tryIt) in ways)
            {
                if (++i > 10)
                    break;
                using var wrong = await tryIt($"guess{i}", $"{network}.{i}");
                Assert.True(wrong.StatusCode == HttpStatusCode.Unauthorized, $"{i}, {way}: {wrong.StatusCode}");
            }
        }
        foreach (var (way, tryIt) in ways)
        {
            using var busy = await tryIt($"guess{++i}", $"{network}.{i}");
            Assert.True(busy.StatusCode == HttpStatusCode.TooManyRequests, $"{way}: {busy.StatusCode}");
            Assert.NotNull(busy.Header("Retry-After"));
        }
        using var browser = new Browser(closed.Registry.Url);
        using var form = await browser.PostAsync("/login", ("name", user.Name), ("password", "guess"));
        await form.ExpectAsync(HttpStatusCode.TooManyRequests);
    }

    [Theory, OnBothEngines]
    public async Task What_strangers_send_keeps_no_owner_out(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var owner = await closed.AddUserAsync("owner");
        var robot = await closed.AddRobotAsync(owner.SpaceId, owner.Name);
        var token = await closed.AddTokenAsync(owner);
        var (network, home) = (NewNetwork(), $"{NewNetwork()}.1");
        using var browser = new Browser(closed.Registry.Url);
        await browser.SignInAsync(owner.Name, owner.Password);
        using (var signedOut = await browser.PostAsync("/logout"))
            await signedOut.ExpectAsync(HttpStatusCode.SeeOther);
        Assert.Equal(HttpStatusCode.OK, await TryAsync(closed, owner.Name, owner.Password, home));
        for (var i = 1; i <= 12; i++)
        {
            await TryAsync(closed, robot.Name, Secret.Create(Secret.Robot), $"{network}.{i}");
            await TryAsync(closed, robot.Name, "no secret at all", $"{network}.{i}");
            await TryAsync(closed, owner.Name, "guess", $"{network}.{i}");
            await TryAsync(closed, "somebody-else", "guess", home); // and who shares an address with the owner guesses too
            await TryAsync(closed, "somebody-else", Secret.Create(Secret.Personal), home);
        }
        Assert.Equal(HttpStatusCode.TooManyRequests, await TryAsync(closed, owner.Name, "guess", $"{network}.99"));
        Assert.Equal(HttpStatusCode.TooManyRequests, await TryAsync(closed, "somebody-else", "guess", home));
        await closed.ChangeAsync(_ => Task.CompletedTask); // nothing is remembered any more
        await Eventually.AnswersAsync(HttpStatusCode.OK, () => closed.Registry.As(robot.Basic, home).GetAsync("/v2/"));
        Assert.Equal(HttpStatusCode.OK, await TryAsync(closed, robot.Name, robot.Password, home));
        Assert.Equal(HttpStatusCode.OK, await TryAsync(closed, "any name", token.Password, home));
        Assert.Equal(HttpStatusCode.OK, await TryAsync(closed, owner.Name, owner.Password, home));
        await browser.SignInAsync(owner.Name, owner.Password);
    }

    [Fact]
    public async Task Of_many_at_once_no_more_are_looked_at_than_of_as_many_in_a_row()
    {
        await using var closed = await ClosedRegistry.StartAsync(Engine.Sqlite);
        var (victim, other) = (await closed.AddUserAsync(), await closed.AddUserAsync());
        var attacker = $"{NewNetwork()}.1";
        var guesses = Enumerable.Range(0, 100).Select(i => TryAsync(closed, victim.Name, $"guess {i}", attacker)).ToList();
        var started = Stopwatch.GetTimestamp();
        Assert.Equal(HttpStatusCode.OK, await TryAsync(closed, other.Name, other.Password, $"{NewNetwork()}.1"));
        var waited = Stopwatch.GetElapsedTime(started);
        Assert.Equal(10, (await Task.WhenAll(guesses)).Count(status => status == HttpStatusCode.Unauthorized));
        Assert.True(waited < TimeSpan.FromSeconds(10), $"{waited}"); // on an idle machine a tenth of a second; one hash takes that long

        // the same password many times is as many guesses, and a right one is none
        var (same, right) = (await closed.AddUserAsync(), await closed.AddUserAsync());
        var answers = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => TryAsync(closed, same.Name, "guess", $"{NewNetwork()}.2")));
        Assert.Equal(10, answers.Count(status => status == HttpStatusCode.Unauthorized));
        var from = $"{NewNetwork()}.1";
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => TryAsync(closed, right.Name, right.Password, from))), status => Assert.Equal(HttpStatusCode.OK, status));
    }

    [Fact]
    public async Task Many_people_behind_one_address_sign_in_at_once()
    {
        await using var closed = await ClosedRegistry.StartAsync(Engine.Sqlite);
        var people = new List<Account>();
        for (var i = 0; i < 20; i++)
            people.Add(await closed.AddUserAsync());
        var from = $"{NewNetwork()}.1";
        Assert.All(await Task.WhenAll(people.Select(one => TryAsync(closed, one.Name, one.Password, from))), status => Assert.Equal(HttpStatusCode.OK, status));
    }

    [Theory]
    [InlineData("otto", "OTTO")]
    [InlineData("otto", "oTTo")]
    [InlineData("otto", " otto")]
    [InlineData("otto", "otto\t ")]
    [InlineData("otto meier", "otto   meier")]
    [InlineData("otto", "ｏｔｔｏ")]
    [InlineData("otto", "ot\u00adto")]
    [InlineData("otto", "ot\u200bto")]
    [InlineData("otto\u00a0m", "otto m")]
    [InlineData("straße", "STRASSE")]
    [InlineData("jose\u0301", "José")]
    [InlineData("σίσυφος", "ΣΊΣΥΦΟΣ")]
    [InlineData("Ǖ", "u\u0308\u0304")]
    [InlineData("q\u0323\u0307", "q\u0307\u0323")]
    public void All_that_a_directory_takes_for_one_name_is_one(string one, string other) => Assert.Equal(SignInSource.AccountOf(one), SignInSource.AccountOf(other));

    [Fact]
    public void What_is_no_text_is_reduced_too() => Assert.Equal("a\ufffd", SignInSource.AccountOf($"A{(char)0xD800}"));

    [Fact]
    public async Task A_wait_doubles_is_short_for_an_account_and_is_forgiven()
    {
        var clock = new Clock();
        var limits = await LimitsAsync(clock);
        for (var i = 0; i < 10; i++)
            await FailAsync(limits, "alice", "192.0.2.1");
        var waits = new List<double>();
        for (var i = 0; i < 12; i++)
        {
            var wait = await WaitAsync(limits, "bob", "192.0.2.1");
            waits.Add(wait);
            clock.Now += TimeSpan.FromSeconds(wait);
            await FailAsync(limits, i % 2 == 0 ? "bob" : "carol", "192.0.2.1");
        }
        Assert.Equal([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900], waits);
        clock.Now += TimeSpan.FromSeconds(3601);
        Assert.Equal(0, await WaitAsync(limits, "bob", "192.0.2.1"));

        for (var i = 0; i < 20; i++)
        {
            clock.Now += TimeSpan.FromSeconds(await WaitAsync(limits, "dave", $"198.51.100.{i}"));
            await FailAsync(limits, "dave", $"198.51.100.{i}");
        }
        Assert.Equal(30, await WaitAsync(limits, "dave", "198.51.100.99"));
        Assert.Equal(0, await WaitAsync(limits, "erin", "198.51.100.99"));
    }

    [Fact]
    public async Task Of_an_address_of_ipv6_the_network_counts_and_a_name_may_be_of_any_length()
    {
        var limits = await LimitsAsync(new Clock());
        var name = new string('a', 30_000);
        for (var i = 0; i < 10; i++)
            await FailAsync(limits, name, $"2001:db8:1:2::{i}");
        Assert.NotEqual(0, await WaitAsync(limits, "somebody", "2001:db8:1:2:ffff::1"));
        Assert.Equal(0, await WaitAsync(limits, "somebody", "2001:db8:1:3::1"));
        Assert.NotEqual(0, await WaitAsync(limits, name, "2001:db8:1:3::1"));
        Assert.Equal(0, await WaitAsync(limits, name + "a", "2001:db8:1:3::1"));
    }

    [Fact]
    public async Task Two_names_of_one_entry_of_a_directory_are_counted_together()
    {
        var limits = await LimitsAsync(new Clock());
        for (var i = 0; i < 10; i++)
        {
            await using var attempt = await BeginAsync(limits, i % 2 == 0 ? "otto" : "otto@example.org", $"192.0.2.{i}");
            await attempt.IdentifyAsync("an entry", TestContext.Current.CancellationToken);
            attempt.Fail();
        }
        await using var third = await BeginAsync(limits, "oid of otto", "192.0.2.99");
        await Assert.ThrowsAsync<SignInBusyException>(() => third.IdentifyAsync("an entry", TestContext.Current.CancellationToken));
        await third.IdentifyAsync("another entry", TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Counters_are_bounded_and_the_ones_that_matter_stay()
    {
        var clock = new Clock();
        var counts = new GuessCounts(clock, capacity: 100);
        for (var i = 0; i < 11; i++)
            counts.Fail(1);
        for (var i = 2; i < 1000; i++)
        {
            clock.Now += TimeSpan.FromMilliseconds(1);
            counts.Fail((UInt128)i);
        }
        Assert.InRange(counts.Keys, 1, 100);
        Assert.True(counts.Wait(1, TimeSpan.FromMinutes(1)) > TimeSpan.Zero);
    }

    [Fact]
    public async Task An_attempt_without_a_verdict_was_none_and_who_leaves_the_line_holds_up_nobody()
    {
        var limits = await LimitsAsync(new Clock());
        for (var i = 0; i < 30; i++)
            await (await BeginAsync(limits, "alice", "192.0.2.1")).DisposeAsync();
        var running = new List<SignInAttempt>();
        for (var i = 0; i < SignInLimits.AtOnceFromAddress; i++)
            running.Add(await BeginAsync(limits, $"user{i}", "192.0.2.1"));
        using var leaving = new CancellationTokenSource();
        var gone = limits.BeginAsync("bob", new SignInSource("192.0.2.1"), leaving.Token);
        var next = BeginAsync(limits, "carol", "192.0.2.1");
        Assert.False(next.IsCompleted);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        await running[0].DisposeAsync();
        await using var carol = await next;
        await running[1].DisposeAsync();
    }

    [Fact]
    public async Task Seeded_histories_never_let_more_through_than_the_bound()
    {
        var random = Seed.Random();
        var clock = new Clock();
        var limits = await LimitsAsync(clock);
        var evaluated = new ConcurrentDictionary<string, int>();
        for (var i = 0; i < 2000; i++)
        {
            var account = $"user{random.Next(5)}";
            var written = random.Next(3) switch { 0 => account, 1 => account.ToUpperInvariant(), _ => $" {account}" };
            try
            {
                await using var attempt = await BeginAsync(limits, written, $"192.0.{random.Next(4)}.{random.Next(250)}");
                attempt.Fail();
                evaluated.AddOrUpdate(account, 1, (_, count) => count + 1);
            }
            catch (SignInBusyException)
            {
                // as it should be
            }
        }
        Assert.All(evaluated.Values, count => Assert.Equal(10, count)); // the clock stands still
    }

    static async Task<HttpStatusCode> TryAsync(ClosedRegistry closed, string name, string password, string address)
    {
        using var answer = await closed.Registry.As(ClosedRegistry.Basic(name, password), address).GetAsync("/v2/");
        return answer.StatusCode;
    }

    static Task<SignInAttempt> BeginAsync(SignInLimits limits, string name, string address) => limits.BeginAsync(name, new SignInSource(address), TestContext.Current.CancellationToken);

    static async Task FailAsync(SignInLimits limits, string name, string address)
    {
        await using var attempt = await BeginAsync(limits, name, address);
        attempt.Fail();
    }

    static async Task<double> WaitAsync(SignInLimits limits, string name, string address)
    {
        try
        {
            await (await BeginAsync(limits, name, address)).DisposeAsync();
            return 0;
        }
        catch (SignInBusyException busy)
        {
            return busy.Wait.TotalSeconds;
        }
    }

    // Counters of its own, in a database that others use.
    async Task<SignInLimits> LimitsAsync(Clock clock) => new((await registries.GetAsync(Engine.Sqlite)).Db, ServerSecret.Create(), clock);

    static string NewNetwork() => $"127.7.{Interlocked.Increment(ref networks)}";
}
