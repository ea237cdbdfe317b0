namespace MediaRelay.Media.Srtp;

/// <summary>Protection profiles by their DTLS-SRTP number (RFC 5764 section 4.1.2, RFC 7714 section 14.2).</summary>
public enum SrtpProfile
{
    /// <summary>AES-CM-128 with HMAC-SHA1-80.</summary>
    Aes128CmSha1Tag80 = 0x0001,

    /// <summary>AES-CM-128 with HMAC-SHA1-32 for RTP, read only where a telephone insists.</summary>
    Aes128CmSha1Tag32 = 0x0002,
    AeadAes128Gcm = 0x0007,
    AeadAes256Gcm = 0x0008,
}
