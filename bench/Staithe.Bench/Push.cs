using System.Security.Cryptography;

namespace Staithe.Bench;

/// <summary>Pushes, as clients do them: POST for an upload, PATCH with the bytes, PUT with the digest.</summary>
internal static class Push
{
    /// <summary>Pushes one blob: a head, and behind it a filler again and again.</summary>
    public static void Blob(Connection connection, string repository, string digest, long size, byte[] filler, byte[] head)
    {
        var upload = Expect(connection.Ask(connection.Head("POST", $"/v2/{repository}/blobs/uploads/", contentLength: 0)), 202);
        connection.Send(connection.Head("PATCH", upload, size, "application/octet-stream"));
        connection.Send(head);
        for (long sent = head.Length; sent < size;)
        {
            var offset = (int)(sent % filler.Length);
            var piece = (int)Math.Min(filler.Length - offset, size - sent);
            connection.Send(filler.AsSpan(offset, piece));
            sent += piece;
        }
        upload = Expect(connection.Receive(), 202);
        var closing = $"{upload}{(upload.Contains('?', StringComparison.Ordinal) ? '&' : '?')}digest={digest}";
        Expect(connection.Ask(connection.Head("PUT", closing, contentLength: 0)), 201);
    }

    public static void Manifest(Connection connection, string target, string type, byte[] content)
    {
        connection.Send(connection.Head("PUT", target, content.Length, type));
        connection.Send(content);
        Expect(connection.Receive(), 201);
    }

    static string Expect(Answer answer, int status) =>
        answer.Status == status ? answer.Location ?? "" : throw new BenchException($"a push was answered with {answer.Status}, not {status}");
}

/// <summary>
/// Blobs that no server has seen yet: the same filler behind a head that counts. Their digests are computed before they are pushed, where
/// hashing takes long, so that it does not compete with the server.
/// </summary>
internal sealed class FreshBlobs
{
    const int FillerBytes = 1024 * 1024;
    static long made;
    static readonly byte[] Filler = MakeFiller();

    readonly long size;
    readonly Queue<(byte[] Head, string Digest)> ready = [];
    long pushed;

    public FreshBlobs(long size, int prepared)
    {
        this.size = size;
        for (var i = 0; i < prepared; i++)
            ready.Enqueue(Make());
    }

    /// <summary>How many bytes have been pushed.</summary>
    public long Pushed => Interlocked.Read(ref pushed);

    /// <summary>Pushes one; its size.</summary>
    public long PushOne(Connection connection) => PushOne(connection, "bench/push").Size;

    /// <summary>Pushes one to a repository.</summary>
    public (string Digest, long Size) PushOne(Connection connection, string repository)
    {
        (byte[] Head, string Digest) blob;
        bool found;
        lock (ready)
            found = ready.TryDequeue(out blob);
        if (!found)
            blob = Make();
        Push.Blob(connection, repository, blob.Digest, size, Filler, blob.Head);
        Interlocked.Add(ref pushed, size);
        return (blob.Digest, size);
    }

    (byte[] Head, string Digest) Make()
    {
        var head = BitConverter.GetBytes(Interlocked.Increment(ref made));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(head);
        for (long done = head.Length; done < size;)
        {
            var offset = (int)(done % FillerBytes);
            var piece = (int)Math.Min(FillerBytes - offset, size - done);
            hash.AppendData(Filler, offset, piece);
            done += piece;
        }
        return (head, "sha256:" + Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    static byte[] MakeFiller()
    {
        var bytes = new byte[FillerBytes];
        new Random(2).NextBytes(bytes);
        return bytes;
    }
}
