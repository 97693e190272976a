using System.Net;
using System.Net.Sockets;
using Staithe.Access;
using Staithe.Tests.Harness;
using Staithe.Transport;

namespace Staithe.Tests.Transport;

/// <summary>Nobody takes all connections: each address has a share, and what nothing happens on makes room.</summary>
public sealed class ConnectionSharesTests
{
    long now = 1_000_000;
    readonly List<ConnectionSeat> closed = [];

    [Fact]
    public void One_address_has_its_share_and_the_others_theirs()
    {
        var shares = new ConnectionShares(50, 12, () => now);
        var first = Enumerable.Range(0, 60).Select(_ => Take(shares, 1)).ToList();
        Assert.Equal(12, first.Count(seat => seat is not null));
        Assert.Equal(12, Enumerable.Range(0, 60).Count(_ => Take(shares, 2) is not null));
        shares.Leave(first[0]!);
        Assert.NotNull(Take(shares, 1));
        Assert.Empty(closed);
    }

    [Fact]
    public void A_proxy_has_no_share()
    {
        var shares = new ConnectionShares(50, 12, () => now);
        Assert.Equal(50, Enumerable.Range(0, 60).Count(_ => Take(shares, null) is not null));
    }

    [Theory]
    [InlineData(10, 10)]
    [InlineData(50, 16)]
    [InlineData(10_000, 2_500)]
    public void The_share_is_a_quarter_and_enough_for_a_pull(int limit, int share) => Assert.Equal(share, ConnectionShares.DefaultShare(limit));

    [Fact]
    public void What_never_sent_a_request_makes_room_first_then_what_waits_for_the_next()
    {
        var shares = new ConnectionShares(3, 3, () => now);
        var (used, busy, silent) = (Take(shares, 1)!, Take(shares, 2)!, Take(shares, 3)!);
        used.Begin();
        used.End();
        busy.Begin();
        Assert.Null(Take(shares, 4)); // it may be about to send
        now += ConnectionShares.IdleMilliseconds;
        Assert.NotNull(Take(shares, 4));
        Assert.Equal([silent], closed);
        now += ConnectionShares.IdleMilliseconds;
        var fourth = Take(shares, 5); // the one of 4 has not sent anything either
        Assert.NotNull(fourth);
        fourth.Begin();
        Assert.NotNull(Take(shares, 6));
        Assert.Equal(used, closed[^1]);
        Assert.DoesNotContain(busy, closed);
    }

    [Fact]
    public void The_one_who_holds_most_makes_room_first()
    {
        var shares = new ConnectionShares(10, 8, () => now);
        var few = Take(shares, 1)!;
        var many = Enumerable.Range(0, 8).Select(_ => Take(shares, 2)!).ToList();
        _ = Take(shares, 3);
        now += 10 * ConnectionShares.IdleMilliseconds;
        Assert.NotNull(Take(shares, 4));
        Assert.Contains(closed.Single(), many);
        Assert.DoesNotContain(few, closed);
    }

    [Fact]
    public void A_transfer_that_stands_still_makes_room_after_a_minute_and_not_where_there_is_room()
    {
        var shares = new ConnectionShares(2, 2, () => now);
        var (paused, moving) = (Take(shares, 1)!, Take(shares, 1)!);
        paused.Begin();
        moving.Begin();
        now += ConnectionShares.StalledMilliseconds - 1;
        moving.Moved();
        Assert.Null(Take(shares, 2));
        now += 1_000;
        Assert.NotNull(Take(shares, 2));
        Assert.Equal([paused], closed);
    }

    [Fact]
    public void Whoever_knocks_without_end_does_not_have_all_looked_through_each_time()
    {
        var looks = 0;
        var shares = new ConnectionShares(1, 1, () => now);
        var busy = shares.TryTake(1, () => { })!;
        busy.Begin();
        for (var i = 0; i < 1_000; i++)
            Assert.Null(shares.TryTake((ulong)i, () => looks++));
        Assert.Equal(0, looks);
        busy.End();
        Assert.Null(Take(shares, 2)); // not yet looked for again
        now += ConnectionShares.IdleMilliseconds;
        Assert.NotNull(Take(shares, 2));
    }

    [Fact]
    public void A_connection_without_a_request_ends_soon_and_one_with_requests_stays()
    {
        var shares = new ConnectionShares(10, 10, () => now);
        var (silent, used) = (Take(shares, 1)!, Take(shares, 1)!);
        used.Begin();
        used.End();
        now += ConnectionSeat.FirstRequestMilliseconds - 1;
        silent.CheckFirstRequest();
        Assert.Empty(closed);
        now += 1;
        silent.CheckFirstRequest();
        used.CheckFirstRequest();
        Assert.Equal([silent], closed);
    }

    [Theory]
    [InlineData("192.0.2.1", "192.0.2.1", true)]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    public void An_address_of_IPv6_is_its_network(string one, string other, bool isSame) =>
        Assert.Equal(isSame, ClientNetwork.Of(IPAddress.Parse(one)) == ClientNetwork.Of(IPAddress.Parse(other)));

    [Theory, InlineData(true), InlineData(false)]
    public async Task Sixty_silent_sockets_of_one_address_keep_nobody_out(bool sendfile)
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => config with { Connections = 50, Sendfile = sendfile });
        await using var sockets = new Sockets();
        for (var i = 0; i < 60; i++)
            await sockets.OpenAsync(registry, "127.0.0.9");
        using (var served = await registry.As(null, "127.0.0.8").GetAsync("/v2/"))
            await served.ExpectAsync(HttpStatusCode.OK);
        Assert.Equal(60 - ConnectionShares.DefaultShare(50), await sockets.CountClosedAsync(60 - ConnectionShares.DefaultShare(50)));
    }

    // Slow headers, bodies that do not come, and answers that nobody takes are of the same address too.
    [Theory, InlineData("GET /v2/ HTTP/1.1\r\nHost: a\r\nX-Slow: "), InlineData("PUT /v2/a/manifests/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{"), InlineData("\x16\x03\x01")]
    public async Task Whatever_they_begin_one_address_has_its_share(string begun)
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => config with { Connections = 40, ConnectionsPerAddress = 10 });
        await using var sockets = new Sockets();
        for (var i = 0; i < 50; i++)
            await sockets.OpenAsync(registry, "127.0.0.9", begun);
        foreach (var address in (string[])["127.0.0.7", "127.0.0.8"])
        {
            using var served = await registry.As(null, address).GetAsync("/v2/");
            await served.ExpectAsync(HttpStatusCode.OK);
        }
    }

    [Fact]
    public async Task An_idle_connection_gives_way_and_one_that_is_busy_does_not()
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => config with { Connections = 10 });
        var location = await registry.StartUploadAsync("a");
        await using var busy = RawConnection.Open(registry);
        await busy.SendAsync($"PATCH {location} HTTP/1.1\nHost: a\nExpect: 100-continue\nContent-Length: 5\n\n");
        Assert.Equal(100, (await busy.ReadAsync())!.Status);
        await using var sockets = new Sockets();
        for (var i = 0; i < 9; i++)
            await sockets.OpenAsync(registry, "127.0.0.9", "GET /v2/ HTTP/1.1\r\nHost: a\r\n\r\n");
        await Eventually.HoldsAsync(async () =>
        {
            try
            {
                await using var another = RawConnection.Open(registry);
                await another.SendAsync("GET /v2/ HTTP/1.1\nHost: a\n\n");
                return (await another.ReadAsync())?.Status == 200;
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                return false; // closed, as long as the others may be about to send
            }
        });
        await busy.SendAsync("hello");
        Assert.Equal(202, (await busy.ReadAsync())!.Status);
    }

    ConnectionSeat? Take(ConnectionShares shares, ulong? network)
    {
        ConnectionSeat? seat = null;
        return seat = shares.TryTake(network, () => closed.Add(seat!));
    }

    /// <summary>Connections from another address of the loopback network.</summary>
    sealed class Sockets : IAsyncDisposable
    {
        readonly List<Socket> open = [];

        public async Task OpenAsync(Registry registry, string from, string begun = "")
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            open.Add(socket);
            socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
            try
            {
                await socket.ConnectAsync(registry.Url.Host, registry.Url.Port, TestContext.Current.CancellationToken);
                if (begun.Length > 0)
                    await socket.SendAsync(System.Text.Encoding.Latin1.GetBytes(begun), TestContext.Current.CancellationToken);
            }
            catch (SocketException)
            {
                // refused
            }
        }

        /// <summary>How many the server has closed, once they are as many as expected.</summary>
        public async Task<int> CountClosedAsync(int expected)
        {
            await Eventually.HoldsAsync(() => Task.FromResult(Count() >= expected));
            return Count();
        }

        public ValueTask DisposeAsync()
        {
            open.ForEach(socket => socket.Dispose());
            return ValueTask.CompletedTask;
        }

        int Count() => open.Count(socket => socket.Poll(0, SelectMode.SelectRead));
    }
}
