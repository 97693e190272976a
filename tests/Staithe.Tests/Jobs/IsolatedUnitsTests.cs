using System.Net;
using System.Text.Json;
using Staithe.Audit;
using Staithe.Content;
using Staithe.Database;
using Staithe.Jobs;
using Staithe.Oci;
using Staithe.Tests.Files;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Jobs;

/// <summary>One bad unit of background work stops no other one: it is recorded with its cause, left alone for a while, and tried again.</summary>
public sealed class IsolatedUnitsTests
{
    [Theory, OnBothEngines]
    public async Task A_repository_that_cannot_be_indexed_holds_up_no_other(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        await registry.PushImageAsync("eve/bad", "1"); // the first in the queue
        var id = await registry.App.Database.ReadAsync(session => session.FindNumberAsync(new Sql("select id from repositories where name = 'eve/bad'")), Cancel);
        await Poison.AddAsync(registry, "insert", "search_documents", $"new.repo_id = {id}");
        await registry.PushImageAsync("eve/bad", "2");
        await registry.PushImageAsync("alice/good", "1");
        await Eventually.IsAsync(1, () => CountAsync(registry, "good"));
        await Eventually.IsAsync(1, async () => (await Poison.FailedAsync(registry)).Count);
        var failed = Assert.Single(await Poison.FailedAsync(registry));
        Assert.Equal((WorkKind.Search, "eve/bad"), (failed.Kind, failed.Label));
        Assert.Contains("poisoned", failed.Cause, StringComparison.Ordinal);

        // It is left alone until its time has come, also by a server that has just started, and what comes behind it goes on.
        var attempts = failed.Attempts;
        await registry.App.DrainAsync(Cancel);
        Assert.Equal(attempts, Assert.Single(await Poison.FailedAsync(registry)).Attempts);

        await registry.PushImageAsync("alice/later", "1");
        await Eventually.IsAsync(1, () => CountAsync(registry, "later"));

        // An admin sees it and has it tried again: it fails again, and waits longer; then the fault is gone.
        using (var jobs = await registry.GetAsync("/api/v1/jobs"))
            await jobs.ExpectAsync(HttpStatusCode.NotFound); // an open registry has no admins
        await RetryAsync(registry, id);
        await registry.App.DrainAsync(Cancel);
        await Eventually.IsAsync(attempts + 1, async () => Assert.Single(await Poison.FailedAsync(registry)).Attempts);
        await Poison.RemoveAsync(registry, "search_documents");
        await RetryAsync(registry, id);
        await Eventually.IsAsync(0, async () => (await Poison.FailedAsync(registry)).Count);
        Assert.Equal(1, await CountAsync(registry, "bad"));
        await registry.StopAsync();
        Assert.Equal(1, registry.Log.Split('\n').Count(line => line.Contains("background work failed", StringComparison.Ordinal) && line.Contains("eve/bad", StringComparison.Ordinal)));
    }

    [Theory, OnBothEngines]
    public async Task A_line_count_or_file_that_cannot_be_written_or_deleted_takes_no_other_along(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        var (runner, db) = (Poison.Runner(registry), registry.App.Database);

        // Lines of the audit: forty in one batch, one of them poisoned.
        await Poison.AddAsync(registry, "insert", "audit", "new.target = 'bad'");
        var refusals = new Refusals(runner);
        for (var i = 0; i < 40; i++)
            refusals.Add(new Actor("eve", "192.0.2.1"), new Deed("sign.in", i == 17 ? "bad" : $"line {i}", null));
        await refusals.FlushAsync(Cancel);
        Assert.Equal(39, await NumberAsync(db, "select count(*) from audit where action = 'sign.in'"));
        Assert.Contains(await Poison.FailedAsync(registry), one => one is { Kind: WorkKind.Audit, Attempts: 1 } && one.Label.Contains("bad", StringComparison.Ordinal));

        // Names of whoever was refused are anybody's text.
        refusals.Add(new Actor("n\0ul \ud83d", null), new Deed("sign.in", "a\0\udc00", null, new string('x', 100_000)));
        await refusals.FlushAsync(Cancel);
        Assert.Equal(40, await NumberAsync(db, "select count(*) from audit where action = 'sign.in'"));

        // Pulls: two repositories, one of them poisoned.
        foreach (var name in (string[])["pull/bad", "pull/good"])
            await registry.PushImageAsync(name, "1");
        await Poison.AddAsync(registry, "insert", "pulls", $"new.repo_id = {await NumberAsync(db, "select id from repositories where name = 'pull/bad'")}");
        var pulls = new PullCounts(runner);
        foreach (var name in (string[])["pull/bad", "pull/good"])
            pulls.Add(new PullCount(new OciRoute.Manifest(RepositoryName.Parse(name), Reference.To(TagName.Parse("1")))));
        await pulls.FlushAsync(Cancel);
        Assert.Equal(1, await NumberAsync(db, "select cast(sum(count) as bigint) from pulls"));
        Assert.Contains(await Poison.FailedAsync(registry), one => one is { Kind: WorkKind.Pulls, Label: "pull/bad:1" });

        // Expired uploads: three, one of them poisoned.
        for (var i = 0; i < 3; i++)
            await registry.StartUploadAsync("up/a");
        var key = await db.ReadAsync(session => session.FindAsync(new Sql("select min(storage_key) from uploads"), row => row.GetString(0)), Cancel);
        await db.WriteAsync(session => session.ExecuteAsync(new Sql("update uploads set expires_at = 0")), Cancel);
        await Poison.AddAsync(registry, "insert", "trash", $"new.storage_key = '{key}'");

        // Trash: the file of one key cannot be deleted, since a directory with something in it lies there.
        var stuck = Path.Combine(registry.Config.Data, "blobs", "aa", "stuck");
        Directory.CreateDirectory(Path.Combine(stuck, "inside"));
        await db.WriteAsync(session => session.ExecuteAsync(new Sql("insert into trash (storage_key, delete_after) values ('aa/stuck', 0), ('aa/gone', 1)")), Cancel);
        await registry.App.SweepAsync(Cancel);
        await registry.App.SweepAsync(Cancel);
        Assert.Equal(1, await NumberAsync(db, "select count(*) from uploads"));
        Assert.Equal(0, await NumberAsync(db, "select count(*) from trash where storage_key = 'aa/gone'"));
        Assert.Equal(1, await NumberAsync(db, "select count(*) from trash where storage_key = 'aa/stuck' and delete_after > 1000"));
        var failed = await Poison.FailedAsync(registry);
        Assert.Contains(failed, one => one.Kind == WorkKind.Uploads && one.Cause.Contains("poisoned", StringComparison.Ordinal));
        Assert.Contains(failed, one => one is { Kind: WorkKind.Trash, Label: "aa/stuck", Attempts: 1 });
        Directory.Delete(stuck, recursive: true);
        await db.WriteAsync(session => session.ExecuteAsync(new Sql("update trash set delete_after = 0 where storage_key = 'aa/stuck'")), Cancel);
        await registry.App.SweepAsync(Cancel);
        Assert.DoesNotContain(await Poison.FailedAsync(registry), one => one.Kind == WorkKind.Trash);
    }

    [Theory, OnBothEngines]
    public async Task An_image_that_cannot_be_inspected_is_recorded_and_the_next_is(Engine engine)
    {
        await using var registry = await Registry.StartAsync(engine);
        var bad = await registry.PushLayersAsync("look/bad", "1", new TarBytes().File("a", "b").End());
        var id = await NumberAsync(registry.App.Database, $"select id from manifests where digest = '{bad}'");
        await Poison.AddAsync(registry, "update", "image_contents", $"new.manifest_id = {id} and new.state = 'done'");
        var good = await registry.PushLayersAsync("look/good", "1", new TarBytes().File("c", "d").End());
        await registry.LookAsync();
        await Eventually.IsAsync(1L, () => NumberAsync(registry.App.Database, $"select count(*) from image_contents c join manifests m on m.id = c.manifest_id where m.digest = '{good}' and c.state = 'done'"));
        await Eventually.IsAsync(1L, () => NumberAsync(registry.App.Database, $"select count(*) from jobs where kind = 'layer inspection' and unit = '{id}' and cause like '%poisoned%'"));
    }

    [Theory, OnBothEngines]
    public async Task Admins_see_what_failed_and_why(Engine engine)
    {
        await using var server = await Api.ApiServer.StartAsync(engine, "root", "alice");
        var runner = Poison.Runner(server.Registry);
        await runner.FailAsync(WorkKind.Search, "7", "alice/<b>app</b>", new InvalidDataException("a <b>bomb</b>\0\n\ud83d"), Cancel);
        var jobs = await server.As("root").GetAsync("/jobs");
        var failed = Assert.Single(jobs.GetProperty("failed").EnumerateArray());
        Assert.Equal(("search index", "7", "alice/<b>app</b>", "InvalidDataException: a <b>bomb</b>\uFFFD \uFFFD", 1), (
            failed.GetProperty("kind").GetString(), failed.GetProperty("unit").GetString(), failed.GetProperty("label").GetString(), failed.GetProperty("cause").GetString(), failed.GetProperty("attempts").GetInt32()));
        using var browser = await Web.OwnSettingsTests.SignedInAsync(server, "root");
        var page = await browser.ReadAsync("/admin?view=jobs");
        Assert.Contains("a &lt;b&gt;bomb&lt;/b&gt;", page, StringComparison.Ordinal);
        await browser.SubmitAsync("/admin?view=jobs", HttpStatusCode.SeeOther, ("do", "work.retry"), ("kind", WorkKind.Search), ("unit", "7"));
        await server.As("root").PutAsync($"/jobs/retry?kind={Uri.EscapeDataString(WorkKind.Search)}&unit=7");
        Assert.True(failed.GetProperty("nextAt").GetDateTimeOffset() > Assert.Single((await server.As("root").GetAsync("/jobs")).GetProperty("failed").EnumerateArray()).GetProperty("nextAt").GetDateTimeOffset());
        await server.As("root").RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Put, "/jobs/retry?kind=search%20index&unit=8");
        await server.As("root").RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Post, "/unread-images/4711/retry");
        await server.As("alice").RefusedAsync(HttpStatusCode.Forbidden, "/jobs");
        await runner.SucceedAsync(WorkKind.Search, "7", Cancel);
        Assert.Empty((await server.As("root").GetAsync("/jobs")).GetProperty("failed").EnumerateArray());
    }

    [Theory, OnBothEngines]
    public async Task Admins_pause_a_kind_go_on_with_it_and_cancel_a_unit(Engine engine)
    {
        await using var server = await Api.ApiServer.StartAsync(engine, "root", "alice");
        var (app, root) = (server.Registry.App, server.As("root"));
        Assert.Equal(WorkKind.Queues.Order(), app.Jobs.Kinds.Order());
        const string Search = "kind=search%20index";
        await root.PutAsync($"/jobs/pause?{Search}");
        await server.Registry.As(ClosedRegistry.Basic("alice", Api.ApiServer.Password("alice"))).PushImageAsync("alice/app", "1");
        await app.DrainAsync(Cancel);
        var queue = await QueueAsync(WorkKind.Search);
        Assert.Equal((1, 0, 0), (queue.GetProperty("waiting").GetInt32(), queue.GetProperty("running").GetInt32(), queue.GetProperty("failed").GetInt32()));
        Assert.NotEqual(JsonValueKind.Null, queue.GetProperty("pausedAt").ValueKind);
        Assert.NotEqual(JsonValueKind.Null, queue.GetProperty("oldestAt").ValueKind);
        Assert.Equal(JsonValueKind.Null, queue.GetProperty("nextAt").ValueKind);
        await Eventually.HoldsAsync(async () => (await QueueAsync(WorkKind.Trash)).GetProperty("nextAt").ValueKind != JsonValueKind.Null);
        using (var browser = await Web.OwnSettingsTests.SignedInAsync(server, "root"))
        {
            Assert.Contains("paused since", await browser.ReadAsync("/admin?view=jobs"), StringComparison.Ordinal);
            await browser.SubmitAsync("/admin?view=jobs", HttpStatusCode.SeeOther, ("do", "work.resume"), ("kind", WorkKind.Search));
        }
        await app.DrainAsync(Cancel);
        Assert.Equal(0, (await QueueAsync(WorkKind.Search)).GetProperty("waiting").GetInt32());
        await root.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Put, $"/jobs/resume?{Search}");
        await root.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Put, "/jobs/pause?kind=nothing");

        await app.Database.WriteAsync(session => JobTable.AddFailedAsync(session, new FailedWork(WorkKind.Search, "4711", "x", "x", 1, 0, 0), null, TimeSpan.FromHours(1)), Cancel);
        await root.DeleteAsync($"/jobs?{Search}&unit=4711");
        await root.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Delete, $"/jobs?{Search}&unit=4711");
        foreach (var (method, path) in ((HttpMethod, string)[])[(HttpMethod.Put, $"/jobs/pause?{Search}"), (HttpMethod.Put, $"/jobs/resume?{Search}"), (HttpMethod.Delete, $"/jobs?{Search}&unit=1")])
            await server.As("alice").RefusedAsync(HttpStatusCode.Forbidden, method, path);

        async Task<JsonElement> QueueAsync(string kind) => (await root.GetAsync("/jobs")).GetProperty("queues").EnumerateArray().Single(one => one.GetProperty("kind").GetString() == kind);
    }

    [Fact]
    public async Task A_unit_that_goes_on_failing_is_tried_less_and_less_often()
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite);
        var runner = Poison.Runner(registry);
        var waits = new List<double>();
        for (var i = 0; i < 12; i++)
            waits.Add((await runner.FailAsync("kind", "unit", "unit", new InvalidOperationException("x"), Cancel)).TotalSeconds);
        Assert.InRange(waits[0], 10, 12);
        Assert.InRange(waits[3], 80, 96);
        Assert.InRange(waits[11], 3600, 4320);
        Assert.Equal(12, Assert.Single(await Poison.FailedAsync(registry)).Attempts);
    }

    static Task<bool> RetryAsync(Registry registry, long? id) => registry.App.Database.WriteAsync(
        session => JobTable.RetryAsync(session, WorkKind.Search, id!.Value.ToString(System.Globalization.CultureInfo.InvariantCulture)), Cancel);

    static async Task<int> CountAsync(Registry registry, string query)
    {
        using var answer = await registry.GetAsync($"/api/v1/search?q={query}");
        await answer.ExpectAsync(HttpStatusCode.OK);
        return (await answer.JsonAsync()).GetProperty("total").GetInt32();
    }

    static async Task<long> NumberAsync(Db db, string sql) => await db.ReadAsync(session => session.FindNumberAsync(new Sql(sql)), Cancel) ?? 0;

    static CancellationToken Cancel => TestContext.Current.CancellationToken;
}
