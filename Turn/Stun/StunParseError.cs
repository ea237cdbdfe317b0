namespace MediaRelay.Stun;

/// <summary>Why bytes are not a STUN message. Metrics count by this reason.</summary>
public enum StunParseError
{
    None = 0,

    /// <summary>Fewer than the 20 bytes of a header.</summary>
    TooShort,

    /// <summary>The two most significant bits are not zero: RTP, DTLS or ChannelData.</summary>
    NotStun,

    /// <summary>No magic cookie: an RFC 3489 client, or something else.</summary>
    BadCookie,

    /// <summary>The length field is not a multiple of 4.</summary>
    LengthNotMultipleOfFour,

    /// <summary>The length field and the number of bytes received differ.</summary>
    LengthMismatch,

    /// <summary>An attribute reaches beyond the message.</summary>
    AttributeOverrun,

    /// <summary>More than <see cref="StunLimits.MaxAttributes"/> attributes.</summary>
    TooManyAttributes,

    /// <summary>FINGERPRINT is not the last attribute, or its value has not 4 bytes.</summary>
    BadFingerprintPlace,
}
