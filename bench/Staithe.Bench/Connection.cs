using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Staithe.Bench;

/// <summary>What a server answered; the body has been read and dropped.</summary>
internal readonly record struct Answer(int Status, long BodyBytes, string? Location);

/// <summary>
/// A client's connection: HTTP/1.1 over a blocking socket, as little as the load needs. Bodies are thrown away by the kernel, without a copy.
/// </summary>
internal sealed partial class Connection : IDisposable
{
    const int DropWhatComes = 0x20; // MSG_TRUNC, which for TCP means: do not copy
    const int LargestDrop = 1024 * 1024;
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    readonly Socket socket;
    readonly byte[] buffer = new byte[16 * 1024];
    readonly string host;
    int start;
    int end;

    /// <param name="address">The server.</param>
    /// <param name="from">The client's own address, if not the usual.</param>
    public Connection(IPEndPoint address, IPAddress? from = null)
    {
        host = address.ToString();
        socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveTimeout = (int)Patience.TotalMilliseconds,
            SendTimeout = (int)Patience.TotalMilliseconds,
        };
        try
        {
            if (from is not null)
                socket.Bind(new IPEndPoint(from, 0));
            socket.Connect(address);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Who asks, for every head that is made, or null for nobody.</summary>
    public string? Authorization { get; set; }

    public void Dispose() => socket.Dispose();

    /// <summary>The bytes of a request's head, to be sent again and again.</summary>
    public byte[] Head(string method, string target, long contentLength = -1, string? contentType = null)
    {
        var head = new StringBuilder($"{method} {target} HTTP/1.1\r\nHost: {host}\r\nAccept: {Content.ManifestType}, {Content.IndexType}\r\n");
        if (contentLength >= 0)
            head.Append($"Content-Length: {contentLength}\r\n");
        if (contentType is not null)
            head.Append($"Content-Type: {contentType}\r\n");
        if (Authorization is not null)
            head.Append($"Authorization: {Authorization}\r\n");
        return Encoding.ASCII.GetBytes(head.Append("\r\n").ToString());
    }

    public Answer Get(string target) => Ask(Head("GET", target));

    public Answer Ask(byte[] head, bool isHead = false)
    {
        Send(head);
        return Receive(isHead);
    }

    public void Send(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
            bytes = bytes[socket.Send(bytes)..];
    }

    public Answer Receive(bool isHead = false)
    {
        var status = 0;
        while (status < 200) // what comes before is only a promise
        {
            var line = ReadLine();
            if (!line.StartsWith("HTTP/1.1 ", StringComparison.Ordinal) || !int.TryParse(line.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture, out status))
                throw new BenchException($"this is no HTTP answer: {line}");
            var (length, chunked, location) = ReadHeaders();
            if (status < 200)
                continue;
            if (isHead || status is 204 or 304)
                return new Answer(status, 0, location);
            if (!chunked)
                Drop(length);
            else
                length = DropChunks();
            return new Answer(status, length, location);
        }
        throw new BenchException("unreachable");
    }

    (long Length, bool Chunked, string? Location) ReadHeaders()
    {
        var (length, chunked, location) = (0L, false, (string?)null);
        while (true)
        {
            var line = ReadLineBytes();
            if (line.Length == 0)
                return (length, chunked, location);
            if (Ascii.EqualsIgnoreCase(line[..Math.Min(line.Length, 15)], "content-length:"u8))
                length = long.Parse(line[15..].Trim((byte)' '), NumberStyles.None, CultureInfo.InvariantCulture);
            else if (Ascii.EqualsIgnoreCase(line[..Math.Min(line.Length, 18)], "transfer-encoding:"u8))
                chunked = true;
            else if (Ascii.EqualsIgnoreCase(line[..Math.Min(line.Length, 9)], "location:"u8))
                location = PathOf(Encoding.ASCII.GetString(line[9..]).Trim());
        }
    }

    static string PathOf(string location) => location.StartsWith('/') ? location : new Uri(location).PathAndQuery;

    long DropChunks()
    {
        var total = 0L;
        while (true)
        {
            var length = long.Parse(ReadLine().Split(';')[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            Drop(length);
            ReadLine();
            total += length;
            if (length == 0)
                return total;
        }
    }

    void Drop(long count)
    {
        var buffered = (int)Math.Min(count, end - start);
        start += buffered;
        count -= buffered;
        while (count > 0)
        {
            var received = recv(socket.SafeHandle, 0, (nuint)Math.Min(count, LargestDrop), DropWhatComes);
            count -= received > 0 ? received : throw Gone();
        }
    }

    string ReadLine() => Encoding.ASCII.GetString(ReadLineBytes());

    ReadOnlySpan<byte> ReadLineBytes()
    {
        while (true)
        {
            var line = buffer.AsSpan(start, end - start);
            var feed = line.IndexOf((byte)'\n');
            if (feed >= 0)
            {
                start += feed + 1;
                return line[..feed].TrimEnd((byte)'\r');
            }
            if (line.Length == buffer.Length)
                throw new BenchException("a server sent a header line without end");
            line.CopyTo(buffer);
            (start, end) = (0, line.Length);
            var received = socket.Receive(buffer.AsSpan(end));
            end += received > 0 ? received : throw Gone();
        }
    }

    static BenchException Gone() => new("a server closed the connection, or fell silent, before its answer was complete");

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recv(SafeHandle socket, nint buffer, nuint length, int flags);
}
