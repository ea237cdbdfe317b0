using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MediaRelay.Signaling.Contract;
using MediaRelay.Tls;

namespace MediaRelay.Signaling.IO.Authority;

/// <summary>
/// The operator's own certificate authority: one folder with its certificate, its key (mode 0600) and the list of revoked serial numbers.
/// Gateways get certificates with the URI <c>urn:mediarelay:gw:ID</c> and the client usage; servers get DNS names and the server usage.
/// </summary>
public sealed class OperatorAuthority : IDisposable
{
    private const string ClientUsage = "1.3.6.1.5.5.7.3.2";
    private const string ServerUsage = "1.3.6.1.5.5.7.3.1";
    private const string AlternativeNames = "2.5.29.17";

    private static readonly TimeSpan s_life = TimeSpan.FromDays(3650);
    private static readonly TimeSpan s_backdate = TimeSpan.FromMinutes(5);

    private readonly string _folder;
    private readonly X509Certificate2 _certificate;
    private readonly bool _hasKey;
    private volatile HashSet<string> _revoked = [];
    private readonly WatchedFiles _revokedFile;

    private OperatorAuthority(string folder, X509Certificate2 certificate)
    {
        _folder = folder;
        _certificate = certificate;
        _hasKey = certificate.HasPrivateKey;
        _revokedFile = new WatchedFiles(RevokedPath);
        _revokedFile.Take(ReadRevoked);
    }

    /// <summary>The authority's certificate, PEM.</summary>
    public string CertificatePem => _certificate.ExportCertificatePem();

    /// <summary>The authority's certificate.</summary>
    internal X509Certificate2 Certificate => _certificate;

    private string RevokedPath => Path.Combine(_folder, "revoked.txt");

    /// <summary>Makes a new authority in a folder.</summary>
    /// <exception cref="IOException">There is one already.</exception>
    public static OperatorAuthority Create(string folder, string name, DateTimeOffset utcNow)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, "ca.crt");
        if (File.Exists(path))
            throw new IOException($"{path} exists. An authority is made once; remove the folder only if no gateway trusts it.");
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName($"CN={Escape(name)}"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using X509Certificate2 certificate = request.CreateSelfSigned(utcNow - TimeSpan.FromDays(1), utcNow + s_life);
        PrivateFile.Write(Path.Combine(folder, "ca.key"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(path, certificate.ExportCertificatePem() + "\n");
        return Open(folder);
    }

    /// <summary>Opens an authority; without its key it can check certificates but not make them.</summary>
    /// <exception cref="IOException">There is none.</exception>
    public static OperatorAuthority Open(string folder)
    {
        string path = Path.Combine(folder, "ca.crt"), key = Path.Combine(folder, "ca.key");
        if (!File.Exists(path))
            throw new FileNotFoundException($"{path} does not exist. Make an authority with 'mediarelay ca init --server NAME' (--data is Node:DataFolder), or set Signaling:GatewayListen to \"\" to serve no gateways.");
        return new OperatorAuthority(folder, File.Exists(key) ? X509Certificate2.CreateFromPemFile(path, key) : X509CertificateLoader.LoadCertificateFromFile(path));
    }

    /// <summary>Makes a key and a certificate for a server with these DNS names or addresses.</summary>
    /// <exception cref="FormatException">A name is neither.</exception>
    public IssuedCertificate IssueServer(IReadOnlyList<string> names, TimeSpan life, DateTimeOffset utcNow)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName($"CN={Escape(names[0])}"), key, HashAlgorithmName.SHA256);
        var builder = new SubjectAlternativeNameBuilder();
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name, out IPAddress? address))
                builder.AddIpAddress(address);
            else if (Uri.CheckHostName(name) == UriHostNameType.Dns)
                builder.AddDnsName(name);
            else
                throw new FormatException($"\"{name}\" is neither a DNS name nor an address.");
        }

        return Sign(request, builder.Build(), ServerUsage, life, utcNow) with { KeyPem = key.ExportPkcs8PrivateKeyPem() };
    }

    /// <summary>Makes a key and a certificate for a gateway, when the gateway cannot make its own.</summary>
    public IssuedCertificate IssueGateway(string gateway, TimeSpan life, DateTimeOffset utcNow)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName($"CN={Escape(gateway)}"), key, HashAlgorithmName.SHA256);
        return Sign(request, GatewayNames(gateway), ClientUsage, life, utcNow) with { KeyPem = key.ExportPkcs8PrivateKeyPem() };
    }

    /// <summary>Signs a gateway's own request. Only its public key is taken; names and usages are ours. Null when the request is not acceptable.</summary>
    public IssuedCertificate? TrySignGateway(string gateway, string csrPem, TimeSpan life, DateTimeOffset utcNow, out string fault)
    {
        fault = "";
        CertificateRequest request;
        try
        {
            request = CertificateRequest.LoadSigningRequestPem(csrPem, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.Default, RSASignaturePadding.Pkcs1);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or FormatException)
        {
            fault = "The certificate request is not a valid PKCS 10 request in PEM.";
            return null;
        }

        if (!IsStrong(request.PublicKey))
        {
            fault = "The key of the certificate request is too weak. Use ECDSA P-256 or P-384, or RSA with at least 2048 bits.";
            return null;
        }

        var own = new CertificateRequest(new X500DistinguishedName($"CN={Escape(gateway)}"), request.PublicKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return Sign(own, GatewayNames(gateway), ClientUsage, life, utcNow);
    }

    /// <summary>Refuses a certificate from now on. Colons and what openssl writes in front of the number ("serial=", "0x") may stay.</summary>
    /// <exception cref="FormatException">It is no serial number: 1 to 20 octets in hexadecimal (RFC 5280 section 4.1.2.2).</exception>
    public void Revoke(string serial, DateTimeOffset utcNow)
    {
        string normal = serial.Replace(":", "", StringComparison.Ordinal).ToUpperInvariant();
        foreach (string front in (ReadOnlySpan<string>)["SERIAL=", "0X"])
            normal = normal.StartsWith(front, StringComparison.Ordinal) ? normal[front.Length..] : normal;
        if (normal.Length is 0 or > 40 || !normal.All(char.IsAsciiHexDigit))
            throw new FormatException($"\"{serial}\" is no serial number. Give its 1 to 40 hexadecimal digits, as 'openssl x509 -serial' shows them.");
        File.AppendAllText(RevokedPath, $"{normal} {SmaTime.Write(utcNow)}\n");
        _revokedFile.Take(ReadRevoked);
    }

    /// <summary>Reads the list of revoked serial numbers again when its file has changed; true when it has been read.</summary>
    /// <param name="refused">Hears why a changed list cannot be read; the old one then stays and the next call tries again.</param>
    public bool ReloadRevoked(Action<string> refused) => _revokedFile.Look(ReadRevoked, refused);

    /// <summary>True when the certificate's serial number was revoked.</summary>
    public bool IsRevoked(string serial) => _revoked.Contains(serial);

    /// <summary>The gateway's id in a certificate, null when it is not a gateway's.</summary>
    public static string? GatewayOf(X509Certificate2 certificate)
    {
        if (certificate.Extensions[AlternativeNames] is not { } extension)
            return null;
        try
        {
            AsnReader names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
            var uri = new Asn1Tag(TagClass.ContextSpecific, 6);
            while (names.HasData)
            {
                if (!names.PeekTag().HasSameClassAndValue(uri))
                {
                    names.ReadEncodedValue();
                    continue;
                }

                string text = names.ReadCharacterString(UniversalTagNumber.IA5String, uri);
                if (text.StartsWith(SmaContract.GatewayUriPrefix, StringComparison.Ordinal) && SmaContract.IsId(text.AsSpan(SmaContract.GatewayUriPrefix.Length)))
                    return text[SmaContract.GatewayUriPrefix.Length..];
            }
        }
        catch (AsnContentException)
        {
            // A certificate of our authority is well-formed; anything else is not a gateway's.
        }

        return null;
    }

    /// <summary>The rules for checking a gateway's certificate in the handshake.</summary>
    internal X509ChainPolicy ChainPolicy()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.Add(_certificate);
        policy.ApplicationPolicy.Add(new Oid(ClientUsage));
        return policy;
    }

    public void Dispose() => _certificate.Dispose();

    private void ReadRevoked()
    {
        try
        {
            _revoked = File.ReadLines(RevokedPath).Select(line => line.Split(' ')[0]).Where(serial => serial.Length > 0).ToHashSet(StringComparer.OrdinalIgnoreCase);
        }
        catch (FileNotFoundException)
        {
            // Nothing was revoked yet; a list that vanished later gives nobody the right back.
        }
    }

    private IssuedCertificate Sign(CertificateRequest request, X509Extension names, string usage, TimeSpan life, DateTimeOffset utcNow)
    {
        if (!_hasKey)
            throw new InvalidOperationException($"{Path.Combine(_folder, "ca.key")} is not there, so no certificate can be made.");
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        request.CertificateExtensions.Add(names);
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, true, false));
        byte[] serial = RandomNumberGenerator.GetBytes(16);
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40);
        // A clock that was set back since the authority was made must not keep a node from starting.
        DateTimeOffset start = Later(utcNow - s_backdate, _certificate.NotBefore);
        DateTimeOffset end = Later(utcNow, _certificate.NotBefore) + life;
        if (end > _certificate.NotAfter)
            end = _certificate.NotAfter;
        using X509Certificate2 certificate = request.Create(_certificate, start, end, serial);
        return new IssuedCertificate(certificate.ExportCertificatePem(), null, certificate.SerialNumber, certificate.NotAfter);
    }

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    private static X509Extension GatewayNames(string gateway)
    {
        var builder = new SubjectAlternativeNameBuilder();
        builder.AddUri(new Uri(SmaContract.GatewayUriPrefix + gateway));
        return builder.Build();
    }

    private static bool IsStrong(PublicKey key)
    {
        using ECDsa? curve = key.GetECDsaPublicKey();
        if (curve is not null)
            return curve.KeySize is 256 or 384;
        using RSA? rsa = key.GetRSAPublicKey();
        return rsa is { KeySize: >= 2048 and <= 8192 };
    }

    private static string Escape(string name) => "\"" + name.Replace("\"", "", StringComparison.Ordinal) + "\"";
}
