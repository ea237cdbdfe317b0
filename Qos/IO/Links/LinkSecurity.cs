using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using MediaRelay.Tls;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Qos.IO.Links;

/// <summary>
/// TLS of gate control links, either end. Both ends show a certificate; each must be signed by a named authority and name the address
/// that it is used from, so that address and identity belong together. Changed files hold for links made from then on.
/// </summary>
public sealed partial class LinkSecurity : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);
    private readonly LinkFiles _files;
    private readonly ILogger _logger;
    private readonly CertificateWatch _watch;
    private volatile Identity _identity = null!;

    private sealed record Identity(SslStreamCertificateContext Own, X509Certificate2Collection Authorities);

    /// <exception cref="FormatException">The files cannot be used; the message is a sentence for the operator.</exception>
    public LinkSecurity(LinkFiles files, TimeProvider clock, ILogger<LinkSecurity> logger)
    {
        (_files, _logger) = (files, logger);
        var log = new CertificateLog(leaf => LogReloaded(leaf.Subject, leaf.NotAfter.ToUniversalTime()), LogRefused, end => LogExpires(files.Certificate, end));
        _watch = new CertificateWatch([files.Certificate, files.Key, files.Authority], TakeOver, log, clock, Period);
    }

    /// <summary>What is wrong with the files as a sentence, or null.</summary>
    public static string? Check(LinkFiles files)
    {
        try
        {
            Load(files);
            return null;
        }
        catch (FormatException fault)
        {
            return fault.Message;
        }
    }

    public void Dispose() => _watch.Dispose();

    /// <summary>The listener's handshake. Throws AuthenticationException when the peer is not who may connect from its address.</summary>
    internal Task<SslStream> AcceptAsync(Socket socket, IPAddress peer, CancellationToken cancellation)
    {
        Identity identity = _identity;
        return HandshakeAsync(socket, (stream, stop) => stream.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                ServerCertificateContext = identity.Own, ClientCertificateRequired = true, AllowRenegotiation = false, AllowTlsResume = false,
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13, CertificateChainPolicy = Policy(identity),
                RemoteCertificateValidationCallback = (_, certificate, _, errors) => IsPeer(certificate, errors, peer),
            }, stop), cancellation);
    }

    /// <summary>The dialler's handshake. Throws AuthenticationException when another answers than the one at the address.</summary>
    internal Task<SslStream> DialAsync(Socket socket, IPAddress peer, CancellationToken cancellation)
    {
        Identity identity = _identity;
        return HandshakeAsync(socket, (stream, stop) => stream.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions
            {
                TargetHost = peer.ToString(), ClientCertificateContext = identity.Own, AllowRenegotiation = false, AllowTlsResume = false,
                EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13, CertificateChainPolicy = Policy(identity),
                RemoteCertificateValidationCallback = (_, certificate, _, errors) => IsPeer(certificate, errors, peer),
            }, stop), cancellation);
    }

    private static async Task<SslStream> HandshakeAsync(Socket socket, Func<SslStream, CancellationToken, Task> authenticate, CancellationToken cancellation)
    {
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: false), leaveInnerStreamOpen: false);
        try
        {
            await authenticate(stream, cancellation).ConfigureAwait(false);
            return stream;
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static X509ChainPolicy Policy(Identity identity)
    {
        // A private authority: revocation is done by changing the authority's file, there is no server to ask.
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        policy.CustomTrustStore.AddRange(identity.Authorities);
        return policy;
    }

    /// <summary>The chain was found good, and the certificate is that of the address; a name alone says nothing here.</summary>
    private static bool IsPeer(X509Certificate? certificate, SslPolicyErrors errors, IPAddress peer) =>
        (errors & ~SslPolicyErrors.RemoteCertificateNameMismatch) == 0 && certificate is X509Certificate2 known && known.MatchesHostname(peer.ToString(), allowWildcards: false, allowCommonName: false);

    private X509Certificate2 TakeOver() => (_identity = Load(_files)).Own.TargetCertificate;

    private static Identity Load(LinkFiles files)
    {
        string subject = $"TLS of gate control with certificate {files.Certificate}, key {files.Key} and authority {files.Authority}";
        CertificatePair pair = CertificatePair.Read(files.Certificate, files.Key, subject);
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPem(File.ReadAllText(files.Authority));
            if (authorities.Count == 0) throw new CryptographicException($"{files.Authority} holds no certificate");
            return new Identity(pair.Context, authorities);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new FormatException($"{subject} cannot be used: {fault.Message.TrimEnd('.')}.", fault);
        }
    }

    [LoggerMessage(3300, LogLevel.Information, "The gate control certificate of {Subject}, good until {End}, is in use for new links.")]
    private partial void LogReloaded(string subject, DateTime end);

    [LoggerMessage(3301, LogLevel.Error, "The changed certificate files are not taken over and the old ones stay in use: {Fault}")]
    private partial void LogRefused(string fault);

    [LoggerMessage(3302, LogLevel.Warning, "The gate control certificate in {File} ends at {End}. Replace the file; it is read again without a restart.")]
    private partial void LogExpires(string file, DateTime end);
}
