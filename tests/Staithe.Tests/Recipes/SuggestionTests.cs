using System.Globalization;
using System.Text.RegularExpressions;
using Staithe.Recipes;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Recipes;

/// <summary>What a recipe suggests to do is done as it is written, and changes what it says and nothing else.</summary>
public sealed partial class SuggestionTests
{
    [Theory]
    [InlineData("53/udp", "8054:53/udp")]
    [InlineData("53/udp,80/tcp,443/tcp,1000/sctp,3000/tcp,3001/tcp,4000/udp,5001/tcp,6000/tcp", "8054:53/udp 8080:80 8443:443 9000:1000/sctp 3000:3000 3001:3001 4000:4000/udp 5001:5001 6000:6000")]
    [InlineData("53/tcp,53/udp", "8054:53 8053:53/udp")]
    [InlineData("8080/tcp,8081/tcp,8082/udp", "8082:8080 8081:8081 8082:8082/udp")]
    [InlineData("4999/tcp", "5001:4999")] // the registry has 5000
    [InlineData("65535/tcp", "1024:65535")]
    [InlineData("2000-2003/udp", "2004:2000/udp 2001:2001/udp 2002:2002/udp 2003:2003/udp")]
    public void The_ports_that_are_suggested_are_the_others_with_one_changed(string exposed, string published) =>
        Assert.Equal(published, string.Join(' ', Follow(Derive(exposed, RecipeOptions.None), exposed).Ports));

    [Theory]
    [InlineData("8053:53/udp", "127.0.0.1:8080:80")]
    [InlineData("127.0.0.1:5353:53/udp", "[::1]:8080:80")]
    [InlineData("80:80", "443:443/tcp")]
    public void Ports_that_somebody_asked_for_keep_their_addresses(string first, string second)
    {
        var recipe = Derive("1/tcp", RecipeOptions.Read(null, null, [first, second], []));
        var followed = Follow(recipe, "1/tcp");
        Assert.Equal((recipe.Ports[0].Address, recipe.Ports[0].Container, recipe.Ports[1]), (followed.Ports[0].Address, followed.Ports[0].Container, followed.Ports[1]));
        Assert.NotEqual(recipe.Ports[0].HostPort, followed.Ports[0].HostPort);
    }

    [Fact]
    public void Whatever_ports_there_are_a_suggestion_can_be_followed()
    {
        var random = Seed.Random();
        for (var i = 0; i < 500; i++)
        {
            var exposed = string.Join(',', Enumerable.Range(0, random.Next(1, 30)).Select(_ => string.Create(
                CultureInfo.InvariantCulture, $"{random.Pick(1, 53, 80, 443, 1023, 1024, 5000, 5001, 8053, 8054, 65534, 65535, random.Next(1, 65536))}/{random.Pick("tcp", "udp", "sctp")}")).Distinct());
            var (recipe, followed) = (Derive(exposed, RecipeOptions.None), Follow(Derive(exposed, RecipeOptions.None), exposed));
            Assert.Equal(recipe.Ports.Skip(1), followed.Ports.Skip(1));
            Assert.Equal(recipe.Ports[0].Container, followed.Ports[0].Container);
            Assert.NotEqual(recipe.Ports[0].HostPort, followed.Ports[0].HostPort);
            Assert.Equal(followed.Ports.Count, followed.Ports.Select(port => (port.HostPort, port.Container.Protocol)).Distinct().Count());
            Assert.DoesNotContain(followed.Ports, port => port.HostPort is 5000 or < 1024 && port.Container.Protocol == "tcp");
        }
    }

    [Fact]
    public void Every_way_to_write_a_recipe_says_the_same()
    {
        var recipe = Derive("53/udp,80/tcp", RecipeOptions.None);
        foreach (var kind in Enum.GetValues<RecipeKind>())
            AssertSuggests(kind switch { RecipeKind.Kubernetes => null, RecipeKind.Docker => "&", _ => "?" }, recipe.Write(kind)); // run.sh?as=docker
        Assert.DoesNotContain("of your machine", recipe.Write(RecipeKind.Kubernetes), StringComparison.Ordinal); // a cluster has other ports
        var asked = Derive("53/udp,80/tcp", RecipeOptions.Read("digest", null, [], []) with { AreInQuery = true });
        foreach (var kind in Enum.GetValues<RecipeKind>())
            AssertSuggests(kind == RecipeKind.Kubernetes ? null : "&", asked.Write(kind));
        Assert.Contains("add &port=", string.Join('\n', recipe.NotesForPage), StringComparison.Ordinal);
        // Whoever asks for ports in an address changes them there: more of them would be published too.
        var given = Derive("53/udp,80/tcp", RecipeOptions.Read(null, null, ["9000:80"], []) with { AreInQuery = true }).Write(RecipeKind.Podman);
        Assert.Contains("If port 9000 is taken on your machine, change those in the address to port=9001:80, or those of staithe run to: --port 9001:80", given, StringComparison.Ordinal);

        static void AssertSuggests(string? separator, string text)
        {
            Assert.Equal(separator is not null, text.Contains("to the address", StringComparison.Ordinal));
            if (separator is not null)
                Assert.Contains($"add {separator}port=8054:53/udp&port=8080:80 to the address, or to staithe run: --port 8054:53/udp --port 8080:80", text, StringComparison.Ordinal);
        }
    }

    // In an address and on the command line, which must agree.
    static Recipe Follow(Recipe recipe, string exposed)
    {
        var note = recipe.NotesFor(null).Single(note => note.StartsWith("If port", StringComparison.Ordinal));
        var query = Query().Match(note).Groups[1].Value.Split('&').Select(part => part["port=".Length..]).ToList();
        var arguments = Arguments().Matches(note).Select(match => match.Groups[1].Value).ToList();
        Assert.Equal(query, arguments);
        return Derive(exposed, RecipeOptions.Read(null, null, query, []));
    }

    static Recipe Derive(string exposed, RecipeOptions options) => Recipe.From(
        HostileImage.Image(HostileImage.Config($$"""{"config":{"ExposedPorts":{ {{string.Join(',', exposed.Split(',').Select(port => $"\"{port}\":{{}}"))}} } } }""")), options);

    [GeneratedRegex(@"[? ](port=[^\s,]+)")]
    private static partial Regex Query();

    [GeneratedRegex(@"--port (\S+)")]
    private static partial Regex Arguments();
}
