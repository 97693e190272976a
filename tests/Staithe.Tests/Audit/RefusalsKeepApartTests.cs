using Staithe.Audit;
using Staithe.Database;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Audit;

/// <summary>What is noted of refusals is bounded, and nobody's noise hides what somebody else did.</summary>
public sealed class RefusalsKeepApartTests
{
    [Theory, OnBothEngines]
    public async Task One_actor_never_hides_another(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine, config => config with { Open = false });
        using var refusals = new Refusals(Poison.Runner(registry));
        for (var i = 0; i < 8250; i++)
        {
            refusals.Add(new Actor("eve", "192.0.2.1"), new Deed("push", $"team/app{i}", "team"));
            if (i % 2000 == 0)
            {
                refusals.AddGuess(new Actor("alice", "192.0.2.1"), new Deed("sign-in", "", null)); // from where eve is
                refusals.Add(new Actor("bob", "192.0.2.2"), new Deed("push", $"other/app{i}", "other"));
            }
        }
        for (var i = 0; i < 30_000; i++)
            refusals.Add(new Actor($"made-up-{i}", $"192.0.{i % 3}.77"), new Deed("sign-in", "", null, "with a token"));
        refusals.AddGuess(new Actor("alice", "192.0.2.9"), new Deed("sign-in", "", null));
        await refusals.FlushAsync(TestContext.Current.CancellationToken);

        var lines = await ListAsync(registry.App.Database);
        Assert.Equal("5 times", Assert.Single(lines, line => line.Actor == "alice" && line.Address == "192.0.2.1").Detail);
        Assert.Single(lines, line => line.Actor == "alice" && line.Address == "192.0.2.9");
        Assert.Equal(5, lines.Count(line => line.Actor == "bob"));
        var more = Assert.Single(lines, line => line.Actor == "eve" && line.Detail?.Contains("more", StringComparison.Ordinal) == true);
        Assert.Equal(("push", "192.0.2.1"), (more.Action, more.Address));
        Assert.Equal(8250, lines.Count(line => line.Actor == "eve") - 1 + int.Parse(more.Detail!.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture));
        Assert.InRange(lines.Count, 1, 10_000);
    }

    static async Task<List<AuditLine>> ListAsync(Db db)
    {
        var lines = new List<AuditLine>();
        while (await db.ReadAsync(session => AuditTable.ListOldestAsync(session, null, lines.Count == 0 ? 0 : lines[^1].Id, 1000)) is { Count: > 0 } page)
            lines.AddRange(page);
        return lines;
    }
}
