using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Turn.IO.Streams;

/// <summary>
/// The listener's certificate, read again when its files change; connections made before keep theirs. A faulty pair of files is
/// told and the old one stays. Warns 30, 7 and 1 days before the end.
/// </summary>
internal sealed partial class CertificateSource : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private static readonly int[] WarningDays = [1, 7, 30];

    private readonly string _certificateFile;
    private readonly string _keyFile;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Timer _timer;
    private (DateTime Certificate, DateTime Key) _seen;
    private int _warned = int.MaxValue;

    /// <exception cref="FormatException">The files cannot be used; the message is a sentence for the operator.</exception>
    public CertificateSource(string certificateFile, string keyFile, TimeProvider time, ILogger logger)
    {
        _certificateFile = certificateFile;
        _keyFile = keyFile;
        _time = time;
        _logger = logger;
        _seen = Times();
        (Current, Pem, KeyPem) = Load();
        WarnOfEnd();
        _timer = new Timer(_ => Look(), null, Period, Period);
    }

    /// <summary>What a TLS handshake that starts now uses.</summary>
    public SslServerAuthenticationOptions Current { get; private set; }

    /// <summary>The certificate and its chain as PEM, for DTLS.</summary>
    public string Pem { get; private set; }

    public string KeyPem { get; private set; }

    /// <summary>Raised after a new certificate was taken over.</summary>
    public event Action? Changed;

    public void Dispose() => _timer.Dispose();

    private (SslServerAuthenticationOptions Options, string Pem, string KeyPem) Load()
    {
        try
        {
            var pem = File.ReadAllText(_certificateFile);
            var keyPem = File.ReadAllText(_keyFile);
            using var leaf = X509Certificate2.CreateFromPem(pem, keyPem);
            var chain = new X509Certificate2Collection();
            chain.ImportFromPem(pem);
            chain.RemoveAt(0);
            var usable = X509CertificateLoader.LoadPkcs12(leaf.Export(X509ContentType.Pkcs12), null);
            var options = new SslServerAuthenticationOptions
            {
                ServerCertificateContext = SslStreamCertificateContext.Create(usable, chain, offline: true),
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                ApplicationProtocols = [new SslApplicationProtocol("stun.turn"), new SslApplicationProtocol("stun.nat-discovery")],
                AllowRenegotiation = false,
                ClientCertificateRequired = false,
            };
            return (options, pem, keyPem);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new FormatException($"Turn:Certificate {_certificateFile} and Turn:CertificateKey {_keyFile} cannot be used: {exception.Message.TrimEnd('.')}.", exception);
        }
    }

    private void Look()
    {
        var times = Times();
        if (times == _seen)
        {
            WarnOfEnd();
            return;
        }

        _seen = times;
        try
        {
            (Current, Pem, KeyPem) = Load();
            _warned = int.MaxValue;
            LogReloaded(Leaf.Subject, Leaf.NotAfter.ToUniversalTime());
            Changed?.Invoke();
        }
        catch (FormatException exception)
        {
            LogRefused(exception.Message);
        }
    }

    private X509Certificate2 Leaf => Current.ServerCertificateContext!.TargetCertificate;

    private void WarnOfEnd()
    {
        var left = Leaf.NotAfter.ToUniversalTime() - _time.GetUtcNow();
        foreach (var days in WarningDays.Where(days => left.TotalDays <= days && days < _warned))
        {
            _warned = days;
            LogExpires(_certificateFile, Leaf.NotAfter.ToUniversalTime());
            return;
        }
    }

    private (DateTime Certificate, DateTime Key) Times() => (File.GetLastWriteTimeUtc(_certificateFile), File.GetLastWriteTimeUtc(_keyFile));

    [LoggerMessage(1030, LogLevel.Information, "The certificate of {Subject}, good until {End:yyyy-MM-dd HH:mm} UTC, is in use from now on.", EventName = "CertificateReloaded")]
    private partial void LogReloaded(string subject, DateTime end);

    [LoggerMessage(1031, LogLevel.Error, "The changed certificate is not taken over: {Reason} The old one stays in use.", EventName = "CertificateRefused")]
    private partial void LogRefused(string reason);

    [LoggerMessage(1032, LogLevel.Warning, "The certificate in {File} ends at {End:yyyy-MM-dd HH:mm} UTC. Replace the file; it is read again without a restart.", EventName = "CertificateEnds")]
    private partial void LogExpires(string file, DateTime end);
}
