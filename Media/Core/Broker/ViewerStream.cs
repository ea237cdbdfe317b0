namespace MediaRelay.Media.Broker;

/// <summary>The outgoing stream of one viewer, as negotiated.</summary>
/// <param name="Ssrc">Source of the stream.</param>
/// <param name="PayloadType">Number that the viewer expects.</param>
/// <param name="FirstSequence">From the random number generator.</param>
/// <param name="FirstTimestamp">From the random number generator.</param>
public sealed record ViewerStream(uint Ssrc, byte PayloadType, ushort FirstSequence, uint FirstTimestamp)
{
    /// <summary>Source of retransmissions; null repeats packets as they were (then the SRTP context allows repeats).</summary>
    public uint? RtxSsrc { get; init; }

    public byte RtxPayloadType { get; init; }

    /// <summary>Id of the mid header extension; 0 sends none.</summary>
    public int MidExtensionId { get; init; }

    /// <summary>Identification tag, up to 16 ASCII characters.</summary>
    public string Mid { get; init; } = "";
}
