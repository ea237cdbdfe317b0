namespace MediaRelay.Stun;

/// <summary>What stands at the start of a stream buffer.</summary>
public enum StunFrameKind
{
    /// <summary>More bytes are needed.</summary>
    Incomplete,

    Stun,
    ChannelData,

    /// <summary>Neither, or larger than allowed: close the connection, a stream cannot be resynchronised.</summary>
    Malformed,
}
