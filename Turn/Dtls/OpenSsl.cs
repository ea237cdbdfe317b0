using System.Runtime.InteropServices;
using System.Text;

namespace MediaRelay.Dtls;

/// <summary>The functions of the system's OpenSSL 3 that DTLS needs. Many documented names are C macros over the "ctrl" functions.</summary>
internal static unsafe partial class OpenSsl
{
    private const string Ssl = "libssl.so.3";
    private const string Crypto = "libcrypto.so.3";

    internal const int MinimumDtls12 = 0xFEFD;
    internal const int CtrlSetMtu = 17;
    internal const int CtrlExtraChainCertificate = 14;
    internal const int CtrlSessionCacheMode = 44;
    internal const int CtrlSetMaxCertificateList = 51;
    internal const int CtrlGetTimeout = 73;
    internal const int CtrlHandleTimeout = 74;
    internal const int CtrlMinimumVersion = 123;
    internal const int BioReset = 1;
    internal const int BioPending = 10;

    internal const ulong OptionNoQueryMtu = 1UL << 12;
    internal const ulong OptionNoTicket = 1UL << 14;
    internal const ulong OptionCipherServerPreference = 1UL << 22;
    internal const ulong OptionNoRenegotiation = 1UL << 30;

    /// <summary>OSSL_HANDSHAKE_STATE, TLS_ST_SR_CHANGE: the client's ChangeCipherSpec was read, so records of epoch 1 are decrypted at once. Later releases number it otherwise; then the bound on early records holds a little longer, which a handshake does not notice.</summary>
    internal const int StateServerReadChange = 31;

    internal const int ErrorSsl = 1;
    internal const int ErrorWantRead = 2;
    internal const int ErrorWantWrite = 3;
    internal const int ErrorSyscall = 5;
    internal const int ErrorZeroReturn = 6;

    internal const int KeyRsa = 6;
    internal const int KeyEc = 408;

    internal const int VerifyPeerAndRequireCertificate = 3;

    [LibraryImport(Ssl)] internal static partial nint DTLS_method();
    [LibraryImport(Ssl)] internal static partial nint SSL_CTX_new(nint method);
    [LibraryImport(Ssl)] internal static partial void SSL_CTX_free(nint context);
    [LibraryImport(Ssl)] internal static partial nint SSL_CTX_ctrl(SslContextHandle context, int command, nint number, nint pointer);
    [LibraryImport(Ssl)] internal static partial ulong SSL_CTX_set_options(SslContextHandle context, ulong options);
    [LibraryImport(Ssl)] internal static partial int SSL_CTX_use_certificate_ASN1(SslContextHandle context, int length, byte* der);
    [LibraryImport(Ssl)] internal static partial int SSL_CTX_use_PrivateKey_ASN1(int keyType, SslContextHandle context, byte* der, nint length);
    [LibraryImport(Ssl)] internal static partial int SSL_CTX_check_private_key(SslContextHandle context);
    [LibraryImport(Ssl, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SSL_CTX_set_cipher_list(SslContextHandle context, string list);
    [LibraryImport(Ssl, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int SSL_CTX_set_tlsext_use_srtp(SslContextHandle context, string profiles);
    [LibraryImport(Ssl)] internal static partial void SSL_CTX_set_verify(SslContextHandle context, int mode, delegate* unmanaged<int, nint, int> callback);
    [LibraryImport(Ssl)] internal static partial void SSL_CTX_set_cookie_verify_cb(SslContextHandle context, delegate* unmanaged<nint, byte*, uint, int> callback);
    [LibraryImport(Ssl)] internal static partial void SSL_CTX_set_cookie_generate_cb(SslContextHandle context, delegate* unmanaged<nint, byte*, uint*, int> callback);
    [LibraryImport(Ssl)] internal static partial int SSL_CTX_set_alpn_protos(SslContextHandle context, byte* protocols, uint length);
    [LibraryImport(Ssl)]
    internal static partial void SSL_CTX_set_alpn_select_cb(SslContextHandle context,
        delegate* unmanaged<nint, byte**, byte*, byte*, uint, nint, int> callback, nint argument);
    [LibraryImport(Ssl)]
    internal static partial int SSL_select_next_proto(byte** chosen, byte* chosenLength, byte* server, uint serverLength, byte* client, uint clientLength);

    [LibraryImport(Ssl)] internal static partial nint SSL_new(SslContextHandle context);
    [LibraryImport(Ssl)] internal static partial int SSL_get_state(SslHandle ssl);
    [LibraryImport(Ssl)] internal static partial void SSL_free(nint ssl);
    [LibraryImport(Ssl)] internal static partial void SSL_set_bio(SslHandle ssl, nint read, nint write);
    [LibraryImport(Ssl)] internal static partial void SSL_set_accept_state(SslHandle ssl);
    [LibraryImport(Ssl)] internal static partial void SSL_set_connect_state(SslHandle ssl);
    [LibraryImport(Ssl)] internal static partial int SSL_do_handshake(SslHandle ssl);
    [LibraryImport(Ssl)] internal static partial int SSL_get_error(SslHandle ssl, int result);
    [LibraryImport(Ssl)] internal static partial int SSL_read(SslHandle ssl, byte* buffer, int length);
    [LibraryImport(Ssl)] internal static partial int SSL_write(SslHandle ssl, byte* buffer, int length);
    [LibraryImport(Ssl)] internal static partial int SSL_shutdown(SslHandle ssl);
    [LibraryImport(Ssl)] internal static partial nint SSL_ctrl(SslHandle ssl, int command, nint number, void* pointer);
    [LibraryImport(Ssl)] internal static partial nint SSL_get1_peer_certificate(SslHandle ssl);
    [LibraryImport(Ssl)] internal static partial nint* SSL_get_selected_srtp_profile(SslHandle ssl);
    [LibraryImport(Ssl)] internal static partial void SSL_get0_alpn_selected(SslHandle ssl, byte** protocol, uint* length);
    [LibraryImport(Ssl)]
    internal static partial int SSL_export_keying_material(SslHandle ssl, byte* output, nuint length, byte* label, nuint labelLength,
        byte* context, nuint contextLength, int useContext);
    [LibraryImport(Ssl)] internal static partial nint SSL_get_current_cipher(SslHandle ssl);
    [LibraryImport(Ssl)] internal static partial nint SSL_CIPHER_get_name(nint cipher);
    [LibraryImport(Ssl)] internal static partial void DTLS_set_timer_cb(SslHandle ssl, delegate* unmanaged<nint, uint, uint> callback);
    [LibraryImport(Ssl)] internal static partial int DTLSv1_listen(SslHandle ssl, nint client);

    [LibraryImport(Crypto)] internal static partial nint BIO_ADDR_new();
    [LibraryImport(Crypto)] internal static partial void BIO_ADDR_free(nint address);
    [LibraryImport(Crypto)] internal static partial nint BIO_s_mem();
    [LibraryImport(Crypto)] internal static partial nint BIO_new(nint method);
    [LibraryImport(Crypto)] internal static partial int BIO_read(nint bio, byte* buffer, int length);
    [LibraryImport(Crypto)] internal static partial int BIO_write(nint bio, byte* buffer, int length);
    [LibraryImport(Crypto)] internal static partial nint BIO_ctrl(nint bio, int command, nint number, nint pointer);
    [LibraryImport(Crypto)] internal static partial void ERR_clear_error();
    [LibraryImport(Crypto)] internal static partial nuint ERR_get_error();
    [LibraryImport(Crypto)] internal static partial void ERR_error_string_n(nuint error, byte* buffer, nuint length);
    [LibraryImport(Crypto)] internal static partial int i2d_X509(nint certificate, byte** output);
    [LibraryImport(Crypto)] internal static partial nint d2i_X509(nint reuse, byte** der, nint length);
    [LibraryImport(Crypto)] internal static partial void X509_free(nint certificate);

    /// <summary>Empties this thread's error queue into one sentence.</summary>
    internal static string TakeErrors()
    {
        var text = new StringBuilder();
        var buffer = stackalloc byte[256];
        nuint error;
        while ((error = ERR_get_error()) != 0)
        {
            ERR_error_string_n(error, buffer, 256);
            if (text.Length > 0) text.Append("; ");
            text.Append(Marshal.PtrToStringUTF8((nint)buffer));
        }
        return text.Length == 0 ? "no reason given by OpenSSL" : text.ToString();
    }

    internal static void Require(bool success, string what)
    {
        if (!success) throw new DtlsException($"{what} failed: {TakeErrors()}.");
    }
}
