using Staithe.Clients;
using Staithe.Oci;
using Staithe.Recipes;
using Staithe.Tests.Harness;
using YamlDotNet.RepresentationModel;

namespace Staithe.Tests.Recipes;

/// <summary>What is written as YAML, read by a parser that we did not write.</summary>
public sealed class YamlTextTests
{
    [Fact]
    public void Any_text_comes_back_as_a_text()
    {
        var random = Seed.Random();
        for (var i = 0; i < 10_000; i++)
        {
            var text = HostileImage.Text(random);
            var node = (YamlMappingNode)Load($"a: {YamlText.Quote(text)}\nb: [{YamlText.Quote(text)}, x]\nc: {{k: {YamlText.Quote(text)}}} # {YamlText.Quote(text)}\n").Single();
            Assert.Equal(text, Text(node["a"]));
            Assert.Equal(text, Text(node["b"][0]));
            Assert.Equal(text, Text(node["c"]["k"]));
            Assert.Equal(3, node.Children.Count);
        }
    }

    // The checker must be able to see a fault.
    [Theory]
    [InlineData("a: b")]
    [InlineData("x # y")]
    [InlineData("\"")]
    [InlineData("a\nb: evil")]
    [InlineData("*a")]
    [InlineData("a, evil")]
    public void A_text_that_is_not_quoted_is_seen(string text)
    {
        try
        {
            Assert.NotEqual(text, Text(((YamlMappingNode)Load($"a: [{text}]\n").Single())["a"][0]));
        }
        catch (Exception e) when (e is YamlDotNet.Core.YamlException or InvalidCastException or InvalidOperationException)
        {
        }
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("team/app-1.2_x", "team/app-1.2_x")]
    [InlineData("", "\"\"")]
    [InlineData("yes", "\"yes\"")]
    [InlineData("NULL", "\"NULL\"")]
    [InlineData("8080:80", "\"8080:80\"")]
    [InlineData("1.10", "\"1.10\"")]
    [InlineData("é\u202e\n", "\"é\\u202e\\n\"")]
    public void What_is_plain_stays_readable(string text, string written) => Assert.Equal(written, YamlText.Quote(text));

    [Fact]
    public void A_compose_file_says_what_was_meant_and_no_more()
    {
        var random = Seed.Random();
        for (var i = 0; i < 1500; i++)
        {
            var options = HostileImage.Options(random);
            var image = HostileImage.Image(HostileImage.Config(random), platform: random.Pick(null, Platform.Usual));
            var recipe = Recipe.From(image, options);
            var file = (YamlMappingNode)Load(recipe.Write(RecipeKind.Compose)).Single();
            Assert.Subset((HashSet<string>)["services", "volumes"], Keys(file));
            var (name, service) = file["services"] is YamlMappingNode { Children.Count: 1 } services ? (Text(services.Children.Single().Key), (YamlMappingNode)services.Children.Single().Value) : throw new InvalidDataException();
            Assert.Equal(recipe.ResourceName, name);
            Assert.Subset((HashSet<string>)["image", "container_name", "platform", "ports", "volumes", "environment", "stop_signal", "stdin_open", "tty", "restart"], Keys(service));
            Assert.Equal(recipe.Reference, Interpolated(service["image"]));
            Assert.Equal(recipe.Ports.Select(port => port.ToString()), List(service, "ports").Select(Interpolated));
            var volumes = List(service, "volumes").Select(Interpolated).ToList();
            Assert.Equal(recipe.Volumes.Select(volume => volume.ToString()), volumes);
            Assert.All(volumes, volume => Assert.Contains(volume.Split(':')[1], image.Config.Volumes));
            Assert.Equal(
                options.Environment.Select(variable => (variable.Name, variable.Value)),
                service.Children.TryGetValue("environment", out var environment) ? ((YamlMappingNode)environment).Children.Select(pair => (Text(pair.Key), Interpolated(pair.Value))) : []);
            Assert.Equal(recipe.Volumes.Select(volume => volume.Name).ToHashSet(), file.Children.TryGetValue("volumes", out var named) ? Keys((YamlMappingNode)named) : []);
        }
    }

    [Fact]
    public void Kubernetes_files_say_what_was_meant_and_no_more()
    {
        var random = Seed.Random();
        for (var i = 0; i < 1500; i++)
        {
            var kind = random.Pick(RecipeKind.Kube, RecipeKind.Kubernetes);
            var options = HostileImage.Options(random);
            var image = HostileImage.Image(HostileImage.Config(random), platform: random.Pick(null, Platform.Usual));
            var recipe = Recipe.From(image, options);
            var documents = Load(recipe.Write(kind)).Cast<YamlMappingNode>().ToList();
            var expected = kind == RecipeKind.Kube ? ["Pod"]
                : (string[])[recipe.IsService ? "Deployment" : "Pod", .. recipe.Volumes.Select(_ => "PersistentVolumeClaim"), .. recipe.Ports.Count > 0 ? ["Service"] : (string[])[]];
            Assert.Equal(expected, documents.Select(document => Text(document["kind"])));
            var spec = (YamlMappingNode)(expected[0] == "Deployment" ? documents[0]["spec"]["template"]["spec"] : documents[0]["spec"]);
            Assert.Subset((HashSet<string>)["restartPolicy", "nodeSelector", "securityContext", "containers", "volumes"], Keys(spec));
            var container = (YamlMappingNode)((YamlSequenceNode)spec["containers"]).Single();
            Assert.Subset((HashSet<string>)["name", "image", "ports", "env", "volumeMounts", "securityContext", "livenessProbe", "stdin", "tty"], Keys(container));
            Assert.Equal(
                options.Environment.Select(variable => (variable.Name, variable.Value)),
                List(container, "env").Select(variable => (Text(variable["name"]), kind == RecipeKind.Kube ? Text(variable["value"]) : Text(variable["value"]).Replace("$$", "$", StringComparison.Ordinal))));
            var mounts = List(container, "volumeMounts").Select(mount => Text(mount["mountPath"])).ToList();
            Assert.Equal(recipe.Volumes.Select(volume => volume.Path), mounts);
            Assert.All(mounts, mount => Assert.Contains(mount, image.Config.Volumes));
            if (container.Children.TryGetValue("livenessProbe", out var probe))
                Assert.Equal(image.Config.HealthCheck!.Command, Checked(kind, [.. ((YamlSequenceNode)probe["exec"]["command"]).Select(Text)]));
            if (container.Children.TryGetValue("securityContext", out var security))
                Assert.Subset((HashSet<string>)["runAsUser", "runAsGroup", "runAsNonRoot", "allowPrivilegeEscalation"], Keys((YamlMappingNode)security));
        }
    }

    // The words that run in the end: a cluster makes one dollar sign of two, and podman's shell reads the words that are quoted for it.
    static IEnumerable<string> Checked(RecipeKind kind, string[] command)
    {
        if (kind == RecipeKind.Kubernetes)
            return command.Select(word => word.Replace("$$", "$", StringComparison.Ordinal));
        if (command is not ["/bin/sh", "-c", [':', ';', ' ', .. var line]])
            return command;
        Assert.EndsWith(" || exit 1", line, StringComparison.Ordinal);
        Assert.True(ShellText.TrySplit(line[..^" || exit 1".Length], out var words));
        Assert.False(words.HasOperators || words.HasExpansions);
        return words.Words;
    }

    static List<YamlNode> Load(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return [.. stream.Documents.Select(document => document.RootNode)];
    }

    static string Text(YamlNode node) => ((YamlScalarNode)node).Value!;

    static IEnumerable<YamlNode> List(YamlMappingNode node, string key) => node.Children.TryGetValue(key, out var list) ? (YamlSequenceNode)list : [];

    static HashSet<string> Keys(YamlMappingNode node) => [.. node.Children.Keys.Select(Text)];

    // As compose reads it: $$ is a dollar sign, and any other one would be replaced.
    static string Interpolated(YamlNode node)
    {
        var text = Text(node);
        Assert.DoesNotContain('$', text.Replace("$$", "", StringComparison.Ordinal));
        return text.Replace("$$", "$", StringComparison.Ordinal);
    }
}
