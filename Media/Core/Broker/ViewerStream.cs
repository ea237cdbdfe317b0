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

    /// <summary>
    /// Id of the transport-wide sequence number extension, 1-14; 0 sends none. The number itself is written by the shell when the packet
    /// leaves, at <see cref="TransportSequenceOffset"/> of the packet.
    /// </summary>
    public int TransportSequenceId { get; init; }

    /// <summary>Where the transport-wide number stands in packets that have one: behind the header, the extension's four bytes and the element's one.</summary>
    public const int TransportSequenceOffset = Rtp.RtpPacket.HeaderLength + 5;

    /// <summary>Id of the mid header extension; 0 sends none.</summary>
    public int MidExtensionId { get; init; }

    /// <summary>Identification tag, up to 16 ASCII characters.</summary>
    public string Mid { get; init; } = "";
}
