using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MediaRelay.IO.Tests.Turn;

/// <summary>A self-signed certificate with its key in two PEM files.</summary>
internal static class TestCertificate
{
    public static void Write(string name, string certificateFile, string keyFile)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.CreateSelfSigned(now.AddHours(-1), now.AddDays(90));
        File.WriteAllText(keyFile, key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(certificateFile, certificate.ExportCertificatePem());
    }
}
