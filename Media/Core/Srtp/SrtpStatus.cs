namespace MediaRelay.Media.Srtp;

/// <summary>What became of a packet. Everything but <see cref="Ok"/> means: drop it; nothing in the context has changed.</summary>
public enum SrtpStatus
{
    Ok,

    /// <summary>Not an RTP or RTCP packet, or too short for its tag.</summary>
    Malformed,

    /// <summary>The tag does not fit: forged, damaged or of another key.</summary>
    AuthenticationFailed,

    /// <summary>Seen before, or older than the window of 128 packets.</summary>
    Replayed,

    /// <summary>A seventeenth source.</summary>
    TooManySources,

    /// <summary>The key has protected 2^48 RTP or 2^31 RTCP packets; a new handshake is due.</summary>
    KeyExhausted,

    /// <summary>The buffer has no room for the tag.</summary>
    NoRoom,
}
