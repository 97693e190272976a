using Staithe.Recipes;

namespace Staithe.Tests.Recipes;

/// <summary>A health check means the same on every engine that a recipe is written for; the real ones are asked elsewhere.</summary>
public sealed class HealthCheckTests
{
    [Theory]
    [InlineData("""["CMD-SHELL","wget -q -O- http://127.0.0.1/ || exit 1"]""", """[":; /bin/sh -c 'wget -q -O- http://127.0.0.1/ || exit 1' || exit 1"]""", """["/bin/sh", "-c", "wget -q -O- http://127.0.0.1/ || exit 1"]""")]
    [InlineData("""["CMD-SHELL","test \"$$\" -gt 0"]""", """[":; /bin/sh -c 'test \"$$\" -gt 0' || exit 1"]""", """["/bin/sh", "-c", "test \"$$$$\" -gt 0"]""")]
    [InlineData("""["CMD-SHELL","echo '$(HOME)'"]""", """[":; /bin/sh -c 'echo '\\''$(HOME)'\\''' || exit 1"]""", """["/bin/sh", "-c", "echo '$$(HOME)'"]""")]
    [InlineData("""["CMD","/bin/check","--all"]""", """["/bin/check", "--all"]""", """["/bin/check", "--all"]""")]
    [InlineData("""["CMD","/bin/check","a b","$x"]""", """[":; /bin/check 'a b' '$x' || exit 1"]""", """["/bin/check", "a b", "$$x"]""")]
    // what cannot be seen is written as its number, and what a shell would take for its own stands in quotes
    [InlineData("""["CMD-SHELL","a\tb ||\nexit 1"]""", """[":; /bin/sh -c 'a\tb ||\nexit 1' || exit 1"]""", """["/bin/sh", "-c", "a\tb ||\nexit 1"]""")]
    [InlineData("""["CMD","/c","a\rb","\u202e\u200b"]""", """[":; /c 'a\x0db' '\u202e\u200b' || exit 1"]""", """["/c", "a\x0db", "\u202e\u200b"]""")]
    [InlineData("""["CMD","A=1","x"]""", """[":; 'A=1' x || exit 1"]""", """["A=1", x]""")]
    [InlineData("""["CMD","if","A=1"]""", """[":; 'if' A=1 || exit 1"]""", """[if, "A=1"]""")]
    public void The_command_is_written_for_each_engine(string test, string podman, string cluster)
    {
        if (podman.StartsWith("[\":;", StringComparison.Ordinal))
            podman = $"[\"/bin/sh\", \"-c\", {podman[1..]}";
        Assert.Contains($"exec: {{command: {podman}}}\n", Derive(test).Write(RecipeKind.Kube), StringComparison.Ordinal);
        Assert.Contains($"exec: {{command: {cluster}}}\n", Derive(test).Write(RecipeKind.Kubernetes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "0", "30", "30", "3")]
    [InlineData(""","Interval":5000000000,"Timeout":2000000000,"StartPeriod":7000000000,"Retries":9""", "7", "5", "2", "9")]
    [InlineData(""","Interval":0,"Timeout":0,"StartPeriod":0,"Retries":0""", "0", "30", "30", "3")]
    [InlineData(""","Interval":1,"Timeout":1500000000""", "0", "1", "2", "3")]
    public void What_an_image_leaves_to_the_engine_is_written_out(string said, string delay, string period, string timeout, string failures)
    {
        foreach (var kind in (RecipeKind[])[RecipeKind.Kube, RecipeKind.Kubernetes])
        {
            Assert.Contains(
                $"initialDelaySeconds: {delay}\n<    periodSeconds: {period}\n<    timeoutSeconds: {timeout}\n<    failureThreshold: {failures}\n".Replace("<", kind == RecipeKind.Kube ? "  " : "      ", StringComparison.Ordinal),
                Derive("""["CMD","/bin/check"]""", said).Write(kind),
                StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_check_is_written_or_it_is_said_that_it_is_not()
    {
        foreach (var length in (int[])[1025, 4000, 5000])
        {
            var recipe = Derive($"""["CMD","/bin/check","{new string('x', length)}"]""");
            foreach (var kind in (RecipeKind[])[RecipeKind.Kube, RecipeKind.Kubernetes])
            {
                var text = recipe.Write(kind);
                Assert.Equal(length < 5000, text.Contains("livenessProbe", StringComparison.Ordinal));
                Assert.Equal(length >= 5000, text.Contains("health check has more than", StringComparison.Ordinal));
            }
        }
    }

    [Fact]
    public void A_dollar_sign_stays_one_on_every_target()
    {
        var recipe = Recipe.From(
            HostileImage.Image(HostileImage.Config("""{"config":{"ExposedPorts":{"80/tcp":{} },"Env":["A=$(B) $$ $x"],"Healthcheck":{"Test":["CMD","/c","$$x"]} } }""")),
            RecipeOptions.Read(null, null, [], ["C=$(D) $$"]));
        var cluster = recipe.Write(RecipeKind.Kubernetes);
        Assert.Contains("value: \"$$(D) $$$$\"", cluster, StringComparison.Ordinal);
        Assert.Contains("value: \"$$(B) $$$$ $$x\"", cluster, StringComparison.Ordinal);
        Assert.Contains("[\"/c\", \"$$$$x\"]", cluster, StringComparison.Ordinal);
        Assert.Contains("value: \"$(D) $$\"", recipe.Write(RecipeKind.Kube), StringComparison.Ordinal);
        Assert.Contains("\"$$(D) $$$$\"", recipe.Write(RecipeKind.Compose), StringComparison.Ordinal);
        Assert.Contains("'C=$(D) $$'", recipe.Write(RecipeKind.Podman), StringComparison.Ordinal);
        Assert.Contains("\"C=$$(D) $$$$\"", recipe.Write(RecipeKind.Quadlet), StringComparison.Ordinal);
    }

    static Recipe Derive(string test, string said = "") => Recipe.From(
        HostileImage.Image(HostileImage.Config($$"""{"config":{"ExposedPorts":{"80/tcp":{} },"Healthcheck":{"Test":{{test}}{{said}} } } }""")), RecipeOptions.None);
}
