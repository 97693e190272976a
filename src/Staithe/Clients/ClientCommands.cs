namespace Staithe.Clients;

/// <summary>
/// Writes every command of a client that Staithe shows, so that it works as pasted: quoted for the shell, and with the option by which that client
/// reaches a registry without TLS, where this one is reached so.
/// </summary>
/// <param name="Host">The registry as the reader reached it: a host, and perhaps a port.</param>
/// <param name="IsPlainHttp">Whether it was reached without TLS. A trusted proxy in front says so for its own clients.</param>
internal sealed record ClientCommands(string Host, bool IsPlainHttp)
{
    /// <summary>An image that anybody can fetch, for the first push.</summary>
    const string Example = "docker.io/library/alpine:3";

    /// <summary>The registry as the client of a request reached it.</summary>
    public static ClientCommands For(HttpRequest request) => new(request.Host.Value ?? "", !request.IsHttps);

    /// <summary>A registry by its address.</summary>
    public static ClientCommands For(Uri registry) => new(registry.Authority, registry.Scheme == Uri.UriSchemeHttp);

    /// <summary>Who has to sign in to fetch a file, since no client's login does that for curl; null when anybody may fetch it.</summary>
    public string? Reader { get; init; }

    /// <summary>The scheme and the host.</summary>
    public string Url => $"{(IsPlainHttp ? "http" : "https")}://{Host}";

    /// <summary>Whether the registry is on the machine of the reader.</summary>
    public bool IsLoopback => Uri.TryCreate($"http://{Host}", UriKind.Absolute, out var url) && url.IsLoopback;

    /// <summary>What docker needs besides, which has no option for it; null when it needs nothing. It trusts the own machine anyway.</summary>
    public string? DockerNote => IsPlainHttp && !IsLoopback
        ? $"docker uses a registry without TLS only if /etc/docker/daemon.json has {{\"insecure-registries\": [\"{Host}\"]}}."
        : null;

    /// <summary>What "podman auto-update" needs besides, which a timer starts without an option; null when it needs nothing.</summary>
    public string? RegistriesNote => IsPlainHttp
        ? $"podman auto-update uses a registry without TLS only if registries.conf says: registry = [{{location = \"{Host}\", insecure = true}}]"
        : null;

    /// <summary>What the nodes of a cluster need besides; null when they need nothing.</summary>
    public string? NodesNote => IsPlainHttp
        ? $"The nodes use a registry without TLS only if containerd's /etc/containerd/certs.d/{Host}/hosts.toml says: server = \"{Url}\""
        : null;

    /// <summary>A command, as a line for the shell.</summary>
    public string Line(string client, string verb, params string[] arguments) => ShellText.Join(Words(client, verb, arguments));

    /// <summary>A command, an argument each.</summary>
    /// <param name="client">The program.</param>
    /// <param name="verb">What it does: one word, or several with blanks between them.</param>
    /// <param name="arguments">All else, without what the way to the registry needs.</param>
    public IReadOnlyList<string> Words(string client, string verb, params IReadOnlyList<string> arguments)
    {
        var reach = Reach(client, verb, arguments);
        return client switch
        {
            "nerdctl" or "podman-compose" => [client, .. reach, .. verb.Split(' '), .. arguments],
            "helm" => [client, .. verb.Split(' '), .. arguments, .. reach],
            _ => [client, .. verb.Split(' '), .. reach, .. arguments],
        };
    }

    /// <summary>Fetches files with curl, which asks for the password where it has to.</summary>
    /// <param name="arguments">What to fetch, and where to.</param>
    public string Fetch(params string[] arguments) =>
        ShellText.Join(["curl", "-fL", .. Reader is null ? (string[])[] : ["-u", Reader], .. arguments]);

    /// <summary>Signs in with podman or docker.</summary>
    /// <param name="user">Whose name to sign in with; null to be asked for it.</param>
    public string Login(string? user = null, string client = "podman") =>
        user is null ? Line(client, "login", Host) : Line(client, "login", "--username", user, Host);

    /// <summary>Signs in with a secret, which no list of processes shows.</summary>
    public string LoginWith(string client, string user, string secret) =>
        $"printf %s {ShellText.Quote(secret)} | {Line(client, "login", "--username", user, "--password-stdin", Host)}";

    /// <summary>Signs in, where there are accounts, and pushes a first image, a line each.</summary>
    /// <param name="space">Where to.</param>
    /// <param name="user">Who signs in; null when nobody has to.</param>
    public string FirstPush(string space, string? user) => string.Join(
        '\n',
        (string[])[
            .. user is null ? (string[])[] : [Login(user)],
            ShellText.Join(["podman", "pull", Example]),
            Line("podman", "push", Example, $"{Host}/{space}/alpine:3"),
        ]);

    /// <summary>How each client fetches an image, or anything else with a manifest, without running it.</summary>
    /// <param name="reference">Host, name, and tag or digest.</param>
    /// <param name="file">What a file with it is called.</param>
    public IReadOnlyList<PullCommand> Pulls(string reference, string file) =>
    [
        new("podman", Pull("podman", reference)),
        new("docker", Pull("docker", reference)),
        new("skopeo", Line("skopeo", "copy", $"docker://{reference}", $"oci:{file}")),
        new("ctr", Line("ctr", "images pull", reference)),
        new("nerdctl", Pull("nerdctl", reference)),
        new("crane", Line("crane", "pull", reference, $"{file}.tar")),
    ];

    /// <summary>Fetches an image.</summary>
    public string Pull(string client, string reference) => Line(client, "pull", reference);

    /// <summary>The options by which a client reaches the registry. docker has none: it knows its own machine, and is told of others in a file.</summary>
    public IReadOnlyList<string> Reach(string client, string verb, IReadOnlyList<string> arguments) => client switch
    {
        _ when !IsPlainHttp => [],
        "podman" or "buildah" => ["--tls-verify=false"],
        "podman-compose" => ["--podman-run-args=--tls-verify=false"],
        "skopeo" when verb == "copy" => [.. SkopeoEnds(arguments)],
        "skopeo" => ["--tls-verify=false"],
        "oras" or "helm" or "ctr" or "kit" or "modctl" => ["--plain-http"],
        "crane" or "ollama" => ["--insecure"],
        "nerdctl" => ["--insecure-registry"],
        "wkg" => ["--insecure", Host],
        _ => [],
    };

    IEnumerable<string> SkopeoEnds(IReadOnlyList<string> arguments)
    {
        var ends = arguments.Where(argument => !argument.StartsWith('-')).TakeLast(2).ToList();
        foreach (var (end, option) in ends.Zip((string[])["--src-tls-verify=false", "--dest-tls-verify=false"]))
        {
            if (end.StartsWith($"docker://{Host}/", StringComparison.Ordinal))
                yield return option;
        }
    }
}

/// <summary>How a client fetches something.</summary>
/// <param name="Client">The program.</param>
/// <param name="Command">Its whole command, a line for the shell.</param>
internal sealed record PullCommand(string Client, string Command);
