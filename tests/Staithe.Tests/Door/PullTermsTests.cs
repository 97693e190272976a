using System.Net;
using System.Text;
using Staithe.Accounts;
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
