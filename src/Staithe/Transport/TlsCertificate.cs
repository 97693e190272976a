using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Staithe.Transport;

/// <summary>
/// The certificate that connections are encrypted with, as it is in its files now: whoever renews it need not restart the server. Files that
/// cannot be used, perhaps because they are being written, leave the one before in place.
/// </summary>
internal sealed class TlsCertificate
{
    static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(5);

    readonly string certificateFile;
    readonly string keyFile;
    readonly Action<Exception> failed;
    readonly TimeProvider clock;
    readonly Lock reading = new();
    SslStreamCertificateContext current;
    (DateTime Certificate, DateTime Key) written;
    long lookedAt;

    /// <param name="certificateFile">The certificate and those above it, PEM.</param>
    /// <param name="keyFile">Its private key, PEM.</param>
    /// <param name="failed">Told when changed files cannot be used.</param>
    /// <param name="clock">Tells when to look again.</param>
    /// <exception cref="CryptographicException">They cannot be used now.</exception>
    public TlsCertificate(string certificateFile, string keyFile, Action<Exception> failed, TimeProvider clock)
    {
        (this.certificateFile, this.keyFile, this.failed, this.clock) = (certificateFile, keyFile, failed, clock);
        lookedAt = clock.GetTimestamp();
        written = WrittenAt();
        current = Read();
    }

    /// <summary>The one for a connection that begins now.</summary>
    public SslStreamCertificateContext Current
    {
        get
        {
            if (clock.GetElapsedTime(Volatile.Read(ref lookedAt)) >= LookEvery)
                Look();
            return Volatile.Read(ref current);
        }
    }

    void Look()
    {
        lock (reading)
        {
            Volatile.Write(ref lookedAt, clock.GetTimestamp());
            try
            {
                if (WrittenAt() is var now && now != written)
                {
                    Volatile.Write(ref current, Read());
                    written = now;
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
            {
                failed(e);
            }
        }
    }

    (DateTime Certificate, DateTime Key) WrittenAt() => (File.GetLastWriteTimeUtc(certificateFile), File.GetLastWriteTimeUtc(keyFile));

    SslStreamCertificateContext Read()
    {
        var leaf = X509Certificate2.CreateFromPemFile(certificateFile, keyFile);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPemFile(certificateFile);
        return SslStreamCertificateContext.Create(leaf, chain, offline: true);
    }
}
