using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MediaRelay.Tls;

/// <summary>A certificate with its chain and private key, read from two PEM files.</summary>
/// <param name="Context">What a handshake shows.</param>
/// <param name="Pem">The certificate file's text.</param>
/// <param name="KeyPem">The key file's text.</param>
public sealed record CertificatePair(SslStreamCertificateContext Context, string Pem, string KeyPem)
{
    /// <summary>The certificate itself.</summary>
    public X509Certificate2 Leaf => Context.TargetCertificate;

    /// <summary>Reads the files.</summary>
    /// <exception cref="FormatException">They cannot be used; the message is a sentence that begins with <paramref name="subject"/>.</exception>
    public static CertificatePair Read(string certificateFile, string keyFile, string subject)
    {
        try
        {
            string pem = File.ReadAllText(certificateFile);
            string keyPem = File.ReadAllText(keyFile);
            using X509Certificate2 leaf = X509Certificate2.CreateFromPem(pem, keyPem);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(pem);
            chain.RemoveAt(0);
            X509Certificate2 usable = X509CertificateLoader.LoadPkcs12(leaf.Export(X509ContentType.Pkcs12), null);
            return new CertificatePair(SslStreamCertificateContext.Create(usable, chain, offline: true), pem, keyPem);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new FormatException($"{subject} cannot be used: {fault.Message.TrimEnd('.')}.", fault);
        }
    }
}
