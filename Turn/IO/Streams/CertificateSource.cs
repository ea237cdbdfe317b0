using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using MediaRelay.Tls;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Turn.IO.Streams;

/// <summary>
/// The listener's certificate, read again when its files change; connections made before keep theirs. A faulty pair of files is
/// told and the old one stays. Warns 30, 7 and 1 days before the end.
/// </summary>
internal sealed partial class CertificateSource : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly string _certificateFile;
    private readonly string _keyFile;
    private readonly ILogger _logger;
    private readonly CertificateWatch _watch;
    private CertificatePair _pair = null!;

    /// <exception cref="FormatException">The files cannot be used; the message is a sentence for the operator.</exception>
    public CertificateSource(string certificateFile, string keyFile, TimeProvider time, ILogger logger)
    {
        (_certificateFile, _keyFile, _logger) = (certificateFile, keyFile, logger);
        _watch = new CertificateWatch([certificateFile, keyFile], Read, new CertificateLog(OnTaken, LogRefused, end => LogExpires(certificateFile, end)), time, Period);
    }

    /// <summary>What a TLS handshake that starts now uses.</summary>
    public SslServerAuthenticationOptions Current { get; private set; } = null!;

    /// <summary>The certificate and its chain as PEM, for DTLS.</summary>
    public string Pem => _pair.Pem;

    public string KeyPem => _pair.KeyPem;

    /// <summary>Raised after a new certificate was taken over.</summary>
    public event Action? Changed;

    /// <summary>The two files as they are now.</summary>
    /// <exception cref="FormatException">They cannot be used; the message is a sentence for the operator.</exception>
    public static CertificatePair Read(string certificateFile, string keyFile) =>
        CertificatePair.Read(certificateFile, keyFile, $"Turn:Certificate {certificateFile} and Turn:CertificateKey {keyFile}");

    public void Dispose() => _watch.Dispose();

    private X509Certificate2 Read()
    {
        _pair = Read(_certificateFile, _keyFile);
        Current = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = _pair.Context,
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            CipherSuitesPolicy = TlsSuites.Strong,
            ApplicationProtocols = [new SslApplicationProtocol("stun.turn"), new SslApplicationProtocol("stun.nat-discovery")],
            AllowRenegotiation = false,
            ClientCertificateRequired = false,
        };
        return _pair.Leaf;
    }

    private void OnTaken(X509Certificate2 leaf)
    {
        LogReloaded(leaf.Subject, leaf.NotAfter.ToUniversalTime());
        Changed?.Invoke();
    }

    [LoggerMessage(1030, LogLevel.Information, "The certificate of {Subject}, good until {End:yyyy-MM-dd HH:mm} UTC, is in use from now on.", EventName = "CertificateReloaded")]
    private partial void LogReloaded(string subject, DateTime end);

    [LoggerMessage(1031, LogLevel.Error, "The changed certificate is not taken over: {Reason} The old one stays in use.", EventName = "CertificateRefused")]
    private partial void LogRefused(string reason);

    [LoggerMessage(1032, LogLevel.Warning, "The certificate in {File} ends at {End:yyyy-MM-dd HH:mm} UTC. Replace the file; it is read again without a restart.", EventName = "CertificateEnds")]
    private partial void LogExpires(string file, DateTime end);
}
