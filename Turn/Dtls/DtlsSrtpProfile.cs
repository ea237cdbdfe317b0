namespace MediaRelay.Dtls;

/// <summary>SRTP protection profiles of the use_srtp extension (RFC 5764 section 4.1.2, RFC 7714 section 14.2).</summary>
public enum DtlsSrtpProfile : ushort
{
    None = 0,
    AesCm128HmacSha1Tag80 = 0x0001,
    AeadAes128Gcm = 0x0007,
}
