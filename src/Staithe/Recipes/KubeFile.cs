using System.Globalization;
using Staithe.Clients;
using Staithe.Oci;

namespace Staithe.Recipes;

/// <summary>
/// Kubernetes YAML. For <c>podman kube play</c> it is a pod whose ports are those of the machine; for a cluster a deployment, a service and
/// claims for the volumes. What is no service is a pod that runs to its end in both.
/// </summary>
internal static class KubeFile
{
    const string UserKey = "runAsUser";

    public static string Write(Recipe recipe, RecipeKind kind)
    {
        var forCluster = kind == RecipeKind.Kubernetes;
        var lines = new List<string>(recipe.Heading(kind).Select(line => $"# {line}"));
        lines.Add($"# Start it:  {(forCluster ? "kubectl apply -f kube.yaml" : recipe.Image.Clients.Line("podman", "kube play", "kube.yaml"))}");
        if (forCluster && recipe.Image.Clients.NodesNote is { } note)
            lines.Add($"# {note}");
        if (forCluster && recipe.IsService)
            AddDeployment(lines, recipe);
        else
            AddPod(lines, recipe, forCluster);
        if (forCluster)
        {
            foreach (var volume in recipe.Volumes)
                lines.AddRange(["---", "apiVersion: v1", "kind: PersistentVolumeClaim", $"metadata: {{name: {YamlText.Quote(volume.Name)}}}", "spec:", "  accessModes: [ReadWriteOnce]", "  resources: {requests: {storage: 1Gi}}"]);
            if (recipe.Ports.Count > 0)
                AddService(lines, recipe);
        }
        return string.Join('\n', lines) + "\n";
    }

    static void AddDeployment(List<string> lines, Recipe recipe)
    {
        var name = YamlText.Quote(recipe.ResourceName);
        lines.AddRange(
        [
            "apiVersion: apps/v1",
            "kind: Deployment",
            $"metadata: {{name: {name}, labels: {{app: {name}}}}}",
            "spec:",
            "  replicas: 1",
            $"  selector: {{matchLabels: {{app: {name}}}}}",
        ]);
        if (recipe.Volumes.Count > 0)
            lines.Add("  strategy: {type: Recreate}"); // a claim is one pod's
        lines.AddRange(["  template:", $"    metadata: {{labels: {{app: {name}}}}}", "    spec:"]);
        lines.AddRange(PodSpec(recipe, forCluster: true).Select(line => $"      {line}"));
    }

    static void AddPod(List<string> lines, Recipe recipe, bool forCluster)
    {
        var name = YamlText.Quote(recipe.ResourceName);
        lines.AddRange(["apiVersion: v1", "kind: Pod", $"metadata: {{name: {name}, labels: {{app: {name}}}}}", "spec:"]);
        lines.AddRange(PodSpec(recipe, forCluster).Select(line => $"  {line}"));
    }

    static void AddService(List<string> lines, Recipe recipe)
    {
        var name = YamlText.Quote(recipe.ResourceName);
        lines.AddRange(["---", "apiVersion: v1", "kind: Service", $"metadata: {{name: {name}}}", "spec:", $"  selector: {{app: {name}}}", "  ports:"]);
        lines.AddRange(recipe.Ports.Select(port => port.Container).Distinct().Select(port =>
            string.Create(CultureInfo.InvariantCulture, $"  - {{name: {port.Protocol}-{port.Number}, port: {port.Number}, targetPort: {port.Number}, protocol: {port.Protocol.ToUpperInvariant()}}}")));
    }

    static List<string> PodSpec(Recipe recipe, bool forCluster)
    {
        var config = recipe.Image.Config;
        var lines = new List<string>();
        if (!recipe.IsService)
            lines.Add("restartPolicy: Never");
        if (forCluster && recipe.Image.Platform is { } platform)
            lines.Add($"nodeSelector: {{kubernetes.io/os: {YamlText.Quote(platform.Os)}, kubernetes.io/arch: {YamlText.Quote(platform.Architecture)}}}");
        // A new volume belongs to root; the group is how another user gets to write to it.
        if (forCluster && recipe.Volumes.Count > 0 && NonRootNumber(config) is { } owner)
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"securityContext: {{fsGroup: {GroupNumber(config) ?? owner}}}"));
        lines.AddRange(["containers:", $"- name: {YamlText.Quote(recipe.ResourceName)}", $"  image: {YamlText.Quote(ImageOf(recipe, forCluster))}"]);
        AddList(lines, "  ports:", recipe.Ports.Select(port => PortOf(port, forCluster)));
        AddList(lines, "  env:", recipe.Environment.Select(variable => VariableOf(variable, forCluster)));
        if (recipe.Settings.Count > 0)
        {
            if (recipe.Environment.Count == 0)
                lines.Add("  # env:");
            lines.AddRange(recipe.Settings.Select(setting => $"  # - {VariableOf(setting, forCluster)}"));
        }
        AddList(lines, "  volumeMounts:", recipe.Volumes.Select(volume => $"{{name: {YamlText.Quote(volume.Slug)}, mountPath: {YamlText.Quote(volume.Path)}}}"));
        if (NonRootNumber(config) is { } user)
            lines.Add(string.Create(CultureInfo.InvariantCulture, $"  securityContext: {{{UserKey}: {user}{(GroupNumber(config) is { } group ? $", runAsGroup: {group}" : "")}{(forCluster ? ", runAsNonRoot: true" : "")}, allowPrivilegeEscalation: false}}"));
        if (recipe.HealthCheck is { } health && recipe.IsService)
            AddProbe(lines, health, forCluster);
        if (recipe.IsInteractive)
            lines.AddRange(["  stdin: true", "  tty: true"]);
        AddList(lines, "volumes:", recipe.Volumes.Select(volume => $"{{name: {YamlText.Quote(volume.Slug)}, persistentVolumeClaim: {{claimName: {YamlText.Quote(volume.Name)}}}}}"), margin: "");
        return lines;
    }

    // podman's YAML has no place for a platform, so there the digest says it.
    static string ImageOf(Recipe recipe, bool forCluster) =>
        recipe.Image.Platform is null || forCluster ? recipe.Reference : $"{recipe.Image.Host}/{recipe.Image.Name}@{recipe.Image.Manifest}";

    static string PortOf(PublishedPort port, bool forCluster) => string.Create(
        CultureInfo.InvariantCulture,
        $"{{containerPort: {port.Container.Number}{(forCluster ? "" : $", hostPort: {port.HostPort}{(port.Address is null ? "" : $", hostIP: \"{port.Address}\"")}")}, protocol: {port.Container.Protocol.ToUpperInvariant()}}}");

    static string VariableOf(EnvironmentVariable variable, bool forCluster) =>
        $"{{name: {YamlText.Quote(variable.Name)}, value: {YamlText.Quote(Literal(variable.Value, forCluster))}}}";

    // A kubelet replaces $(NAME) in the values of variables, in commands and in their probes, and $$ by $. podman replaces nothing.
    static string Literal(string text, bool forCluster) => forCluster ? text.Replace("$", "$$", StringComparison.Ordinal) : text;

    // Every number is written: what an image leaves to the engine is thirty seconds for docker and podman run, one or ten in a pod.
    static void AddProbe(List<string> lines, HealthCheck health, bool forCluster)
    {
        var command = forCluster ? health.Command.Select(word => Literal(word, forCluster: true)) : PodmanCommand(health);
        lines.AddRange(
        [
            "  livenessProbe:",
            $"    exec: {{command: {YamlText.List(command)}}}",
            $"    initialDelaySeconds: {(health.StartPeriod is { } start ? Seconds(start) : "0")}",
            $"    periodSeconds: {Seconds(health.Interval ?? HealthCheck.UsualInterval)}",
            $"    timeoutSeconds: {Seconds(health.Timeout ?? HealthCheck.UsualTimeout)}",
            string.Create(CultureInfo.InvariantCulture, $"    failureThreshold: {health.Retries ?? HealthCheck.UsualRetries}"),
        ]);
    }

    // podman 4.3 joins the words with blanks, adds "|| exit 1" and gives that to a shell; later versions run the words as they are. In both, the shell that is
    // named here does nothing (:), and what follows runs in a shell of its own. Words that need no quotes mean the same in both as they are, and need no
    // shell in the later ones.
    static IReadOnlyList<string> PodmanCommand(HealthCheck health) =>
        health.Test[0] == HealthCheck.Program && ShellText.Join(health.Command) == string.Join(' ', health.Command)
            ? health.Command
            : ["/bin/sh", "-c", $":; {ShellText.Join(health.Command)} || exit 1"];

    static void AddList(List<string> lines, string key, IEnumerable<string> values, string margin = "  ")
    {
        var items = values.Select(value => $"{margin}- {value}").ToList();
        if (items.Count > 0)
            lines.AddRange([key, .. items]);
    }

    static long? NonRootNumber(ImageConfig config) => config.UserNumber is > 0 and var number ? number : null;

    static long? GroupNumber(ImageConfig config) =>
        config.User?.Split(':') is [_, var group] && long.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= int.MaxValue ? number : null;

    static string Seconds(TimeSpan time) => Math.Clamp((long)Math.Ceiling(time.TotalSeconds), 1, 86400).ToString(CultureInfo.InvariantCulture);
}
