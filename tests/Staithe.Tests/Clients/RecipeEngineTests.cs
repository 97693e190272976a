using Staithe.Clients;
using Staithe.Recipes;
using Staithe.Tests.Harness;
using Staithe.Tests.Recipes;

namespace Staithe.Tests.Clients;

/// <summary>Recipes held against the engines that they name: a health check says the same in each way to run an image, and labels are read as podman reads them.</summary>
[Trait("Kind", "client"), Collection(ClientCollections.Podman)]
public sealed class RecipeEngineTests(Registries registries, ClientWorld world) : IClassFixture<ClientWorld>
{
    [Theory]
    [InlineData("CMD /bin/busybox wget -q -O- http://127.0.0.1:8099/ok || exit 1", true)]
    [InlineData("CMD /bin/busybox wget -q -O- http://127.0.0.1:8099/none || exit 1", false)]
    [InlineData("CMD /bin/busybox sleep 1; exit 0", true)]
    [InlineData("CMD /bin/busybox sleep 1; exit 3", false)]
    [InlineData("CMD test \"$$\" -gt 0 && test \"a  b\" = 'a  b' # is that so?", true)]
    [InlineData("CMD test \"$(/bin/busybox cat /www/ok)\" = \"it's ok\"", true)]
    [InlineData("CMD [\"/bin/busybox\", \"true\"]", true)]
    [InlineData("CMD [\"/bin/busybox\", \"false\"]", false)]
    [InlineData("CMD [\"/bin/busybox\", \"test\", \"a b\", \"=\", \"a b\"]", true)]
    [InlineData("CMD [\"/bin/busybox\", \"test\", \"$HOME\", \"=\", \"x y\"]", false)]
    public async Task A_health_check_says_the_same_in_a_pod_as_in_a_container(string check, bool isHealthy)
    {
        var registry = await world.ConnectAsync(registries);
        var name = $"check-{Guid.NewGuid():N}"[..12];
        var image = $"{registry.Authority}/recipe-engine/{name}:1";
        world.Write($"{name}/ok", "it's ok\n");
        world.Write($"{name}/Containerfile", $"""
            FROM scratch
            COPY busybox /bin/busybox
            COPY busybox /bin/sh
            COPY ok /www/ok
            HEALTHCHECK {check}
            CMD ["/bin/busybox", "httpd", "-f", "-p", "8099", "-h", "/www"]
            """);
        await world.RunAsync($"cd {name} && cp /bin/busybox . && buildah bud --isolation chroot --format docker -t {image} . && podman push {image}");
        var url = $"{registry.Url.GetLeftPart(UriPartial.Authority)}/run/recipe-engine/{name}:1";
        await world.RunAsync($"curl -fsS '{url}/run.sh' | sed 's/^podman run -d/& --network none/' | sh");
        var inContainer = await HealthAsync(name);
        await world.RunAsync($"podman rm -f -t 0 {name}");
        await world.RunAsync($"curl -fsS '{url}/kube.yaml' | podman kube play --network none --tls-verify=false -");
        var inPod = await HealthAsync($"{name}-{name}");
        await world.RunAsync($"podman pod rm -f -t 0 {name}; podman rmi -f {image}");
        Assert.Equal((isHealthy, isHealthy), (inContainer, inPod));
    }

    [Fact]
    public async Task Labels_are_read_as_runlabel_reads_them()
    {
        const string Image = "localhost/team/my-app:1.2";
        world.Write("labels/none", "");
        await world.RunAsync("cd labels && printf 'FROM scratch\\nCOPY none /none\\n' > Containerfile && buildah bud --isolation chroot -t localhost/labels:base .");
        foreach (var row in RunLabelTests.Labels)
        {
            var (label, shown) = row.Data;
            if (label.Contains('\n', StringComparison.Ordinal))
                continue; // which no builder writes as it is
            await world.RunAsync($"c=$(buildah from localhost/labels:base) && buildah config --label RUN={ShellText.Quote(label)} $c && buildah commit -q $c {Image} && buildah rm $c");
            var run = await world.TryRunAsync($"podman container runlabel --display run {Image}");
            Assert.Equal(shown is null, run.ExitCode != 0);
            if (shown is not null)
                Assert.Equal($"command: {shown}", run.Output.Trim().Replace(world.Path, "$PWD", StringComparison.Ordinal).Replace("$PWD/y", "${PWD}/y", StringComparison.Ordinal));
        }
    }

    // The server is up in a moment; a check that fails goes on to fail.
    async Task<bool> HealthAsync(string container)
    {
        for (var i = 0; i < 3; i++)
        {
            if ((await world.TryRunAsync($"podman healthcheck run {container}")).ExitCode == 0)
                return true;
        }
        return false;
    }
}
