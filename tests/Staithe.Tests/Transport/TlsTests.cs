using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Staithe.Tests.Harness;
using Staithe.Transport;

namespace Staithe.Tests.Transport;

public sealed class TlsTests
{
    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Blobs_and_manifests_go_both_ways_encrypted(string version)
    {
        using var directory = new TempDirectory();
        Write(directory, "staithe");
        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => config with { TlsCertificate = directory["certificate"], TlsKey = directory["key"] });
        registry.Http.DefaultRequestVersion = Version.Parse(version);
        registry.Http.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        Assert.Equal("https", registry.Url.Scheme);

        var content = new byte[3_000_000];
        new Random(1).NextBytes(content);
        var digest = await registry.PushBlobAsync("tls/blob", content);
        foreach (var (from, to) in new (int?, int?)[] { (null, null), (1_000_000, 2_999_999) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"/v2/tls/blob/blobs/{digest}") { Version = Version.Parse(version), VersionPolicy = HttpVersionPolicy.RequestVersionExact };
            if (from is not null)
                request.Headers.Range = new(from, to);
            using var response = await registry.Http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(Version.Parse(version), response.Version);
            Assert.Equal("max-age=31536000", response.Header("Strict-Transport-Security"));
            Assert.Equal(content[(from ?? 0)..((to ?? content.Length - 1) + 1)], await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        }
        using var pushed = await registry.PutManifestAsync("tls/blob", "1", RegistryClient.Index([]), RegistryClient.OciIndex);
        using var pulled = await registry.GetAsync("/v2/tls/blob/manifests/1");
        await pulled.ExpectAsync(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_renewed_certificate_is_used_and_a_broken_one_is_not()
    {
        using var directory = new TempDirectory();
        Write(directory, "first");
        var (clock, failures) = (new Clock(), new List<Exception>());
        var certificate = new TlsCertificate(directory["certificate"], directory["key"], failures.Add, clock);
        Assert.Equal("CN=first", await SubjectAsync(certificate));

        Write(directory, "second", later: 1);
        Assert.Equal("CN=first", await SubjectAsync(certificate)); // nobody looks at files for each connection
        clock.Now += TimeSpan.FromSeconds(10);
        Assert.Equal("CN=second", await SubjectAsync(certificate));

        await File.WriteAllTextAsync(directory["certificate"], "half of a", TestContext.Current.CancellationToken);
        clock.Now += TimeSpan.FromSeconds(10);
        Assert.Equal("CN=second", await SubjectAsync(certificate));
        Assert.Single(failures);

        Write(directory, "third", later: 2);
        clock.Now += TimeSpan.FromSeconds(10);
        Assert.Equal("CN=third", await SubjectAsync(certificate));
    }

    [Theory]
    [InlineData(true, "Bearer realm=\"https://registry.example/v2/auth\",service=\"registry.example\"")]
    [InlineData(false, "Bearer realm=\"http://127.0.0.1:")]
    public async Task Only_a_proxy_that_was_named_says_where_a_request_was_sent_to(bool named, string challenge)
    {
        await using var registry = await Registry.StartAsync(Engine.Sqlite, config => config with { Open = false, Proxies = named ? [IPNetwork.Parse("127.0.0.0/8")] : [] });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v2/");
        request.Headers.Add("X-Forwarded-Proto", "https");
        request.Headers.Add("X-Forwarded-Host", "registry.example");
        request.Headers.Add("X-Forwarded-For", "10.1.2.3");
        using var response = await registry.Http.SendAsync(request, TestContext.Current.CancellationToken);
        await response.ExpectAsync(HttpStatusCode.Unauthorized);
        Assert.StartsWith(challenge, response.Header("WWW-Authenticate"), StringComparison.Ordinal);
    }

    // What a client sees of it in a handshake.
    static async Task<string> SubjectAsync(TlsCertificate certificate)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        var connecting = client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, TestContext.Current.CancellationToken);
        using var accepted = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        await connecting;
        await using var server = new SslStream(accepted.GetStream());
        await using var seen = new SslStream(client.GetStream());
        await Task.WhenAll(
            server.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = certificate.Current }, TestContext.Current.CancellationToken),
            seen.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null }, TestContext.Current.CancellationToken));
        return seen.RemoteCertificate!.Subject;
    }

    internal static void Write(TempDirectory directory, string name, int later = 0)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        File.WriteAllText(directory["certificate"], certificate.ExportCertificatePem());
        File.WriteAllText(directory["key"], key.ExportPkcs8PrivateKeyPem());
        File.SetLastWriteTimeUtc(directory["certificate"], now.UtcDateTime.AddMinutes(later));
    }
}
