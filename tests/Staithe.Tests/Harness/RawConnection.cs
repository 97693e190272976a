using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Staithe.Tests.Harness;

/// <summary>A connection on which a test writes HTTP by hand.</summary>
internal sealed class RawConnection : IAsyncDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    readonly Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    readonly CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    readonly BufferedStream stream;

    RawConnection(Registry registry, int? receiveBytes)
    {
        if (receiveBytes is { } bytes)
            socket.ReceiveBufferSize = bytes;
        socket.Connect(registry.Url.Host, registry.Url.Port);
        stream = new BufferedStream(new NetworkStream(socket, ownsSocket: true));
    }

    /// <param name="registry">Where to.</param>
    /// <param name="receiveBytes">How much the client's side takes in unread, if not the usual.</param>
    public static RawConnection Open(Registry registry, int? receiveBytes = null) => new(registry, receiveBytes);

    /// <summary>Sends text in which a line break stands for the one of HTTP.</summary>
    public Task SendAsync(string text) => SendAsync(Encoding.Latin1.GetBytes(text.ReplaceLineEndings("\r\n")));

    public async Task SendAsync(byte[] bytes) => await socket.SendAsync(bytes, patience.Token);

    /// <summary>Says that nothing more will be sent.</summary>
    public void EndSending() => socket.Shutdown(SocketShutdown.Send);

    /// <summary>Takes what there is of the answer, without waiting for all of it.</summary>
    public async Task<int> ReadSomeAsync(byte[] buffer) => await socket.ReceiveAsync(buffer, patience.Token);

    /// <summary>Closes the connection in the roughest way.</summary>
    public void Reset()
    {
        socket.LingerState = new LingerOption(true, 0);
        socket.Close();
    }

    /// <summary>Reads one answer, or null when the server has closed the connection instead.</summary>
    public async Task<RawResponse?> ReadAsync(bool isHead = false)
    {
        patience.CancelAfter(Patience);
        var lines = new List<string>();
        while (await ReadLineAsync() is { } line)
        {
            if (line.Length == 0)
                return new RawResponse(int.Parse(lines[0].AsSpan(9, 3), CultureInfo.InvariantCulture), [.. lines.Skip(1)], await ReadBodyAsync(lines, isHead));
            lines.Add(line);
        }
        return null;
    }

    /// <summary>Waits for the server to close the connection; the bytes that came before.</summary>
    public async Task<long> DrainAsync()
    {
        patience.CancelAfter(Patience);
        var buffer = new byte[64 * 1024];
        var total = 0L;
        try
        {
            while (await stream.ReadAsync(buffer, patience.Token) is > 0 and var read)
                total += read;
        }
        catch (IOException)
        {
            // reset, which is closed too
        }
        return total;
    }

    public async ValueTask DisposeAsync()
    {
        await stream.DisposeAsync();
        patience.Dispose();
    }

    async Task<byte[]> ReadBodyAsync(List<string> lines, bool isHead)
    {
        if (isHead || lines[0][9] == '1')
            return [];
        if (lines.Contains("Transfer-Encoding: chunked"))
            return await ReadChunksAsync();
        var length = lines.Select(line => line.Split(": ")).FirstOrDefault(header => header[0].Equals("Content-Length", StringComparison.OrdinalIgnoreCase))?[1];
        var body = new byte[int.Parse(length ?? "0", CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(body, patience.Token);
        return body;
    }

    async Task<byte[]> ReadChunksAsync()
    {
        var body = new List<byte>();
        while (true)
        {
            var chunk = new byte[int.Parse((await ReadLineAsync())!, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)];
            await stream.ReadExactlyAsync(chunk, patience.Token);
            await ReadLineAsync();
            if (chunk.Length == 0)
                return [.. body];
            body.AddRange(chunk);
        }
    }

    async Task<string?> ReadLineAsync()
    {
        var line = new StringBuilder();
        var one = new byte[1];
        try
        {
            while (await stream.ReadAsync(one, patience.Token) == 1)
            {
                if (one[0] == '\n')
                    return line.ToString().TrimEnd('\r');
                line.Append((char)one[0]);
            }
        }
        catch (IOException)
        {
            // reset, which is closed too
        }
        return null;
    }
}

/// <summary>An answer as it came: the header lines one by one.</summary>
internal sealed record RawResponse(int Status, IReadOnlyList<string> Headers, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);

    public string? Header(string name) => Headers.Select(line => line.Split(": ", 2)).FirstOrDefault(header => header[0].Equals(name, StringComparison.OrdinalIgnoreCase))?[1];
}
