using System.Diagnostics;
using System.Text;
using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

/// <summary>
/// A directory and an environment in which client programs run without seeing, or leaving, anything elsewhere: their own image storage,
/// trust and credentials. Commands are lines for bash and run in <see cref="Path"/>.
/// </summary>
public sealed class ClientWorld : IAsyncDisposable
{
    /// <summary>skopeo looks for its registries.conf nowhere but in /etc unless told.</summary>
    public const string Skopeo = "skopeo --registries-conf registries.conf";

    static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    readonly TempDirectory directory = new();
    readonly HashSet<string> trusted = [];
    readonly Stack<Daemon> daemons = [];

    public ClientWorld()
    {
        // vfs copies where others mount: slower, and works on every file system. runc and cgroupfs need neither systemd nor pure cgroup v2.
        Write("storage.conf", $"""
            [storage]
            driver = "vfs"
            graphroot = "{this["storage"]}"
            runroot = "{this["run"]}"
            """);
        Write("containers.conf", $"""
            [engine]
            runtime = "runc"
            cgroup_manager = "cgroupfs"
            events_logger = "file"
            tmp_dir = "{this["libpod"]}"
            lock_type = "file"
            num_locks = 64
            [containers]
            default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
            [network]
            network_backend = "netavark"
            network_config_dir = "{this["networks"]}"
            """);
        Write("registries.conf", "");
        Write("auth.json", "{}");
        Write("docker/config.json", "{}");
    }

    public string Path => directory.Path;

    public string this[string name] => directory[name];

    /// <summary>What commands see besides the environment of the tests.</summary>
    internal Dictionary<string, string> Environment { get => field ??= DefaultEnvironment(); }

    /// <summary>The shared server on an engine, which clients of this world will talk plain HTTP to.</summary>
    internal async Task<Registry> ConnectAsync(Registries registries, Engine engine = Engine.Sqlite)
    {
        var registry = await registries.GetAsync(engine);
        Trust(registry.Authority);
        return registry;
    }

    internal void Trust(string authority)
    {
        if (trusted.Add(authority))
            File.AppendAllText(this["registries.conf"], $"[[registry]]\nlocation = \"{authority}\"\ninsecure = true\n");
    }

    /// <summary>Writes a file of the world.</summary>
    public void Write(string name, string text)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[name])!);
        File.WriteAllText(this[name], text);
    }

    /// <summary>Builds an image of busybox and a file <c>/text</c>, which it prints when it is run; the storage of podman and buildah has it then.</summary>
    public Task BuildAsync(string image, string text, string options = "")
    {
        var context = $"build-{Guid.NewGuid():N}";
        Write($"{context}/text", text);
        Write($"{context}/Containerfile", """
            FROM scratch
            COPY busybox /bin/busybox
            COPY text /text
            CMD ["/bin/busybox", "cat", "/text"]
            """);
        return RunAsync($"cp /bin/busybox {context}/ && buildah bud --layers --isolation chroot {options} -t {image} {context}");
    }

    /// <summary>Runs a command; what it wrote to standard output, without the last line's end. Fails with what it said when it fails.</summary>
    public Task<string> RunAsync(string command) => OutputOfAsync(command, TestContext.Current.CancellationToken);

    /// <summary>Runs a command that may fail.</summary>
    public Task<ClientRun> TryRunAsync(string command) => RunToEndAsync(command, TestContext.Current.CancellationToken);

    /// <summary>Starts a program that runs until the world ends, and waits for it to say on standard error that it is ready.</summary>
    internal async Task<Daemon> StartDaemonAsync(string command, string readyText)
    {
        var daemon = new Daemon(Start($"exec {command}"), command);
        daemons.Push(daemon);
        daemon.ReadyLine = await daemon.WaitForAsync(readyText);
        return daemon;
    }

    // Also when the run was interrupted: containers, daemons and mounts would stay behind.
    public async ValueTask DisposeAsync()
    {
        try
        {
            if (Directory.Exists(this["storage"]))
                await OutputOfAsync("podman rm --all --force --time 0", CancellationToken.None);
        }
        finally
        {
            while (daemons.TryPop(out var daemon))
                await daemon.DisposeAsync();
            foreach (var mount in Mounts())
                await OutputOfAsync($"umount {mount}", CancellationToken.None);
            directory.Dispose();
        }
    }

    async Task<string> OutputOfAsync(string command, CancellationToken cancel)
    {
        var run = await RunToEndAsync(command, cancel);
        if (run.ExitCode != 0)
            Assert.Fail($"{command}\nended with status {run.ExitCode}\n{run.Output}\n{run.Error}");
        return run.Output.TrimEnd('\n');
    }

    async Task<ClientRun> RunToEndAsync(string command, CancellationToken cancel)
    {
        using var process = Start(command);
        process.StandardInput.Close();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Limit);
        var output = new StringBuilder();
        var error = new StringBuilder();
        try
        {
            await Task.WhenAll(CopyAsync(process.StandardOutput, output, limit.Token), CopyAsync(process.StandardError, error, limit.Token));
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancel.ThrowIfCancellationRequested();
            Assert.Fail($"{command}\ndid not end within {Limit.TotalSeconds} s\n{output}\n{error}");
        }
        return new ClientRun(process.ExitCode, output.ToString(), error.ToString());
    }

    Process Start(string command)
    {
        var start = new ProcessStartInfo("bash", ["-euo", "pipefail", "-c", command])
        {
            WorkingDirectory = Path,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var setting in start.Environment.Keys.Where(name => name.StartsWith("STAITHE_", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(setting); // would configure the program itself
        foreach (var (name, value) in Environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    Dictionary<string, string> DefaultEnvironment() => new()
    {
        ["HOME"] = Path,
        ["PATH"] = $"{System.Environment.GetEnvironmentVariable("PATH")}:/usr/local/sbin:/usr/sbin:/sbin",
        ["CONTAINERS_CONF"] = this["containers.conf"],
        ["CONTAINERS_STORAGE_CONF"] = this["storage.conf"],
        ["CONTAINERS_REGISTRIES_CONF"] = this["registries.conf"],
        ["REGISTRY_AUTH_FILE"] = this["auth.json"],
        ["DOCKER_CONFIG"] = this["docker"],
        ["DOTNET_ROOT"] = new DirectoryInfo(System.Runtime.InteropServices.RuntimeEnvironment.GetRuntimeDirectory()).Parent!.Parent!.Parent!.FullName,
    };

    List<string> Mounts() => File.ReadLines("/proc/self/mountinfo")
        .Select(line => line.Split(' ')[4])
        .Where(mount => mount.StartsWith($"{Path}/", StringComparison.Ordinal))
        .Reverse()
        .ToList();

    static async Task CopyAsync(StreamReader from, StringBuilder to, CancellationToken cancel)
    {
        var buffer = new char[4096];
        while (await from.ReadAsync(buffer, cancel) is > 0 and var count)
            to.Append(buffer, 0, count);
    }
}

/// <summary>How a command ended, and what it wrote.</summary>
public sealed record ClientRun(int ExitCode, string Output, string Error);
