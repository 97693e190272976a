using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Staithe.Oci;

namespace Staithe.Recipes;

/// <summary>What somebody wants otherwise than it is derived. All of it is checked: whatever is in here may be written into a recipe.</summary>
internal sealed partial record RecipeOptions
{
    /// <summary>Nothing.</summary>
    public static RecipeOptions None { get; } = new();

    const int MaxPorts = 64;
    const int MaxVariables = 64;
    const int MaxValueLength = 8192;

    RecipeOptions() { }

    /// <summary>Names the image by its digest, so that it stays the same when the tag moves.</summary>
    public bool IsPinned { get; private init; }

    /// <summary>What the container is called; null for the last part of the repository's name.</summary>
    public string? Name { get; private init; }

    /// <summary>The ports to publish, and no others; none leaves it to the image.</summary>
    public IReadOnlyList<WantedPort> Ports { get; private init; } = [];

    /// <summary>Whether they came in the query of an address, to which more is added with an ampersand.</summary>
    public bool AreInQuery { get; init; }

    /// <summary>The variables to set.</summary>
    public IReadOnlyList<EnvironmentVariable> Environment { get; private init; } = [];

    /// <summary>Reads options.</summary>
    /// <exception cref="OciException">A sentence that names the one that is wrong, and what it takes.</exception>
    public static RecipeOptions Read(string? pin, string? name, IReadOnlyCollection<string> ports, IReadOnlyCollection<string> variables)
    {
        if (pin is not (null or "" or "digest" or "tag"))
            throw Wrong("pin", pin, "digest, or leave it out");
        if (name is not null && !IsName(name))
            throw Wrong("name", name, "2 to 63 letters, digits, _ . and -, the first a letter or digit");
        if (ports.Count > MaxPorts || variables.Count > MaxVariables)
            throw new OciException(OciError.ParameterInvalid, $"a recipe takes at most {MaxPorts} ports and {MaxVariables} variables");
        return new RecipeOptions
        {
            IsPinned = pin == "digest",
            Name = name,
            Ports = [.. ports.Select(WantedPort.Parse)],
            Environment = [.. variables.Select(ReadVariable).GroupBy(variable => variable.Name).Select(same => same.Last())],
        };
    }

    /// <summary>Whether podman and docker take the text as the name of a container.</summary>
    public static bool IsName(string text) => NameGrammar().IsMatch(text);

    /// <summary>Whether every format can set a variable of that name.</summary>
    public static bool IsVariableName(string text) => VariableGrammar().IsMatch(text);

    internal static OciException Wrong(string option, string value, string expected) =>
        new(OciError.ParameterInvalid, $"{option}={OciException.Quote(value)}: expected {expected}");

    static EnvironmentVariable ReadVariable(string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        if (equals < 0 || !IsVariableName(text[..equals]) || text.Length - equals > MaxValueLength || text.Contains('\0', StringComparison.Ordinal))
            throw Wrong("env", text, $"NAME=VALUE, the name of letters, digits, _ . and -, the value of at most {MaxValueLength} characters");
        return new EnvironmentVariable(text[..equals], text[(equals + 1)..]);
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9_.-]{1,62}\z")]
    private static partial Regex NameGrammar();

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_.-]{0,255}\z")]
    private static partial Regex VariableGrammar();
}

/// <summary>A port that somebody wants to be published.</summary>
/// <param name="Address">Where the machine listens; null for everywhere.</param>
/// <param name="HostPort">The port of the machine; null to have one chosen.</param>
internal sealed record WantedPort(IPAddress? Address, int? HostPort, ExposedPort Container)
{
    // 80, 8080:80, 127.0.0.1:8080:80, [::1]:8080:80, each perhaps with /udp
    public static WantedPort Parse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var protocol = slash < 0 ? ExposedPort.Tcp : text[(slash + 1)..];
        var numbers = slash < 0 ? text : text[..slash];
        IPAddress? address = null;
        if (numbers.Count(c => c == ':') > 1)
        {
            var end = numbers.LastIndexOf(':', numbers.LastIndexOf(':') - 1);
            if (!IPAddress.TryParse(numbers[..end].Trim('[', ']'), out address))
                throw Wrong(text);
            numbers = numbers[(end + 1)..];
        }
        var parts = numbers.Split(':');
        return protocol is ExposedPort.Tcp or "udp" or "sctp"
            && Number(parts[^1]) is { } container
            && (parts.Length == 1 || Number(parts[0]) is not null)
            ? new WantedPort(address, parts.Length == 1 ? null : Number(parts[0]), new ExposedPort(container, protocol))
            : throw Wrong(text);
    }

    static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= ExposedPort.MaxNumber ? number : null;

    static OciException Wrong(string text) => RecipeOptions.Wrong("port", text, "CONTAINER, HOST:CONTAINER or ADDRESS:HOST:CONTAINER, perhaps with /udp, such as 8080:80");
}
