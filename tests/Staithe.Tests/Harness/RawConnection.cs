using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Staithe.Tests.Harness;

/// <summary>One HTTP/1.1 connection, byte for byte: for requests that no client library would send, and for reading answers as they come.</summary>
internal sealed class RawConnection : IDisposable
{
    readonly Socket socket;
    readonly NetworkStream stream;
    readonly byte[] buffer = new byte[64 * 1024];
    int start;
    int end;

    RawConnection(Socket socket) => (this.socket, stream) = (socket, new NetworkStream(socket));

    public Socket Socket => socket;

    public static async Task<RawConnection> OpenAsync(Registry registry, int receiveBufferBytes = 0)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBufferBytes > 0)
            socket.ReceiveBufferSize = receiveBufferBytes;
        await socket.ConnectAsync(registry.Url.Host, registry.Url.Port, TestContext.Current.CancellationToken);
        return new RawConnection(socket);
    }

    public Task SendAsync(string text) => SendAsync(Encoding.ASCII.GetBytes(text));

    public async Task SendAsync(ReadOnlyMemory<byte> bytes) => await stream.WriteAsync(bytes, TestContext.Current.CancellationToken);

    /// <summary>The next answer, or null when the server has closed the connection instead.</summary>
    /// <param name="hasBody">False for the answer to a HEAD.</param>
    public async Task<RawResponse?> ReadAsync(bool hasBody = true)
    {
        var statusLine = await ReadLineAsync();
        if (statusLine is null)
            return null;
        var headers = new List<(string Name, string Value)>();
        while (await ReadLineAsync() is { Length: > 0 } line)
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            headers.Add((line[..colon], line[(colon + 1)..].Trim()));
        }
        var status = int.Parse(statusLine.Split(' ')[1], CultureInfo.InvariantCulture);
        var response = new RawResponse(status, headers, []);
        if (!hasBody || status is 204 or 304 or < 200)
            return response;
        if (response.Header("Transfer-Encoding") == "chunked")
            return response with { Body = await ReadChunkedAsync() };
        return response with { Body = await ReadBytesAsync(long.Parse(response.Header("Content-Length") ?? "0", CultureInfo.InvariantCulture)) };
    }

    /// <summary>Closes the connection in the roughest way.</summary>
    public void Reset()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Dispose();
    }

    public void Dispose()
    {
        stream.Dispose();
        socket.Dispose();
    }

    async Task<byte[]> ReadChunkedAsync()
    {
        var body = new MemoryStream();
        while (int.Parse((await ReadLineAsync())!, NumberStyles.HexNumber, CultureInfo.InvariantCulture) is > 0 and var length)
        {
            body.Write(await ReadBytesAsync(length));
            await ReadLineAsync();
        }
        await ReadLineAsync();
        return body.ToArray();
    }

    async Task<byte[]> ReadBytesAsync(long length)
    {
        var body = new byte[length];
        var filled = 0;
        while (filled < length)
        {
            if (start == end && !await FillAsync())
                throw new EndOfStreamException($"the connection ended after {filled} of {length} bytes of the body");
            var take = (int)Math.Min(end - start, length - filled);
            buffer.AsSpan(start, take).CopyTo(body.AsSpan(filled));
            start += take;
            filled += take;
        }
        return body;
    }

    async Task<string?> ReadLineAsync()
    {
        var line = new StringBuilder();
        while (true)
        {
            if (start == end && !await FillAsync())
                return line.Length == 0 ? null : throw new EndOfStreamException("the connection ended within a line");
            var c = (char)buffer[start++];
            if (c == '\n')
                return line.ToString().TrimEnd('\r');
            line.Append(c);
        }
    }

    async Task<bool> FillAsync()
    {
        try
        {
            (start, end) = (0, await stream.ReadAsync(buffer, TestContext.Current.CancellationToken));
        }
        catch (IOException)
        {
            (start, end) = (0, 0);
        }
        return end > 0;
    }
}

/// <summary>An answer as it came.</summary>
internal sealed record RawResponse(int Status, IReadOnlyList<(string Name, string Value)> Headers, byte[] Body)
{
    public string? Header(string name) => Headers.FirstOrDefault(header => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    public string Text => Encoding.UTF8.GetString(Body);
}
