using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Staithe.Oci;

namespace Staithe.Recipes;

/// <summary>
/// How to run an image, derived from its config, and what was wanted otherwise. Whatever an image says is as hostile as whoever made it:
/// what is in here has been checked to be what its format takes, and each writer escapes it for its own.
/// </summary>
internal sealed partial record Recipe
{
    const int MaxPorts = 16;
    const int MaxVolumes = 32;
    const int MaxSettings = 40;
    const int MaxTextLength = 1024;
    const int MaxCheckLength = 4096; // of the words of a health check together
    const int MaxSettingLength = 200;
    const int MaxNameLength = 63; // of what Kubernetes calls a label
    const int FirstFreePort = 1024; // those below belong to root
    const int Shift = 8000;

    Recipe(RecipeImage image) => Image = image;

    /// <summary>What is run.</summary>
    public RecipeImage Image { get; }

    /// <summary>What to tell an engine to run: host, name, and tag or digest.</summary>
    public required string Reference { get; init; }

    /// <summary>What the container is called.</summary>
    public required string Name { get; init; }

    /// <summary>The same for what takes lower-case letters, digits and hyphens only.</summary>
    public required string ResourceName { get; init; }

    /// <summary>Which ports of the machine lead to which of the container.</summary>
    public required IReadOnlyList<PublishedPort> Ports { get; init; }

    /// <summary>What outlives the container.</summary>
    public required IReadOnlyList<NamedVolume> Volumes { get; init; }

    /// <summary>The variables that are set, because somebody wanted it.</summary>
    public required IReadOnlyList<EnvironmentVariable> Environment { get; init; }

    /// <summary>The variables of the image that look like settings, with the image's values; not those that are set.</summary>
    public required IReadOnlyList<EnvironmentVariable> Settings { get; init; }

    /// <summary>Variables that the image names and leaves empty: it probably wants a value.</summary>
    public required IReadOnlyList<string> Wanted { get; init; }

    /// <summary>Whether it stays, and serves; else it does something and ends.</summary>
    public required bool IsService { get; init; }

    /// <summary>Whether somebody is to type into it.</summary>
    public required bool IsInteractive { get; init; }

    /// <summary>The health check, if it can be written down.</summary>
    public required HealthCheck? HealthCheck { get; init; }

    /// <summary>The signal that ends it, if the image names one that there is.</summary>
    public required string? StopSignal { get; init; }

    /// <summary>What the image calls itself, in one line.</summary>
    public required string Title { get; init; }

    /// <summary>How to see whether it works.</summary>
    public required string Check { get; init; }

    // What one should know before running it; a sentence each. Those on the ports of a machine are for whoever runs it on one.
    readonly List<string> notes = [], portNotes = [];

    /// <summary>The ports to ask for where one is taken; none when nothing is published.</summary>
    List<PublishedPort> OtherPorts { get; init; } = [];

    /// <summary>What was wanted otherwise than it is derived.</summary>
    public required RecipeOptions Options { get; init; }

    /// <summary>What one should know before running it in a way; a sentence each. Null for any way on a machine.</summary>
    public IReadOnlyList<string> NotesFor(RecipeKind? kind) => NotesFor(kind, Options.AreInQuery || kind is RecipeKind.Docker or RecipeKind.Kubernetes);

    /// <summary>The same for a reader whose address has a query already.</summary>
    public IReadOnlyList<string> NotesForPage => NotesFor(null, isInQuery: true);

    /// <summary>Derives how to run an image.</summary>
    public static Recipe From(RecipeImage image, RecipeOptions options)
    {
        var config = image.Config;
        var (notes, portNotes) = (new List<string>(), new List<string>());
        var name = options.Name ?? DeriveName(image.Name);
        var resource = ToResourceName(name);
        var ports = Publish(image, options.Ports, notes, portNotes);
        var volumes = Keep(config.Volumes, resource, notes);
        var settings = config.Environment.GroupBy(variable => variable.Name).Select(same => same.Last())
            .Where(variable => IsSetting(variable) && options.Environment.All(set => set.Name != variable.Name)).Take(MaxSettings).ToList();
        var wanted = settings.Where(setting => setting.Value.Length == 0).Select(setting => setting.Name).ToList();
        var health = config.HealthCheck is { } check && check.Test.Sum(word => word.Length + 1) <= MaxCheckLength ? config.HealthCheck : null;
        var isService = ports.Count > 0 || volumes.Count > 0 || config.HealthCheck is not null;

        if (health is null && config.HealthCheck is not null)
            notes.Add($"The image's health check has more than {MaxCheckLength} characters and is not written here: what does not read it in the image, such as a cluster, checks nothing.");
        if (wanted.Count > 0)
            notes.Add($"The image leaves {string.Join(", ", wanted)} empty, and may want a value.");
        if (config.IsNonRoot && ports.All(port => port.Container.Number >= FirstFreePort))
            notes.Add("The image runs as a user that is not root, so it probably works with less: --cap-drop=all --security-opt=no-new-privileges.");
        if (config.WholeCommand.Count == 0)
            notes.Add("The image does not say what to run: put a command behind its name.");
        var recipe = new Recipe(image)
        {
            Reference = ReferTo(image, options.IsPinned),
            Name = name,
            ResourceName = resource,
            Ports = ports,
            Volumes = volumes,
            Environment = options.Environment,
            Settings = [.. settings.Where(setting => setting.Value.Length > 0)],
            Wanted = wanted,
            IsService = isService,
            IsInteractive = !isService && config.WholeCommand.Count > 0 && IsConversation(config.WholeCommand),
            HealthCheck = health,
            StopSignal = config.StopSignal is { } signal && Signal().IsMatch(signal) ? signal : null,
            Title = image.Said("org.opencontainers.image.title") is { } title ? Visible.Line(title, 80) : image.Name.Value,
            Check = CheckOf(image, ports, name, isService),
            Options = options,
            OtherPorts = ports.Count > 0 ? OthersThan(image, ports) : [],
        };
        recipe.notes.AddRange(notes);
        recipe.portNotes.AddRange(portNotes);
        return recipe;
    }

    /// <summary>Writes it down.</summary>
    public string Write(RecipeKind kind) => kind switch
    {
        RecipeKind.Podman or RecipeKind.Docker => RunScript.Write(this, kind),
        RecipeKind.Compose => ComposeFile.Write(this),
        RecipeKind.Kube or RecipeKind.Kubernetes => KubeFile.Write(this, kind),
        _ => QuadletUnit.Write(this),
    };

    /// <summary>The whole command for podman or docker, an argument each.</summary>
    public IReadOnlyList<string> Arguments(RecipeKind kind) => RunScript.Arguments(this, kind);

    /// <summary>The lines of a comment that every format begins with.</summary>
    internal IEnumerable<string> Heading(RecipeKind kind) => [$"{Reference}{(Image.Platform is null ? "" : $" for {Image.Platform}")}", .. NotesFor(kind)];

    // The pods of a cluster have ports of their own.
    List<string> NotesFor(RecipeKind? kind, bool isInQuery)
    {
        if (kind == RecipeKind.Kubernetes)
            return notes;
        return OtherPorts.Count == 0 ? [.. portNotes, .. notes] : [.. portNotes, SuggestPorts(isInQuery), .. notes];
    }

    // All of them, because whoever names ports gets those and no others.
    string SuggestPorts(bool isInQuery)
    {
        var (query, arguments) = (string.Join('&', OtherPorts.Select(port => $"port={port}")), string.Join(' ', OtherPorts.Select(port => $"--port {port}")));
        var how = Options.Ports.Count > 0
            ? $"change those in the address to {query}, or those of staithe run to: {arguments}"
            : $"add {(isInQuery ? '&' : '?')}{query} to the address, or to staithe run: {arguments}";
        return string.Create(CultureInfo.InvariantCulture, $"If port {Ports[0].HostPort} is taken on your machine, {how}");
    }

    // The digest of what was asked for is that of an index, where there is one, so that it holds for every platform.
    static string ReferTo(RecipeImage image, bool isPinned) => image.Reference.Tag is { } tag && !isPinned
        ? $"{image.Host}/{image.Name}:{tag}"
        : $"{image.Host}/{image.Name}@{image.Reference.Digest ?? image.Digest}";

    static string DeriveName(RepositoryName repository)
    {
        var name = repository.Value[(repository.Value.LastIndexOf('/') + 1)..];
        if (name.Length == 1)
            name = $"{name}-app"; // docker wants two
        return name.Length <= MaxNameLength ? name : name[..MaxNameLength].TrimEnd('.', '_', '-');
    }

    static string ToResourceName(string name)
    {
        var letters = NotOfResourceNames().Replace(name.ToLowerInvariant(), "-").Trim('-');
        return letters.Length == 0 ? "app" : char.IsAsciiDigit(letters[0]) ? $"n{letters[..Math.Min(letters.Length, MaxNameLength - 1)]}" : letters; // a service begins with a letter
    }

    // Ports that the engine cannot give are moved out of the way: what root alone may open, what is published already, the registry's own.
    static List<PublishedPort> Publish(RecipeImage image, IReadOnlyList<WantedPort> wanted, List<string> notes, List<string> portNotes)
    {
        IReadOnlyList<WantedPort> asked = wanted.Count > 0 ? wanted : [.. image.Config.ExposedPorts.Select(port => new WantedPort(null, null, port))];
        if (asked.Count > MaxPorts && wanted.Count == 0)
            notes.Add($"The image exposes {asked.Count} ports; the first {MaxPorts} are published.");
        asked = wanted.Count > 0 ? asked : [.. asked.Take(MaxPorts)];
        var taken = asked.Where(port => port.HostPort is not null).Select(port => (port.HostPort!.Value, port.Container.Protocol)).ToHashSet();
        if (image.IsLocal)
            taken.Add((image.Port, ExposedPort.Tcp));
        // Those that can stay as they are come first, so that 8080 is 8080, and 80 makes way.
        var chosen = new Dictionary<WantedPort, int>();
        foreach (var port in asked.Where(port => port.HostPort is null).Distinct().OrderBy(port => port.Container.Number < FirstFreePort).ThenBy(port => port.Container.Number))
        {
            var number = port.Container.Number < FirstFreePort ? port.Container.Number + Shift : port.Container.Number;
            while (!taken.Add((number, port.Container.Protocol)))
                number = number == ExposedPort.MaxNumber ? FirstFreePort : number + 1;
            chosen[port] = number;
        }
        var published = asked.Distinct().Select(port => new PublishedPort(port.Address, port.HostPort ?? chosen[port], port.Container)).ToList();
        foreach (var port in published.Where(port => wanted.Count == 0 && port.HostPort != port.Container.Number))
        {
            var reason = port.Container.Number < FirstFreePort ? "ports below 1024 need root" : image.IsLocal && port.Container.Number == image.Port ? "the registry has that one" : "that one is taken";
            portNotes.Add(string.Create(CultureInfo.InvariantCulture, $"Port {port.Container} is port {port.HostPort} of your machine: {reason}."));
        }
        return published;
    }

    static List<PublishedPort> OthersThan(RecipeImage image, List<PublishedPort> published)
    {
        var (first, taken) = (published[0], published.Select(port => (port.HostPort, port.Container.Protocol)).ToHashSet());
        if (image.IsLocal)
            taken.Add((image.Port, ExposedPort.Tcp));
        var number = first.HostPort;
        while (taken.Contains((number, first.Container.Protocol)))
            number = number is < FirstFreePort or ExposedPort.MaxNumber ? FirstFreePort : number + 1;
        return [first with { HostPort = number }, .. published.Skip(1)];
    }

    static List<NamedVolume> Keep(IReadOnlyList<string> paths, string name, List<string> notes)
    {
        var volumes = new List<NamedVolume>();
        foreach (var path in paths)
        {
            if (IsPath(path) && volumes.Count < MaxVolumes)
                volumes.Add(new NamedVolume(name, Slug(path, volumes), path));
        }
        if (volumes.Count < paths.Count)
            notes.Add($"Of the {paths.Count} volumes of the image, {paths.Count - volumes.Count} cannot be named in a recipe and are left out.");
        return volumes;
    }

    // No colon, which would begin the options of a volume, no comma, and no way out.
    static bool IsPath(string path) =>
        path.Length is > 1 and <= MaxTextLength && path[0] == '/' && UnitText.IsRaw(path) && !path.AsSpan().ContainsAny(':', ',')
        && path.Split('/') is var parts && !parts.Contains("..") && !parts.Contains(".") && parts.Any(part => part.Length > 0);

    static string Slug(string path, List<NamedVolume> others)
    {
        var slug = ToResourceName(path.TrimEnd('/').Split('/')[^1]);
        slug = slug.Length > 40 ? slug[..40].TrimEnd('-') : slug;
        if (slug == "app")
            slug = "data";
        var unique = slug;
        for (var i = 2; others.Any(other => other.Slug == unique); i++)
            unique = string.Create(CultureInfo.InvariantCulture, $"{slug}-{i}");
        return unique;
    }

    // What builders write down of what they did, and what a process has anyway, is no setting.
    static bool IsSetting(EnvironmentVariable variable) =>
        RecipeOptions.IsVariableName(variable.Name) && !NoSetting().IsMatch(variable.Name) && variable.Value.Length <= MaxSettingLength && Visible.Is(variable.Value);

    static bool IsConversation(IReadOnlyList<string> command) =>
        command.Count == 1 && Conversation().IsMatch(command[0][(command[0].LastIndexOf('/') + 1)..]);

    static string CheckOf(RecipeImage image, List<PublishedPort> ports, string name, bool isService)
    {
        if (!isService)
            return $"podman ps --all --filter name={name}";
        var web = ports.FirstOrDefault(port => port.Container.Protocol == ExposedPort.Tcp && IsWeb(image, port.Container.Number));
        if (web is null)
            return $"podman logs {name}";
        var isTls = web.Container.Number is 443 or 8443;
        return string.Create(CultureInfo.InvariantCulture, $"curl {(isTls ? "-k https" : "http")}://{web.Destination}:{web.HostPort}/");
    }

    // "8080:http,9090:metrics" is how OpenShift's label writes it.
    static bool IsWeb(RecipeImage image, int port)
    {
        var said = image.Config.Labels.GetValueOrDefault("io.openshift.expose-services")?.Split(',').Select(part => part.Trim()) ?? [];
        return said.Contains($"{port}:http") || said.Contains($"{port}:https") || port is 80 or 443 or 3000 or 5000 or 8000 or 8008 or 8080 or 8081 or 8443 or 8888 or 9000 or 9090;
    }

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex NotOfResourceNames();

    [GeneratedRegex(@"\A(SIG[A-Z0-9+-]{1,12}|[0-9]{1,2})\z")]
    private static partial Regex Signal();

    [GeneratedRegex(@"\A(sh|ash|bash|dash|zsh|fish|python[0-9.]*|ipython|node|irb|ghci|jshell|julia|R|psql|erl|iex|pwsh)\z")]
    private static partial Regex Conversation();

    [GeneratedRegex(@"\A(PATH|HOME|HOSTNAME|LANG|LANGUAGE|LC_.*|TERM|SHELL|PWD|SHLVL|USER|container|DEBIAN_FRONTEND|(GPG|PGP)_KEYS?|.*_(GPG|PGP)_KEYS?|JAVA_HOME|GOPATH|GOROOT|LD_.*|(.*_)?(VERSION|VERSIONS|SHA1|SHA256|SHA512|CHECKSUM|DIGEST|DOWNLOAD_URL|MAJOR|MINOR|REVISION))\z", RegexOptions.IgnoreCase)]
    private static partial Regex NoSetting();
}

/// <summary>A port of the machine that leads to one of the container.</summary>
/// <param name="Address">Where the machine listens; null for everywhere.</param>
internal sealed record PublishedPort(IPAddress? Address, int HostPort, ExposedPort Container)
{
    /// <summary>Where to find it from the machine itself.</summary>
    public string Destination => Address is null || Address.Equals(IPAddress.Any) || Address.Equals(IPAddress.IPv6Any) ? "localhost" : Bracketed(Address);

    /// <summary>As every engine writes it: 8080:80, 127.0.0.1:5353:53/udp.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{(Address is null ? "" : $"{Bracketed(Address)}:")}{HostPort}:{Container.Number}{(Container.Protocol == ExposedPort.Tcp ? "" : $"/{Container.Protocol}")}");

    static string Bracketed(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();
}

/// <summary>A volume with a name, so that what is in it is found again.</summary>
/// <param name="Owner">The container's name, as resources are named.</param>
/// <param name="Slug">What it is called beside the others of the container.</param>
/// <param name="Path">Where the container sees it.</param>
internal sealed record NamedVolume(string Owner, string Slug, string Path)
{
    /// <summary>What it is called beside all others.</summary>
    public string Name => $"{Owner}-{Slug}";

    /// <summary>As podman and docker write it.</summary>
    public override string ToString() => $"{Name}:{Path}";
}
