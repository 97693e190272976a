using System.Net;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Oci;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Access;

/// <summary>A name of which there is no repository costs what one costs that the asker may not see, so that no clock tells them
/// apart.</summary>
public sealed class AbsenceIsRememberedTests(ClosedRegistries registries)
{
    [Theory, OnBothEngines]
    public async Task The_database_is_asked_as_often_for_none_as_for_one_that_is_private(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var (owner, other) = (await closed.AddTokenAsync(await closed.AddUserAsync()), await closed.AddUserAsync());
        await closed.As(owner).PushImageAsync($"{owner.Name}/secret", "1");
        await using var db = new CountingDb(closed.Db);
        var epoch = new AccessEpoch(db);
        var access = new AccessLookup(db, epoch);
        var cold = new Dictionary<string, int>();
        foreach (var who in (Identity[])[Identity.Anonymous, new(IdentityKind.User, other.Id, other.Name, IsAdmin: false)])
        {
            foreach (var name in (string[])[$"{owner.Name}/secret", $"{owner.Name}/none", "no-such-space/none"])
            {
                var before = db.Reads;
                for (var i = 0; i < 5; i++)
                    Assert.False((await access.DecideAsync(who, RepositoryName.Parse(name), TestContext.Current.CancellationToken)).May(Rights.Pull));
                cold[$"{who.Name} {name}"] = db.Reads - before;
            }
        }
        Assert.All(cold.Values, count => Assert.Equal(1, count));
    }

    [Theory, OnBothEngines]
    public async Task A_push_ends_it_at_once_for_everybody(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var (owner, reader) = (await closed.AddTokenAsync(await closed.AddUserAsync()), await closed.AddTokenAsync(await closed.AddUserAsync()));
        await closed.GrantAsync(owner.SpaceId, $"{owner.Name}/", new Grantee(UserId: reader.Id), Rights.Pull);
        await closed.Db.WriteAsync(session => SpaceTable.SetVisibilityAsync(session, owner.SpaceId, Visibility.Public), TestContext.Current.CancellationToken);
        await closed.ChangeAsync(_ => Task.CompletedTask);
        for (var i = 0; i < 5; i++)
        {
            var name = $"{owner.Name}/app{i}";
            using var browser = new Browser(closed.Registry.Url);
            foreach (var caller in (Registry[])[closed.Registry.As(null), closed.As(reader), closed.As(owner)])
            {
                using var none = await caller.GetAsync($"/v2/{name}/manifests/1");
                Assert.Contains(none.StatusCode, (HttpStatusCode[])[HttpStatusCode.NotFound, HttpStatusCode.Unauthorized]);
            }
            using (var page = await browser.GetAsync($"/r/{name}"))
                await page.ExpectAsync(HttpStatusCode.SeeOther);
            await closed.As(owner).PushImageAsync(name, "1");
            foreach (var caller in (Registry[])[closed.Registry.As(null), closed.As(reader), closed.As(owner)])
            {
                using var there = await caller.GetAsync($"/v2/{name}/manifests/1");
                await there.ExpectAsync(HttpStatusCode.OK);
            }
            await browser.ReadAsync($"/r/{name}");
        }
    }
}
