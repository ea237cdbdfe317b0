using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace MediaRelay.Dtls;

/// <summary>A certificate with its private key (ECDSA or RSA) and, for a public listener, the rest of its chain.</summary>
public sealed class DtlsCertificate
{
    private readonly byte[] _fingerprint;

    private DtlsCertificate(byte[] certificate, byte[] key, int keyType, IReadOnlyList<byte[]> chain)
    {
        Certificate = certificate;
        Key = key;
        KeyType = keyType;
        Chain = chain;
        _fingerprint = SHA256.HashData(certificate);
        FingerprintText = FormatFingerprint(_fingerprint);
    }

    internal byte[] Certificate { get; }

    internal byte[] Key { get; }

    internal int KeyType { get; }

    internal IReadOnlyList<byte[]> Chain { get; }

    /// <summary>The certificate in DER form.</summary>
    public ReadOnlyMemory<byte> Der => Certificate;

    /// <summary>SHA-256 of the DER form, 32 bytes.</summary>
    public ReadOnlySpan<byte> Fingerprint => _fingerprint;

    /// <summary>The fingerprint as SDP writes it after <c>sha-256 </c>: upper-case hex with colons (RFC 8122 section 5).</summary>
    public string FingerprintText { get; }

    /// <summary>A fresh ECDSA P-256 key with a self-signed certificate, valid from one day before <paramref name="utcNow"/>.</summary>
    public static DtlsCertificate CreateSelfSigned(DateTimeOffset utcNow, TimeSpan validity, string commonName = "WebRTC")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={commonName}", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(utcNow.AddDays(-1), utcNow + validity);
        return new DtlsCertificate(certificate.RawData, key.ExportECPrivateKey(), OpenSsl.KeyEc, []);
    }

    /// <summary>Reads PEM text: the first certificate is ours, the following ones are its chain. Throws <see cref="DtlsException"/> when key and certificate are unusable.</summary>
    public static DtlsCertificate FromPem(string certificatePem, string keyPem)
    {
        try
        {
            var all = new X509Certificate2Collection();
            all.ImportFromPem(certificatePem);
            if (all.Count == 0) throw new DtlsException("The PEM text holds no certificate.");
            using var pair = X509Certificate2.CreateFromPem(certificatePem, keyPem);
            return From(pair, [.. all.Skip(1).Select(c => c.RawData)]);
        }
        catch (CryptographicException e)
        {
            throw new DtlsException("The certificate and key cannot be read as a PEM pair.", e);
        }
    }

    /// <summary>Takes a certificate whose private key can be exported. Throws <see cref="DtlsException"/> otherwise.</summary>
    public static DtlsCertificate From(X509Certificate2 certificate, IReadOnlyList<byte[]>? chain = null)
    {
        try
        {
            using var ec = certificate.GetECDsaPrivateKey();
            if (ec is not null) return new DtlsCertificate(certificate.RawData, ec.ExportECPrivateKey(), OpenSsl.KeyEc, chain ?? []);
            using var rsa = certificate.GetRSAPrivateKey();
            if (rsa is not null) return new DtlsCertificate(certificate.RawData, rsa.ExportRSAPrivateKey(), OpenSsl.KeyRsa, chain ?? []);
        }
        catch (CryptographicException e)
        {
            throw new DtlsException("The private key cannot be exported.", e);
        }
        throw new DtlsException("The certificate has neither an ECDSA nor an RSA private key.");
    }

    /// <summary>Upper-case hex pairs with colons between them (RFC 8122 section 5).</summary>
    public static string FormatFingerprint(ReadOnlySpan<byte> digest) =>
        string.Create(Math.Max(0, digest.Length * 3 - 1), digest, static (text, bytes) =>
        {
            const string hex = "0123456789ABCDEF";
            for (var i = 0; i < bytes.Length; i++)
            {
                if (i > 0) text[i * 3 - 1] = ':';
                text[i * 3] = hex[bytes[i] >> 4];
                text[i * 3 + 1] = hex[bytes[i] & 15];
            }
        });
}
