using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Staithe.Bench;

internal enum ServerKind
{
    Staithe,
    DockerRegistry,
    Nginx,

    /// <summary>Staithe that asks who is there.</summary>
    StaitheClosed,
}

/// <summary>A server under test: a program of its own on a port and in a directory of its own.</summary>
internal sealed partial class Server : IDisposable
{
    const int Terminate = 15;
    static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(20);

    readonly Process process;

    Server(ServerKind kind, string directory, Process process) => (Kind, Directory, this.process) = (kind, directory, process);

    public ServerKind Kind { get; }

    /// <summary>Where it keeps everything.</summary>
    public string Directory { get; }

    public IPEndPoint Address => AddressOf(Kind);

    /// <summary>From its start as a process to its first answer.</summary>
    public TimeSpan ReadyAfter { get; private set; }

    /// <summary>All its processes.</summary>
    public List<int> Processes => ProcessStat.Tree(process.Id);

    public static string Name(ServerKind kind) => kind switch
    {
        ServerKind.Staithe => "Staithe",
        ServerKind.StaitheClosed => "Staithe with accounts",
        ServerKind.DockerRegistry => "docker-registry",
        _ => "nginx",
    };

    /// <summary>The directory in which nginx finds the files that it serves, or docker-registry its repositories.</summary>
    public static string ContentDirectory(string directory) => Path.Combine(directory, "content");

    /// <summary>Starts it and waits for its first answer.</summary>
    public static Server Start(ServerKind kind, string directory, Options options, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        System.IO.Directory.CreateDirectory(ContentDirectory(directory));
        var start = kind switch
        {
            ServerKind.Staithe => StaitheStart(kind, directory, options, "--open"),
            ServerKind.StaitheClosed => StaitheStart(kind, directory, options),
            ServerKind.DockerRegistry => DockerRegistryStart(directory),
            _ => NginxStart(directory),
        };
        var started = Stopwatch.GetTimestamp();
        var server = new Server(kind, directory, Process.Start(start) ?? throw new BenchException($"{Name(kind)} cannot be started"));
        try
        {
            while (!server.Answers())
            {
                if (server.process.HasExited || Stopwatch.GetElapsedTime(started) > StartLimit)
                    throw new BenchException($"{Name(kind)} does not start: {server.LogTail()}");
                stop.WaitHandle.WaitOne(1);
                stop.ThrowIfCancellationRequested();
            }
        }
        catch
        {
            server.Dispose();
            throw;
        }
        server.ReadyAfter = Stopwatch.GetElapsedTime(started);
        return server;
    }

    public void Dispose()
    {
        if (!process.HasExited)
        {
            _ = kill(process.Id, Terminate);
            if (!process.WaitForExit(StopLimit))
                process.Kill(entireProcessTree: true);
        }
        process.Dispose();
    }

    /// <summary>The end of what it wrote, for an error message.</summary>
    public string LogTail()
    {
        var log = Path.Combine(Directory, "log");
        return File.Exists(log) && File.ReadAllText(log).Trim() is { Length: > 0 } text ? text[^Math.Min(text.Length, 1000)..] : "it wrote nothing";
    }

    /// <summary>The files of blobs, behind the server's back.</summary>
    public List<FileInfo> BlobFiles() => [.. new DirectoryInfo(Directory).EnumerateFiles("*", SearchOption.AllDirectories)
        .Where(file => Kind == ServerKind.Staithe ? file.FullName.Contains("/data/blobs/", StringComparison.Ordinal) : file.Name == "data")];

    /// <summary>Empties files of what was pushed: a whole run pushes more than many disks hold, and nobody reads it again.</summary>
    public static void GiveBack(IEnumerable<FileInfo> files)
    {
        foreach (var file in files.Where(file => file.Length >= 64 * 1024))
        {
            using var handle = File.OpenHandle(file.FullName, FileMode.Truncate, FileAccess.Write, FileShare.ReadWrite);
        }
    }

    static IPEndPoint AddressOf(ServerKind kind) => new(IPAddress.Loopback, 5001 + (int)kind); // the namespace is ours: every port is free

    bool Answers()
    {
        try
        {
            using var connection = new Connection(Address);
            return connection.Get("/v2/").Status == (Kind == ServerKind.StaitheClosed ? 401 : 200);
        }
        catch (SocketException)
        {
            return false;
        }
    }

    static ProcessStartInfo StaitheStart(ServerKind kind, string directory, Options options, params string[] more)
    {
        var start = ProgramStart(directory, options.StaitheProgram, ["serve", "--data", Path.Combine(directory, "data"), "--listen", AddressOf(kind).ToString(), .. more]);
        start.Environment["STAITHE_LOG"] = "quiet";
        start.Environment["XDG_CONFIG_HOME"] = directory; // whoever runs this may have settings
        return start;
    }

    // The cache is what Debian's own configuration has.
    static ProcessStartInfo DockerRegistryStart(string directory)
    {
        var config = Path.Combine(directory, "config.yml");
        File.WriteAllText(config, $$"""
            version: 0.1
            log:
              level: error
              accesslog: {disabled: true}
            storage:
              cache: {blobdescriptor: inmemory}
              delete: {enabled: true}
              filesystem:
                rootdirectory: {{ContentDirectory(directory)}}
            http:
              addr: {{AddressOf(ServerKind.DockerRegistry)}}
            """);
        return ProgramStart(directory, "docker-registry", "serve", config);
    }

    static ProcessStartInfo NginxStart(string directory)
    {
        var config = Path.Combine(directory, "nginx.conf");
        var user = Environment.UserName == "root" ? "user root;" : "";
        File.WriteAllText(config, $$"""
            {{user}}
            worker_processes auto;
            daemon off;
            pid {{directory}}/pid;
            error_log {{directory}}/log error;
            events { worker_connections 4096; }
            http {
              access_log off;
              sendfile on;
              tcp_nopush on;
              open_file_cache max=1000 inactive=1h;
              open_file_cache_valid 1h;
              keepalive_timeout 1h;
              keepalive_requests 1000000000;
              default_type application/octet-stream;
              client_body_temp_path {{directory}}/temporary;
              proxy_temp_path {{directory}}/temporary;
              fastcgi_temp_path {{directory}}/temporary;
              scgi_temp_path {{directory}}/temporary;
              uwsgi_temp_path {{directory}}/temporary;
              server {
                listen {{AddressOf(ServerKind.Nginx)}};
                root {{ContentDirectory(directory)}};
                location = /v2/ { return 200; }
                location ~ /manifests/ { default_type {{Content.ManifestType}}; }
              }
            }
            """);
        return ProgramStart(directory, "nginx", "-p", directory, "-c", config, "-e", Path.Combine(directory, "log"));
    }

    // The shell gives way to the program at once; it is there to send the output to a file, so that nobody here has to read it.
    static ProcessStartInfo ProgramStart(string directory, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", "exec \"$0\" \"$@\" </dev/null >>log 2>&1", program, .. arguments]) { WorkingDirectory = directory };
        foreach (var name in start.Environment.Keys.Where(IsForServers).ToList())
            start.Environment.Remove(name);
        return start;
    }

    static bool IsForServers(string name) =>
        name.StartsWith("STAITHE_", StringComparison.Ordinal) || name.StartsWith("REGISTRY_", StringComparison.Ordinal) || name.StartsWith("OTEL_", StringComparison.Ordinal)
        || (name.StartsWith("DOTNET_", StringComparison.Ordinal) && !name.StartsWith("DOTNET_ROOT", StringComparison.Ordinal));

    [LibraryImport("libc")]
    private static partial int kill(int pid, int signal);
}
