using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MediaRelay.System.Tests.Turn;

/// <summary>The home network with one relay that has every transport switched on and default peer policy, shared by the tests of a class.</summary>
public sealed class RelayFixture : IDisposable
{
    public const string User = "alice";
    public const string Password = "wonderland";

    private readonly string _folder = Directory.CreateTempSubdirectory("mediarelay-turn").FullName;
    private readonly NamespaceProcess _peer;

    public RelayFixture()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=relay.test", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(global::System.Net.IPAddress.Parse(HomeNetwork.RelayAddress));
        names.AddIpAddress(global::System.Net.IPAddress.Parse(HomeNetwork.SecondAddress));
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(90));
        File.WriteAllText(CertificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(KeyFile, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(OpenSslConfiguration, "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nMinProtocol = DTLSv1.2\n");
        Process = NamespaceProcess.StartRelay(Network.Relay, [
            "--listen", $"{HomeNetwork.RelayAddress}:3478", "--listen", $"[{HomeNetwork.RelayV6}]:3478",
            "--tls-listen", $"{HomeNetwork.RelayAddress}:5349", "--dtls-listen", $"{HomeNetwork.RelayAddress}:5349", "--cert", CertificateFile, "--key", KeyFile,
            "--realm", "relay.test", "--user", $"{User}:{Password}", "--user-quota", "0", "--max-bps", "0", "--workers", "2", "--tcp-relay",
            "--rfc5780-address", $"{HomeNetwork.RelayAddress}:3480", "--rfc5780-address", $"{HomeNetwork.SecondAddress}:3481",
            "--metrics", "127.0.0.1:9464"]);
        _peer = new NamespaceProcess(Network.Peer, "turnutils_peer", "-L", HomeNetwork.PeerAddress, "-L", HomeNetwork.PeerV6, "-p", "3480");
    }

    internal HomeNetwork Network { get; } = new();

    internal NamespaceProcess Process { get; }

    public string CertificateFile => Path.Combine(_folder, "c.pem");

    public string KeyFile => Path.Combine(_folder, "k.pem");

    /// <summary>Keeps coturn's client from its random choice of protocol versions that nobody should speak.</summary>
    public string OpenSslConfiguration => Path.Combine(_folder, "openssl.cnf");

    public void Dispose()
    {
        _peer.Dispose();
        Process.Dispose();
        Network.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
