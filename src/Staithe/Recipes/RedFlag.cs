using System.Globalization;

namespace Staithe.Recipes;

/// <summary>Why one should look twice before running what a publisher suggests.</summary>
/// <param name="Argument">The part of the command, as it is written there.</param>
/// <param name="Reason">What it gives away.</param>
internal sealed record RedFlag(string Argument, string Reason);

/// <summary>Finds in a command of podman or docker what takes down the wall between a container and the machine. It errs on the side of telling.</summary>
internal static class RedFlags
{
    static readonly HashSet<string> Engines = ["podman", "docker", "nerdctl"];

    // Options that take no value of the next argument.
    static readonly HashSet<string> Switches =
    [
        "--detach", "--interactive", "--tty", "--rm", "--rmi", "--privileged", "--init", "--read-only", "--read-only-tmpfs", "--replace", "--publish-all", "--no-healthcheck", "--no-hosts", "--no-hostname",
        "--oom-kill-disable", "--quiet", "--rootfs", "--sig-proxy", "--tls-verify", "--unsetenv-all", "--http-proxy", "--disable-content-trust", "--env-host", "--passwd", "--help",
    ];

    const string ShortSwitches = "ditPq";

    static readonly Dictionary<string, string> LongNames = new()
    {
        ["-v"] = "--volume", ["-p"] = "--publish", ["-e"] = "--env", ["-u"] = "--user", ["-h"] = "--hostname", ["-w"] = "--workdir", ["-l"] = "--label", ["-m"] = "--memory", ["-c"] = "--cpu-shares", ["-a"] = "--attach", ["-P"] = "--publish-all",
        ["--net"] = "--network",
    };

    /// <summary>The flags of a command.</summary>
    /// <param name="arguments">The whole command, an argument each.</param>
    /// <param name="isImage">Whether an argument names the image that the command comes with.</param>
    public static IReadOnlyList<RedFlag> Of(IReadOnlyList<string> arguments, Func<string, bool> isImage)
    {
        if (arguments.Count == 0)
            return [];
        var program = arguments[0][(arguments[0].LastIndexOf('/') + 1)..];
        if (!Engines.Contains(program))
            return [new RedFlag(arguments[0], program is "sudo" or "su" or "doas" ? "runs as root of your machine" : "runs a program of your machine, no container")];
        var verb = arguments.Skip(1).FirstOrDefault(argument => !argument.StartsWith('-'));
        if (verb is not ("run" or "create"))
            return verb is "container" ? [new RedFlag(verb, "is not a plain run: read it")] : [new RedFlag(verb ?? program, "does not run a container, but something else of the engine")];

        var flags = new List<RedFlag>();
        var i = arguments.ToList().IndexOf(verb) + 1;
        foreach (var argument in arguments.Take(i - 1).Skip(1))
            flags.Add(new RedFlag(argument, "changes the engine itself"));
        while (i < arguments.Count && arguments[i] is ['-', _, ..] option && option != "--")
        {
            foreach (var (name, value, shown) in Read(option, arguments, ref i))
            {
                if (ReasonOf(name, value) is { } reason)
                    flags.Add(new RedFlag(shown, reason));
            }
            i++;
        }
        if (i < arguments.Count && arguments[i] == "--")
            i++;
        if (i >= arguments.Count)
            flags.Add(new RedFlag(verb, "names no image"));
        else if (!isImage(arguments[i]))
            flags.Add(new RedFlag(arguments[i], "is another image"));
        return flags;
    }

    // --name=value, --name value, --switch, -n value, -nvalue, -itn value
    static List<(string Name, string? Value, string Shown)> Read(string option, IReadOnlyList<string> arguments, ref int i)
    {
        string? Next(ref int at) => at + 1 < arguments.Count ? arguments[++at] : null;
        var equals = option.IndexOf('=', StringComparison.Ordinal);
        if (option.StartsWith("--", StringComparison.Ordinal))
        {
            if (equals > 0)
                return [(Full(option[..equals]), option[(equals + 1)..], option)];
            if (Switches.Contains(option))
                return [(option, null, option)];
            var next = Next(ref i);
            return [(Full(option), next, $"{option} {next}")];
        }
        var found = new List<(string, string?, string)>();
        for (var at = 1; at < option.Length; at++)
        {
            var name = $"-{option[at]}";
            if (ShortSwitches.Contains(option[at], StringComparison.Ordinal))
            {
                found.Add((Full(name), null, name));
                continue;
            }
            var rest = option[(at + 1)..];
            var value = rest.Length > 0 ? rest.TrimStart('=') : Next(ref i);
            found.Add((Full(name), value, $"{name} {value}"));
            break;
        }
        return found;
    }

    static string Full(string name) => LongNames.GetValueOrDefault(name, name);

    static string? ReasonOf(string name, string? value) => name switch
    {
        "--privileged" => IsFalse(value) ? null : "takes down every wall: the container may do what root of your machine may",
        "--volume" or "--mount" => ReasonOfMount(name, value ?? ""),
        "--network" => value switch
        {
            "host" => "shares the network of your machine, with everything that listens on it",
            not null when value.StartsWith("container:", StringComparison.Ordinal) || value.StartsWith("ns:", StringComparison.Ordinal) => "joins another network namespace",
            _ => null,
        },
        "--pid" => IsPrivate(value) ? null : "sees and may signal the processes of your machine",
        "--ipc" => IsPrivate(value) || value is "none" or "shareable" ? null : "shares the memory segments of your machine",
        "--uts" => IsPrivate(value) ? null : "shares the name of your machine",
        "--userns" => value is "host" ? "has no users of its own" : null,
        "--cgroupns" => IsPrivate(value) ? null : "sees the control groups of your machine",
        "--cgroup-parent" or "--cgroup-conf" => "moves into another control group",
        "--cap-add" => "gives a capability of root",
        "--security-opt" => value is "no-new-privileges" or "no-new-privileges=true" or "no-new-privileges:true" ? null : "changes what keeps the container in",
        "--device" or "--gpus" => "gives a device of your machine",
        "--device-cgroup-rule" => "opens devices of your machine",
        "--volumes-from" => "takes the volumes of another container",
        "--env-file" => "reads a file of your machine",
        "--env-host" => IsFalse(value) ? null : "hands over the variables of your shell",
        "--rootfs" => IsFalse(value) ? null : "runs a directory of your machine",
        "--sysctl" => "changes settings of the kernel",
        "--user" => value?.Split(':')[0] is "0" or "root" ? "runs as root in the container" : null,
        "--group-add" => "gives another group",
        "--tls-verify" => IsFalse(value) ? "does not check whom it pulls from" : null,
        "--disable-content-trust" => IsFalse(value) ? null : "does not check who signed it",
        "--pod" or "--pod-id-file" => "joins another pod",
        "--hooks-dir" or "--runtime" or "--conmon" or "--log-driver" or "--secret" => "reaches beyond the container",
        _ => null,
    };

    static string? ReasonOfMount(string name, string value)
    {
        var source = name == "--volume"
            ? value.Contains(':', StringComparison.Ordinal) ? value[..value.IndexOf(':', StringComparison.Ordinal)] : ""
            : value.Split(',').Select(part => part.Split('=', 2)).FirstOrDefault(part => part is [("source" or "src"), _])?[1] ?? "";
        if (source.EndsWith(".sock", StringComparison.Ordinal))
            return "hands over an engine's socket: whoever has it is root of your machine";
        var isBind = name == "--mount" && value.Split(',').Contains("type=bind");
        return isBind || source.IndexOfAny(['/', '~', '$', '`']) >= 0 || source.StartsWith('.') ? "gives a directory of your machine" : null;
    }

    static bool IsPrivate(string? value) => value is null or "" or "private";

    static bool IsFalse(string? value) => value is not null && (value is "0" || value.ToLower(CultureInfo.InvariantCulture) is "f" or "false");
}
