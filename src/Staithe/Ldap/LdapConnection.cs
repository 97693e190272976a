using System.Buffers.Binary;
using System.Formats.Asn1;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Staithe.Ldap;

/// <summary>An entry of the directory, with the attributes that were asked for.</summary>
internal sealed record LdapEntry(string Dn, IReadOnlyDictionary<string, IReadOnlyList<byte[]>> Attributes)
{
    /// <summary>The values of an attribute as text; none when it has none.</summary>
    public IEnumerable<string> Texts(string attribute) => Attributes.TryGetValue(attribute, out var values) ? values.Select(Encoding.UTF8.GetString) : [];
}

/// <summary>
/// A connection to a directory: as much of LDAPv3 (RFC 4511) as signing in takes. One request at a time; what fails leaves the connection
/// of no further use. Nothing is read beyond the message that is waited for, so that nothing sent before StartTLS passes for an answer behind it.
/// </summary>
internal sealed class LdapConnection : IAsyncDisposable
{
    const int MaxMessageBytes = 1024 * 1024;
    const int Success = 0, SizeLimitExceeded = 4;
    const string StartTlsOid = "1.3.6.1.4.1.1466.20037";

    // What a directory says of credentials that it does not take: wrong, locked, to be changed first, not for this kind of entry.
    static readonly HashSet<int> Refusals = [19, 32, 34, 48, 49, 50, 53];

    static readonly Asn1Tag BindRequest = Application(0), BindResponse = Application(1), SearchRequest = Application(3), SearchEntry = Application(4), SearchDone = Application(5);
    static readonly Asn1Tag SearchReference = Application(19), ExtendedRequest = Application(23), ExtendedResponse = Application(24);

    readonly LdapServer server;
    Stream stream;
    int lastId;

    LdapConnection(LdapServer server, Stream stream) => (this.server, this.stream) = (server, stream);

    /// <summary>Connects, and encrypts where that was asked for.</summary>
    /// <exception cref="LdapException">There is no such server, or none that can show the certificate it should.</exception>
    public static async Task<LdapConnection> OpenAsync(LdapServer server, CancellationToken cancel)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(server.Host, server.Port, cancel);
            var connection = new LdapConnection(server, new NetworkStream(socket, ownsSocket: true));
            if (server.Tls == LdapTls.StartTls)
                await connection.StartTlsAsync(cancel);
            if (server.Tls != LdapTls.None)
                await connection.EncryptAsync(cancel);
            return connection;
        }
        catch (Exception e)
        {
            socket.Dispose();
            if (e is SocketException or AuthenticationException or IOException)
                throw new LdapException($"the directory {server} cannot be reached: {e.Message}", e);
            throw;
        }
    }

    /// <summary>Says who one is; false when the directory does not take it. An empty password would be no proof of anything (RFC 4513 section 5.1.2).</summary>
    /// <exception cref="LdapException">The directory does not answer, or with something else.</exception>
    public async Task<bool> BindAsync(string dn, string password, CancellationToken cancel)
    {
        if (dn.Length == 0 || password.Length == 0)
            return false;
        var id = await SendAsync(
            writer =>
            {
                using (writer.PushSequence(BindRequest))
                {
                    writer.WriteInteger(3);
                    writer.WriteOctetString(Encoding.UTF8.GetBytes(dn));
                    writer.WriteOctetString(Encoding.UTF8.GetBytes(password), new Asn1Tag(TagClass.ContextSpecific, 0));
                }
            },
            cancel);
        var (code, message) = await ReadResultAsync(id, BindResponse, cancel);
        if (code == Success)
            return true;
        return Refusals.Contains(code) ? false : throw new LdapException($"the directory {server} answers a bind with code {code}: {message}");
    }

    /// <summary>Entries anywhere below a base that a filter finds.</summary>
    /// <param name="below">The DN of the base.</param>
    /// <param name="filter">The filter, with the values of its words.</param>
    /// <param name="attributes">What to tell of each.</param>
    /// <param name="limit">The most entries.</param>
    /// <param name="mayBeMore">Whether it is all the same if there are more than that.</param>
    /// <param name="cancel">Gives up.</param>
    /// <exception cref="LdapException">The directory does not answer, or refuses, or finds more.</exception>
    public async Task<List<LdapEntry>> SearchAsync(string below, Action<AsnWriter> filter, IReadOnlyList<string> attributes, int limit, bool mayBeMore, CancellationToken cancel)
    {
        var id = await SendAsync(
            writer =>
            {
                using (writer.PushSequence(SearchRequest))
                {
                    writer.WriteOctetString(Encoding.UTF8.GetBytes(below));
                    writer.WriteEnumeratedValue(Scope.WholeSubtree);
                    writer.WriteEnumeratedValue(Dereference.Never);
                    writer.WriteInteger(limit);
                    writer.WriteInteger(0);
                    writer.WriteBoolean(false);
                    filter(writer);
                    using (writer.PushSequence())
                    {
                        foreach (var attribute in attributes)
                            writer.WriteOctetString(Encoding.UTF8.GetBytes(attribute));
                    }
                }
            },
            cancel);
        var entries = new List<LdapEntry>();
        while (true)
        {
            var reader = await ReadAsync(id, cancel);
            var tag = reader.PeekTag();
            if (tag == SearchEntry)
            {
                if (entries.Count < limit)
                    entries.Add(Understand(() => ReadEntry(reader)));
                continue;
            }
            if (tag == SearchReference)
                continue; // another directory's business
            var (code, message) = Understand(() => ReadResult(reader, SearchDone));
            return code == Success || (code == SizeLimitExceeded && mayBeMore) ? entries : throw new LdapException($"the directory {server} answers a search below \"{below}\" with code {code}: {message}");
        }
    }

    public async ValueTask DisposeAsync() => await stream.DisposeAsync();

    async Task StartTlsAsync(CancellationToken cancel)
    {
        var id = await SendAsync(
            writer =>
            {
                using (writer.PushSequence(ExtendedRequest))
                    writer.WriteOctetString(Encoding.ASCII.GetBytes(StartTlsOid), new Asn1Tag(TagClass.ContextSpecific, 0));
            },
            cancel);
        var (code, message) = await ReadResultAsync(id, ExtendedResponse, cancel);
        if (code != Success)
            throw new LdapException($"the directory {server} does not do StartTLS (code {code}: {message})");
    }

    async Task EncryptAsync(CancellationToken cancel)
    {
        var tls = new SslStream(stream);
        stream = tls;
        var options = new SslClientAuthenticationOptions { TargetHost = server.Host };
        if (server.Authorities is { } authorities)
        {
            options.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(authorities);
        }
        await tls.AuthenticateAsClientAsync(options, cancel);
    }

    async Task<int> SendAsync(Action<AsnWriter> write, CancellationToken cancel)
    {
        var writer = new AsnWriter(AsnEncodingRules.BER);
        var id = ++lastId;
        using (writer.PushSequence())
        {
            writer.WriteInteger(id);
            write(writer);
        }
        try
        {
            await stream.WriteAsync(writer.Encode(), cancel);
            await stream.FlushAsync(cancel);
            return id;
        }
        catch (IOException e)
        {
            throw new LdapException($"the directory {server} has closed the connection", e);
        }
    }

    async Task<(int Code, string Message)> ReadResultAsync(int id, Asn1Tag tag, CancellationToken cancel)
    {
        var reader = await ReadAsync(id, cancel);
        return Understand(() => ReadResult(reader, tag));
    }

    // The operation of the next message, which answers the request.
    async Task<AsnReader> ReadAsync(int id, CancellationToken cancel)
    {
        var bytes = await ReadMessageAsync(cancel);
        return Understand(() =>
        {
            var reader = new AsnReader(bytes, AsnEncodingRules.BER).ReadSequence();
            if (!reader.TryReadInt32(out var answers) || answers != id)
                throw new LdapException($"the directory {server} answers another request than the one that was made: it may be shutting down");
            return reader;
        });
    }

    async Task<byte[]> ReadMessageAsync(CancellationToken cancel)
    {
        try
        {
            var head = new byte[2 + sizeof(int)];
            await stream.ReadExactlyAsync(head.AsMemory(0, 2), cancel);
            var lengthBytes = head[1] < 0x80 ? 0 : head[1] - 0x80;
            if (head[0] != 0x30 || lengthBytes > sizeof(int) || head[1] == 0x80)
                throw new LdapException($"what answers at {server} is no directory");
            await stream.ReadExactlyAsync(head.AsMemory(2, lengthBytes), cancel);
            var length = head[1] < 0x80 ? head[1] : BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(2)) >> (8 * (sizeof(int) - lengthBytes));
            if (length > MaxMessageBytes)
                throw new LdapException($"the directory {server} answers with {length} bytes, more than the {MaxMessageBytes} that are taken");
            var message = new byte[2 + lengthBytes + (int)length];
            head.AsSpan(0, 2 + lengthBytes).CopyTo(message);
            await stream.ReadExactlyAsync(message.AsMemory(2 + lengthBytes), cancel);
            return message;
        }
        catch (IOException e)
        {
            throw new LdapException($"the directory {server} has closed the connection", e);
        }
    }

    T Understand<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (AsnContentException e)
        {
            throw new LdapException($"what the directory {server} answers is not LDAP", e);
        }
    }

    static (int Code, string Message) ReadResult(AsnReader reader, Asn1Tag tag)
    {
        var result = reader.ReadSequence(tag);
        var code = (int)result.ReadEnumeratedValue<ResultCode>();
        result.ReadOctetString();
        return (code, Encoding.UTF8.GetString(result.ReadOctetString()));
    }

    static LdapEntry ReadEntry(AsnReader reader)
    {
        var entry = reader.ReadSequence(SearchEntry);
        var dn = Encoding.UTF8.GetString(entry.ReadOctetString());
        var attributes = new Dictionary<string, IReadOnlyList<byte[]>>(StringComparer.OrdinalIgnoreCase);
        var list = entry.ReadSequence();
        while (list.HasData)
        {
            var attribute = list.ReadSequence();
            var name = Encoding.UTF8.GetString(attribute.ReadOctetString());
            var values = new List<byte[]>();
            var set = attribute.ReadSetOf();
            while (set.HasData)
                values.Add(set.ReadOctetString());
            attributes[name] = values;
        }
        return new LdapEntry(dn, attributes);
    }

    static Asn1Tag Application(int number) => new(TagClass.Application, number, isConstructed: true);

    enum Scope
    {
        WholeSubtree = 2,
    }

    enum Dereference
    {
        Never,
    }

    // Whatever number comes; those that mean something here have a name above.
    enum ResultCode
    {
        Success,
    }
}
