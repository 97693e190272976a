using System.CommandLine;
using Staithe.Clients;
using Staithe.Config;
using Staithe.Oci;
using Staithe.Oci.Client;
using Staithe.Recipes;

namespace Staithe.Commands;

/// <summary><c>staithe run</c>: prints how to run an image, derived from its config. Asks the registry as any client does, so any registry will do.</summary>
internal static class RunCommand
{
    static readonly Dictionary<string, RecipeKind> Kinds = new()
    {
        ["podman"] = RecipeKind.Podman,
        ["docker"] = RecipeKind.Docker,
        ["compose"] = RecipeKind.Compose,
        ["kube"] = RecipeKind.Kube,
        ["kubernetes"] = RecipeKind.Kubernetes,
        ["quadlet"] = RecipeKind.Quadlet,
    };

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var command = new Command("run", "Print how to run an image: a command, a compose file, Kubernetes YAML or a Quadlet unit. Runs nothing.");
        var image = new Argument<string>("IMAGE") { Description = "[HOST/]REPOSITORY[:TAG] or [HOST/]REPOSITORY@DIGEST; without a tag, latest." };
        var kind = Text("--as", "KIND", $"What to print: {string.Join(", ", Kinds.Keys)}. [default: podman]");
        var registry = Text("--registry", "URL", $"The registry, when IMAGE does not name it. [default: {RegistryUrl.Usual}]");
        var pin = new Option<bool>("--pin") { Arity = ArgumentArity.Zero, Description = "Name the image by its digest, so that it stays the same when the tag moves." };
        var ports = List("--port", "[HOST:]CONTAINER", "Publish this port, and not those that the image names, such as 8080:80 or 127.0.0.1:5353:53/udp. May be given several times.");
        var name = Text("--name", "NAME", "What to call the container. [default: the last part of REPOSITORY]");
        var variables = List("--env", "NAME=VALUE", "Set a variable. May be given several times.");
        var platform = Text("--platform", "OS/ARCH", "Of an image for several platforms, this one, such as linux/arm64. [default: linux/amd64]");
        command.Arguments.Add(image);
        foreach (var option in (Option[])[kind, registry, pin, ports, name, variables, platform])
            command.Options.Add(option);
        command.SetAction((parsed, cancel) => RunAsync(
            terminal,
            new Wanted(
                parsed.GetRequiredValue(image), parsed.GetValue(kind) ?? "podman", parsed.GetValue(registry), parsed.GetValue(pin),
                parsed.GetValue(ports) ?? [], parsed.GetValue(name), parsed.GetValue(variables) ?? [], parsed.GetValue(platform)),
            cancel));
        return command.WithHelp(
            $"""
            Examples:
              staithe run team/app:1
                  A podman command for an image of the registry at localhost:5000.
              staithe run registry.example/team/app:1 --as quadlet --pin > app.container
                  A unit for systemd, which always runs the same bytes.
              staithe run team/app:1 --as kube --port 8081:8080 --env GREETING=hello | {RegistryUrl.UsualClients.Line("podman", "kube play", "-")}
              staithe run team/app:1 | sh
                  Runs it; read it first.

            Ports, volumes, variables, user and health check come from the image's config. What the image leaves
            open, and what to know, is in comments. A private image needs a login first
            ("{RegistryUrl.UsualClients.Login()}" or
            "{RegistryUrl.UsualClients.Login(client: "docker")}"): the credentials are found in $REGISTRY_AUTH_FILE, podman's auth.json and
            ~/.docker/config.json. The registry has the same at http://HOST/run/REPOSITORY:TAG/run.sh.
            """);
    }

    static Task<int> RunAsync(Terminal terminal, Wanted wanted, CancellationToken cancel)
    {
        var call = new RegistryCall(terminal);
        RemoteImages? seen = null;
        return call.RunAsync(
            () => WriteAsync(terminal, call, wanted, source => seen = source, cancel),
            refused => refused.Error == OciError.Unauthorized ? call.HintToSignIn(refused, "sign in with")
                : refused.Error != OciError.ManifestUnknown ? ""
                : seen is { HasSeenAny: true } ? $" at {call.Name}" : $" at {call.Name}; if it is private, sign in with \"{call.Login}\" first",
            cancel);
    }

    static async Task WriteAsync(Terminal terminal, RegistryCall call, Wanted wanted, Action<RemoteImages> begun, CancellationToken cancel)
    {
        if (!Kinds.TryGetValue(wanted.Kind, out var kind))
            throw RegistryCall.Refused($"--as {OciException.Quote(wanted.Kind)}: expected {string.Join(", ", Kinds.Keys)}{NearestName.Hint(wanted.Kind, Kinds.Keys)}");
        var options = RecipeOptions.Read(wanted.IsPinned ? "digest" : null, wanted.Name, wanted.Ports, wanted.Variables);
        Platform? platform = null;
        if (wanted.Platform is not null && !Platform.TryParse(wanted.Platform, out platform))
            throw RegistryCall.Refused($"--platform {OciException.Quote(wanted.Platform)}: expected OS/ARCHITECTURE, such as linux/arm64");
        var (url, name, reference) = Locate(wanted.Image, wanted.Registry);
        call.Url = url;
        using var client = new OciClient(url, Credential.Find(terminal.Environment, url.Authority, name));
        var source = new RemoteImages(client);
        begun(source);
        var image = await new RecipeLookup(source).GetAsync(ClientCommands.For(url), name, reference, platform, cancel);
        await terminal.Output.WriteAsync(Recipe.From(image, options).Write(kind));
    }

    // The first part of a name is a host when it could be no space: as all clients tell the two apart.
    static (Uri Registry, RepositoryName Name, Reference Reference) Locate(string image, string? registry)
    {
        var slash = image.IndexOf('/', StringComparison.Ordinal);
        var host = slash > 0 && (image[..slash].Contains('.', StringComparison.Ordinal) || image[..slash].Contains(':', StringComparison.Ordinal) || image[..slash] == "localhost") ? image[..slash] : null;
        var rest = host is null ? image : image[(slash + 1)..];
        var url = RegistryUrl.Read(registry ?? host ?? RegistryUrl.Usual);
        if (host is not null && registry is not null && url.Authority != RegistryUrl.Read(host).Authority && url.Authority != host)
            throw RegistryCall.Refused($"{OciException.Quote(image)} is at {host}, not at {url.Authority}: leave one of them out");
        var at = rest.IndexOf('@', StringComparison.Ordinal);
        var colon = at < 0 ? rest.LastIndexOf(':') : -1;
        var name = RepositoryName.Parse(at >= 0 ? rest[..at] : colon >= 0 ? rest[..colon] : rest);
        var reference = at >= 0 ? Reference.To(Digest.ParseSupported(rest[(at + 1)..])) : Reference.To(TagName.Parse(colon >= 0 ? rest[(colon + 1)..] : "latest"));
        return (url, name, reference);
    }

    static Option<string> Text(string name, string value, string description)
    {
        var option = new Option<string>(name) { HelpName = value, Description = description };
        option.Validators.Add(Usage.RefuseOptionAsValue);
        return option;
    }

    static Option<string[]> List(string name, string value, string description)
    {
        var option = new Option<string[]>(name) { HelpName = value, Description = description, Arity = ArgumentArity.OneOrMore };
        option.Validators.Add(Usage.RefuseOptionAsValue);
        return option;
    }

    sealed record Wanted(string Image, string Kind, string? Registry, bool IsPinned, string[] Ports, string? Name, string[] Variables, string? Platform);
}
