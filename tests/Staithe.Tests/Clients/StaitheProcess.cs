using Staithe.Tests.Harness;

namespace Staithe.Tests.Clients;

/// <summary>The program itself, as its operator starts it, in a process of its own.</summary>
internal sealed class StaitheProcess
{
    const string Ready = "staithe listens on ";

    StaitheProcess(Daemon daemon, Uri url) => (Daemon, Url) = (daemon, url);

    public Daemon Daemon { get; }

    public Uri Url { get; }

    /// <summary>Starts <c>staithe serve</c> on a data directory of the world, which stops it when it ends, if nobody has by then.</summary>
    /// <param name="world">Where.</param>
    /// <param name="data">The directory; a second server may take it over when the first has ended.</param>
    /// <param name="port">The port, or 0 for a free one.</param>
    /// <param name="open">Whether it asks nobody who they are.</param>
    public static async Task<StaitheProcess> StartAsync(ClientWorld world, string data, int port = 0, bool open = true)
    {
        var program = Path.Combine(AppContext.BaseDirectory, "staithe");
        var daemon = await world.StartDaemonAsync($"'{program}' serve {(open ? "--open " : "")}--data \"$PWD/{data}\" --listen 127.0.0.1:{port}", Ready);
        var url = new Uri(daemon.ReadyLine.Split(Ready)[1].Split(',')[0]);
        world.Trust(url.Authority);
        return new StaitheProcess(daemon, url);
    }
}
