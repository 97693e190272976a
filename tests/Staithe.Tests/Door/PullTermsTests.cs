using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Staithe.Access;
using Staithe.Accounts;
using Staithe.Content;
using Staithe.Door;
using Staithe.Oci;
using Staithe.Sharing;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Door;

/// <summary>What is remembered with cached content of who may pull it holds until something changes, and no longer.</summary>
public sealed class PullTermsTests(ClosedRegistries registries)
{
    [Theory, OnBothEngines]
    public async Task A_public_pull_from_memory_ends_with_the_change_that_makes_it_private(Engine engine)
    {
        var closed = await registries.GetAsync(engine);
        var owner = await closed.AddUserAsync();
        var name = $"{owner.Name}/shown";
        await closed.As(owner).PushImageAsync(name, "1");
        var (stranger, known) = (closed.Registry.As(null), closed.As(owner));
        for (var round = 0; round < 3; round++)
        {
            await ExpectAsync(stranger, name, HttpStatusCode.Unauthorized);
            await SetAsync(known, name, Visibility.Public);
            for (var i = 0; i < 4; i++)
            {
                await ExpectAsync(stranger, name, HttpStatusCode.OK);
                await ExpectAsync(await closed.WithTokenAsync(owner, $"repository:{name}:pull"), name, HttpStatusCode.OK);
            }
            await SetAsync(known, name, Visibility.Private);
        }
        await ExpectAsync(known, name, HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_fast_way_to_pull_allocates_nothing()
    {
        var closed = await registries.GetAsync(Engine.Sqlite);
        var cancel = TestContext.Current.CancellationToken;
        var owner = await closed.AddUserAsync();
        var name = RepositoryName.Parse($"{owner.Name}/fast");
        await closed.As(owner).PushImageAsync(name.Value, "1");
        await closed.SetVisibilityAsync(name.Value, Visibility.Public);
        var epoch = new AccessEpoch(closed.Db);
        var access = new AccessLookup(closed.Db, epoch);
        using var keys = new TokenKeys(closed.Db, closed.Secret);
        var tokens = new BearerTokens(keys, new TokenCheck(closed.Db, epoch, access, closed.Secret, ShareLinkName.Is), TimeProvider.System);
        var limits = new RequestLimits(0, 0, TimeProvider.System);
        var route = new OciRoute.Manifest(name, Reference.To(TagName.Parse("1")));
        var manifest = new CachedManifest(route, "", "", []);
        var decision = await access.DecideAsync(Identity.Anonymous, name, cancel);
        var (token, _, _) = await tokens.IssueAsync(Identity.Anonymous, "a", new Dictionary<string, Decision> { [name.Value] = decision }, tokens.Stamp, cancel);

        Assert.Equal(0, Allocated(Gate(isOpen: true), null));
        Assert.Equal(0, Allocated(Gate(isOpen: false), null));
        Assert.Equal(0, Allocated(Gate(isOpen: false), $"Bearer {token}"));
        Assert.NotEqual(0, Allocated(Gate(isOpen: false), null, () => _ = new object())); // the count must be able to see an object

        Gate Gate(bool isOpen) => new(
            access,
            new PresentNames(closed.Db, epoch),
            links: null!,
            new CallerLookup(signIn: null!, sessions: null!, tokens, limits, isOpen), // nobody is looked up
            refusals: null!,
            Admission.Needed,
            isOpen);

        long Allocated(Gate gate, string? authorization, Action? more = null)
        {
            var http = new DefaultHttpContext();
            http.Request.Host = new HostString("a");
            if (authorization is not null)
                http.Request.Headers.Authorization = authorization;
            for (var i = 0; i < 100; i++)
                Assert.NotNull(gate.TryAdmitToPull(http, route, manifest));
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 100; i++)
            {
                _ = gate.TryAdmitToPull(http, route, manifest);
                more?.Invoke();
            }
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    static async Task ExpectAsync(Registry registry, string name, HttpStatusCode status)
    {
        using var answer = await registry.GetAsync($"/v2/{name}/manifests/1");
        await answer.ExpectAsync(status);
    }

    static async Task SetAsync(Registry owner, string name, Visibility visibility)
    {
        var body = Encoding.UTF8.GetBytes($$"""{"visibility":"{{VisibilityText.Format(visibility)}}"}""");
        using var answer = await owner.SendAsync(HttpMethod.Patch, $"/api/v1/repository?name={name}", body, "application/json");
        await answer.ExpectAsync(HttpStatusCode.OK);
    }
}
