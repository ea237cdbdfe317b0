using System.Net.Security;

namespace MediaRelay.Signaling.IO;

/// <summary>What TLS may use on every listener: TLS 1.3, and of TLS 1.2 only forward secrecy with authenticated encryption.</summary>
internal static class ListenerSecurity
{
    private static readonly TlsCipherSuite[] s_suites =
    [
        TlsCipherSuite.TLS_AES_128_GCM_SHA256, TlsCipherSuite.TLS_AES_256_GCM_SHA384, TlsCipherSuite.TLS_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TlsCipherSuite.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ];

    /// <summary>The suites; null where the platform does not let a program choose.</summary>
    public static CipherSuitesPolicy? Suites => OperatingSystem.IsLinux() ? new CipherSuitesPolicy(s_suites) : null;
}
