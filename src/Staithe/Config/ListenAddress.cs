using System.Globalization;
using System.Net;

namespace Staithe.Config;

/// <summary>
/// Where the server listens: <c>localhost</c>, an IP address without brackets, or <see cref="AnyHost"/>. Other names are refused: a
/// server listens on addresses, and what a name stands for can change.
/// </summary>
/// <param name="Host">The host.</param>
/// <param name="Port">The port; 0 stands for any free one.</param>
internal sealed record ListenAddress(string Host, int Port)
{
    /// <summary>The host that stands for all interfaces, IPv4 and IPv6.</summary>
    public const string AnyHost = "*";

    /// <summary>The host that stands for 127.0.0.1 and ::1.</summary>
    public const string Localhost = "localhost";

    /// <summary>Whether only this machine can connect.</summary>
    public bool IsLoopback => Host == Localhost || (IPAddress.TryParse(Host, out var address) && IPAddress.IsLoopback(address));

    /// <summary>Reads HOST:PORT, [IPv6]:PORT, or *:PORT and :PORT for all interfaces.</summary>
    /// <exception cref="FormatException">The text is none of these; the message says what is wrong with it.</exception>
    public static ListenAddress Parse(string text)
    {
        if (text.Contains("://", StringComparison.Ordinal))
            throw new FormatException("a URL is not an address to listen on: write HOST:PORT, such as localhost:5000");
        var colon = text.LastIndexOf(':');
        if (colon < 0 || text.EndsWith(']'))
            throw new FormatException($"{Settings.Shown(text)} lacks a port: write HOST:PORT, such as localhost:5000, or :PORT for all interfaces");
        var host = ParseHost(text[..colon], text);
        var port = ParsePort(text.AsSpan(colon + 1), text);
        if (port == 0 && host == Localhost)
            throw new FormatException("localhost is two addresses, 127.0.0.1 and [::1], that would get different free ports: write 127.0.0.1:0 or [::1]:0");
        return new ListenAddress(host, port);
    }

    /// <inheritdoc/>
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

    static string ParseHost(string host, string text)
    {
        if (host is "" or AnyHost)
            return AnyHost;
        if (host.Equals(Localhost, StringComparison.OrdinalIgnoreCase))
            return Localhost;
        var bracketed = host.StartsWith('[') && host.EndsWith(']');
        if (!bracketed && host.Contains(':', StringComparison.Ordinal))
            throw new FormatException($"{Settings.Shown(text)}: an IPv6 address stands in brackets, such as [::1]:5000");
        if (IPAddress.TryParse(bracketed ? host[1..^1] : host, out var address) && IsWhole(address, host, bracketed))
            return address.ToString();
        throw new FormatException($"{Settings.Shown(text)}: the host is neither localhost, * nor an IP address, and other names cannot be listened on");
    }

    // The platform reads 127.1 and 1 as addresses too; nobody means that here.
    static bool IsWhole(IPAddress address, string host, bool bracketed) => bracketed ? address.ToString().Contains(':', StringComparison.Ordinal) : address.ToString() == host;

    static int ParsePort(ReadOnlySpan<char> port, string text) => int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= IPEndPoint.MaxPort
        ? number
        : throw new FormatException($"{Settings.Shown(text)}: the port is not a number from 0 to {IPEndPoint.MaxPort}");
}
