using Staithe.Accounts;
using Staithe.Database;
using Staithe.Federation;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Federation;

/// <summary>An attempt to sign in with an issuer comes back once, to whichever server of the registry.</summary>
public sealed class LoginTicketsTests(ClosedRegistries registries)
{
    [Theory, OnBothEngines]
    public async Task A_ticket_is_taken_once_at_all_servers_together(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var clock = new Clock();
        var servers = Enumerable.Range(0, 4).Select(_ => new LoginTickets(closed.Db, closed.Secret, clock)).ToList();
        for (var round = 0; round < 5; round++)
        {
            var ticket = servers[0].Create("work", "/r/a", null);
            var text = servers[0].Seal(ticket);
            Assert.Null(await servers[1].TakeAsync(text, "work", "another state", TestContext.Current.CancellationToken));
            Assert.Null(await servers[1].TakeAsync(text, "play", ticket.State, TestContext.Current.CancellationToken));
            var taken = await Task.WhenAll(servers.Concat(servers).Select(server => Task.Run(() => server.TakeAsync(text, "work", ticket.State, TestContext.Current.CancellationToken))));
            Assert.Equal(ticket, Assert.Single(taken, one => one is not null));
        }
        var late = servers[0].Create("work", null, null);
        clock.Now += LoginTickets.Lifetime;
        Assert.Null(await servers[1].TakeAsync(servers[0].Seal(late), "work", late.State, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_row_goes_when_its_ticket_would_have_ended()
    {
        await using var closed = await ClosedRegistry.StartAsync(Engine.Sqlite);
        var clock = new Clock();
        var tickets = new LoginTickets(closed.Db, closed.Secret, clock);
        for (var i = 0; i < 200; i++)
        {
            var ticket = tickets.Create("work", null, null);
            Assert.NotNull(await tickets.TakeAsync(tickets.Seal(ticket), "work", ticket.State, TestContext.Current.CancellationToken));
            clock.Now += TimeSpan.FromMinutes(1);
        }
        Assert.InRange(await closed.Db.ReadAsync(session => session.FindNumberAsync(CountSql), TestContext.Current.CancellationToken) ?? 0, 1, 64 + 10);
    }

    // A secret that is not shared would make tickets that nobody else takes.
    [Fact]
    public async Task Another_registry_takes_none_of_them()
    {
        var closed = await registries.GetAsync(Engine.Sqlite);
        var (ours, theirs) = (new LoginTickets(closed.Db, closed.Secret, new Clock()), new LoginTickets(closed.Db, ServerSecret.Create(), new Clock()));
        var ticket = theirs.Create("work", null, null);
        Assert.Null(await ours.TakeAsync(theirs.Seal(ticket), "work", ticket.State, TestContext.Current.CancellationToken));
    }

    static readonly Sql CountSql = new("select count(*) from used_logins");
}
