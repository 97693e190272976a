using System.Net;
using System.Text.Json;
using Staithe.Accounts;
using Staithe.Database;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

/// <summary>Signing in with the real clients, each against a server of its own: whoever guesses wrong too often has to wait.</summary>
[Trait("Kind", "client"), Collection(ClientCollections.Others)]
public sealed class LoginTests(DockerWorld docker, ContainerdWorld containerd) : IClassFixture<DockerWorld>, IClassFixture<ContainerdWorld>
{
    readonly ClientWorld world = docker.World;

    [Theory]
    [InlineData("podman", "podman login", "podman logout", "podman push", "podman pull", "podman rmi", Engine.Sqlite)]
    [InlineData("podman", "podman login", "podman logout", "podman push", "podman pull", "podman rmi", Engine.Postgres)]
    [InlineData("buildah", "buildah login --tls-verify=false", "buildah logout", "buildah push", "buildah pull", "buildah rmi", Engine.Sqlite)]
    [InlineData("skopeo", "skopeo login --tls-verify=false", "skopeo logout", "podman push", "podman pull", "podman rmi", Engine.Sqlite)]
    public async Task Who_has_logged_in_pushes_and_pulls_what_is_theirs(string client, string login, string logout, string push, string pull, string remove, Engine engine)
    {
        await using var closed = await ClosedRegistry.StartAsync(engine);
        var (host, alice, carol) = (Trust(closed), await closed.AddUserAsync("alice"), await closed.AddUserAsync("carol"));
        var image = $"{host}/{alice.Name}/app:1";
        await world.BuildAsync(image, $"by {client}");

        await RefusedAsync($"{push} {image}");
        await RefusedAsync($"printf %s wrong-password | {login} -u {alice.Name} --password-stdin {host}");
        await world.RunAsync($"printf %s '{alice.Password}' | {login} -u {alice.Name} --password-stdin {host}");
        await world.RunAsync($"{push} {image} && {remove} {image} && {pull} {image}");
        await world.RunAsync($"podman tag {image} {host}/{carol.Name}/app:1");
        var refused = await RefusedAsync($"{push} {host}/{carol.Name}/app:1");
        Assert.Contains($"there is no space {carol.Name} that {alice.Name} may use. Push to {alice.Name}/app.", refused, StringComparison.Ordinal);
        await world.RunAsync($"{logout} {host} && {remove} {image}");
        await RefusedAsync($"{pull} {image}");

        await closed.SetVisibilityAsync($"{alice.Name}/app", Visibility.Public);
        await Eventually.AnswersAsync(HttpStatusCode.OK, () => closed.Registry.As(null).GetAsync($"/v2/{alice.Name}/app/tags/list"));
        await world.RunAsync($"{pull} {image}");
    }

    [Theory]
    [InlineData(Engine.Sqlite)]
    [InlineData(Engine.Postgres)]
    public async Task A_copy_between_private_repositories_mounts(Engine engine)
    {
        await using var closed = await ClosedRegistry.StartAsync(engine);
        var (host, alice) = (Trust(closed), await closed.AddUserAsync("alice"));
        var (from, to) = ($"{alice.Name}/from", $"{alice.Name}/to");
        await world.BuildAsync($"{host}/{from}:1", "mounted");
        await world.RunAsync($"printf %s '{alice.Password}' | podman login -u {alice.Name} --password-stdin {host}");
        await world.RunAsync($"podman push {host}/{from}:1");
        await world.RunAsync($"{ClientWorld.Skopeo} copy docker://{host}/{from}:1 docker://{host}/{to}:1");
        await world.RunAsync($"podman logout {host}");

        await closed.Registry.StopAsync();
        var requests = closed.Registry.Log.Split('\n').Where(line => line.Contains($"\"repository\":\"{to}\"", StringComparison.Ordinal)).ToList();
        Assert.Contains(requests, line => line.Contains("\"method\":\"POST\",\"route\":\"uploads\"", StringComparison.Ordinal) && line.Contains("\"status\":201", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Docker_login_keeps_no_password()
    {
        await using var closed = await ClosedRegistry.StartAsync(Engine.Sqlite);
        var (host, alice, carol) = (Trust(closed), await closed.AddUserAsync("alice"), await closed.AddUserAsync("carol"));
        var image = $"{host}/{alice.Name}/app:1";
        await world.BuildAsync(image, "by docker");
        await world.RunAsync($"podman save --format docker-archive {image} -o docker.tar && docker load -i docker.tar");

        await RefusedAsync($"docker push {image}");
        await RefusedAsync($"printf %s wrong-password | docker login -u {alice.Name} --password-stdin {host}");
        await world.RunAsync($"printf %s '{alice.Password}' | docker login -u {alice.Name} --password-stdin {host}");
        var kept = JsonDocument.Parse(await File.ReadAllTextAsync(world["docker/config.json"], TestContext.Current.CancellationToken)).RootElement.GetProperty("auths").GetProperty(host);
        Assert.StartsWith(Secret.Refresh, kept.GetProperty("identitytoken").GetString(), StringComparison.Ordinal);
        var auth = kept.TryGetProperty("auth", out var text) ? System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(text.GetString()!)) : "";
        Assert.DoesNotContain(alice.Password, auth, StringComparison.Ordinal);

        await world.RunAsync($"docker push {image} && docker rmi {image} && docker pull {image}");
        await world.RunAsync($"docker tag {image} {host}/{carol.Name}/app:1");
        Assert.Contains($"there is no space {carol.Name} that {alice.Name} may use. Push to {alice.Name}/app.", await RefusedAsync($"docker push {host}/{carol.Name}/app:1"), StringComparison.Ordinal);
        await world.RunAsync($"docker logout {host} && docker rmi {image}");
        await RefusedAsync($"docker pull {image}");
    }

    [Fact]
    public async Task A_robot_and_a_token_sign_in_until_they_end()
    {
        await using var closed = await ClosedRegistry.StartAsync(Engine.Sqlite);
        var (host, alice) = (Trust(closed), await closed.AddUserAsync("alice"));
        var robot = await closed.AddRobotAsync(alice.SpaceId, alice.Name);
        await closed.GrantAsync(alice.SpaceId, $"{alice.Name}/app", new Grantee(RobotId: robot.Id), Rights.Write);
        var (token, ended) = (await closed.AddTokenAsync(alice, Rights.Read), await closed.AddTokenAsync(alice, endsIn: TimeSpan.FromHours(-1)));
        var image = $"{host}/{alice.Name}/app:1";
        await world.BuildAsync(image, "by a robot");

        await world.RunAsync($"podman push --creds '{robot.Name}:{robot.Password}' {image}");
        Assert.Contains($"no right of {robot.Name} in the space {alice.Name} reaches it", await RefusedAsync($"podman push --creds '{robot.Name}:{robot.Password}' {image} {host}/{alice.Name}/other:1"), StringComparison.Ordinal);
        Assert.Contains("this token is read-only", await RefusedAsync($"podman push --creds '{alice.Name}:{token.Password}' {image} {host}/{alice.Name}/other:1"), StringComparison.Ordinal);
        await world.RunAsync($"{ClientWorld.Skopeo} inspect --creds '{alice.Name}:{token.Password}' docker://{image}");
        await RefusedAsync($"{ClientWorld.Skopeo} delete --creds '{alice.Name}:{token.Password}' docker://{image}");
        await RefusedAsync($"{ClientWorld.Skopeo} inspect --creds '{alice.Name}:{ended.Password}' docker://{image}");

        await closed.ChangeAsync(async session =>
        {
            var mine = await AccessTokenTable.ListAsync(session, alice.Id, new ListRequest());
            foreach (var one in mine.Items)
                await AccessTokenTable.DeleteAsync(session, alice.Id, one.Id);
        });
        await Eventually.AnswersAsync(HttpStatusCode.Unauthorized, () => closed.Registry.As(token.Basic, "127.0.4.1").GetAsync("/v2/"));
        await RefusedAsync($"{ClientWorld.Skopeo} inspect --creds '{alice.Name}:{token.Password}' docker://{image}");
    }

    [Fact]
    public async Task Containerd_takes_name_and_password_on_the_command_line()
    {
        await using var closed = await ClosedRegistry.StartAsync(Engine.Sqlite);
        var alice = await closed.AddUserAsync("alice");
        var (host, image) = (Trust(closed), $"{closed.Registry.Authority}/{alice.Name}/app:1");
        await world.BuildAsync(image, "by ctr");
        await world.RunAsync($"podman push --creds '{alice.Name}:{alice.Password}' {image}");
        var ctr = containerd.World;
        Assert.NotEqual(0, (await ctr.TryRunAsync($"ctr images pull --plain-http {image}")).ExitCode);
        await ctr.RunAsync($"""
            ctr images pull --plain-http --user '{alice.Name}:{alice.Password}' {image}
            ctr images tag {image} {host}/{alice.Name}/copy:1
            ctr images push --plain-http --user '{alice.Name}:{alice.Password}' {host}/{alice.Name}/copy:1
            """);
    }

    string Trust(ClosedRegistry closed)
    {
        world.Trust(closed.Registry.Authority);
        return closed.Registry.Authority;
    }

    async Task<string> RefusedAsync(string command)
    {
        var run = await world.TryRunAsync(command);
        Assert.True(run.ExitCode != 0, $"{command}\nwent well\n{run.Output}\n{run.Error}");
        return run.Error;
    }
}
