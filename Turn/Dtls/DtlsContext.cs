using System.Runtime.InteropServices;
using System.Text;

namespace MediaRelay.Dtls;

/// <summary>
/// Certificate, key and rules shared by many DTLS 1.2 sessions, held in the system's OpenSSL 3. ECDHE with AES-GCM or ChaCha20 only,
/// no renegotiation, no tickets, no session cache. Sessions may run on several threads, each session on one at a time.
/// Throws <see cref="DtlsException"/> when OpenSSL does not take certificate, key or settings.
/// </summary>
public sealed unsafe class DtlsContext : IDisposable
{
    private const string Ciphers =
        "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:" +
        "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

    // The selection callback may run as long as a session lives, which can be longer than this object: the list is freed with neither.
    private readonly nint _protocols;

    public DtlsContext(DtlsCertificate certificate, DtlsContextSettings settings)
    {
        Certificate = certificate;
        Settings = settings;
        OpenSsl.ERR_clear_error();
        Handle = new SslContextHandle(OpenSsl.SSL_CTX_new(OpenSsl.DTLS_method()));
        OpenSsl.Require(!Handle.IsInvalid, "Creating a DTLS context");
        OpenSsl.Require(OpenSsl.SSL_CTX_ctrl(Handle, OpenSsl.CtrlMinimumVersion, OpenSsl.MinimumDtls12, 0) == 1, "Requiring DTLS 1.2");
        OpenSsl.SSL_CTX_set_options(Handle,
            OpenSsl.OptionNoQueryMtu | OpenSsl.OptionNoTicket | OpenSsl.OptionNoRenegotiation | OpenSsl.OptionCipherServerPreference);
        OpenSsl.SSL_CTX_ctrl(Handle, OpenSsl.CtrlSessionCacheMode, 0, 0);
        OpenSsl.SSL_CTX_ctrl(Handle, OpenSsl.CtrlSetMaxCertificateList, EarlyRecords.MostWithCertificate, 0); // It bounds every message, not only this one.
        OpenSsl.Require(OpenSsl.SSL_CTX_set_cipher_list(Handle, Ciphers) == 1, "Setting the cipher list");
        UseCertificate(certificate);
        if (settings.SrtpProfiles.Count > 0)
        {
            var profiles = string.Join(':', settings.SrtpProfiles.Select(NameOf));
            OpenSsl.Require(OpenSsl.SSL_CTX_set_tlsext_use_srtp(Handle, profiles) == 0, "Setting the SRTP profiles"); // 0 is success here.
        }
        if (settings.RequirePeerCertificate)
            OpenSsl.SSL_CTX_set_verify(Handle, OpenSsl.VerifyPeerAndRequireCertificate, &AcceptAnyChain);
        OpenSsl.SSL_CTX_set_cookie_verify_cb(Handle, &CookieWasVerified);
        OpenSsl.SSL_CTX_set_cookie_generate_cb(Handle, &NoCookieIsMadeHere);
        if (settings.ApplicationProtocols.Count > 0) _protocols = UseProtocols(settings.ApplicationProtocols);
    }

    public DtlsCertificate Certificate { get; }

    public DtlsContextSettings Settings { get; }

    internal SslContextHandle Handle { get; }

    public void Dispose() => Handle.Dispose();

    private void UseCertificate(DtlsCertificate certificate)
    {
        fixed (byte* der = certificate.Certificate)
            OpenSsl.Require(OpenSsl.SSL_CTX_use_certificate_ASN1(Handle, certificate.Certificate.Length, der) == 1, "Loading the certificate");
        fixed (byte* der = certificate.Key)
            OpenSsl.Require(OpenSsl.SSL_CTX_use_PrivateKey_ASN1(certificate.KeyType, Handle, der, certificate.Key.Length) == 1, "Loading the private key");
        OpenSsl.Require(OpenSsl.SSL_CTX_check_private_key(Handle) == 1, "Matching private key and certificate");
        foreach (var link in certificate.Chain)
        {
            fixed (byte* der = link)
            {
                var position = der;
                var parsed = OpenSsl.d2i_X509(0, &position, link.Length);
                OpenSsl.Require(parsed != 0, "Reading a certificate of the chain");
                OpenSsl.Require(OpenSsl.SSL_CTX_ctrl(Handle, OpenSsl.CtrlExtraChainCertificate, 0, parsed) == 1, "Adding a certificate of the chain");
            }
        }
    }

    private nint UseProtocols(IReadOnlyList<string> names)
    {
        var wire = new List<byte>();
        foreach (var name in names)
        {
            if (name.Length is < 1 or > 255) throw new DtlsException("An application protocol name has 1 to 255 bytes.");
            wire.Add((byte)name.Length);
            wire.AddRange(Encoding.ASCII.GetBytes(name));
        }
        // Layout: 32-bit length, then the list as ALPN writes it.
        var memory = (byte*)NativeMemory.Alloc((nuint)wire.Count + 4);
        *(int*)memory = wire.Count;
        CollectionsMarshal.AsSpan(wire).CopyTo(new Span<byte>(memory + 4, wire.Count));
        OpenSsl.Require(OpenSsl.SSL_CTX_set_alpn_protos(Handle, memory + 4, (uint)wire.Count) == 0, "Setting the ALPN list"); // 0 is success here.
        OpenSsl.SSL_CTX_set_alpn_select_cb(Handle, &SelectProtocol, (nint)memory);
        return (nint)memory;
    }

    private static string NameOf(DtlsSrtpProfile profile) => profile switch
    {
        DtlsSrtpProfile.AeadAes128Gcm => "SRTP_AEAD_AES_128_GCM",
        DtlsSrtpProfile.AesCm128HmacSha1Tag80 => "SRTP_AES128_CM_SHA1_80",
        _ => throw new DtlsException($"{profile} is not an SRTP profile that can be offered."),
    };

    // Certificates are self-signed in WebRTC; who the peer is is decided by the fingerprint, after the handshake.
    [UnmanagedCallersOnly]
    private static int AcceptAnyChain(int preverified, nint store) => 1;

    // Only sessions whose cookie DtlsCookieGate has verified use cookies at all.
    [UnmanagedCallersOnly]
    private static int CookieWasVerified(nint ssl, byte* cookie, uint length) => 1;

    [UnmanagedCallersOnly]
    private static int NoCookieIsMadeHere(nint ssl, byte* cookie, uint* length) => 0;

    [UnmanagedCallersOnly]
    private static int SelectProtocol(nint ssl, byte** chosen, byte* chosenLength, byte* offered, uint offeredLength, nint ours)
    {
        const int negotiated = 1, ok = 0, noAcknowledgement = 3;
        var list = (byte*)ours;
        byte* found;
        if (OpenSsl.SSL_select_next_proto(&found, chosenLength, list + 4, (uint)*(int*)list, offered, offeredLength) != negotiated) return noAcknowledgement;
        *chosen = found;
        return ok;
    }
}
