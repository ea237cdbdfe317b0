namespace MediaRelay.Media.Sdp;

/// <summary>A format that both ends know.</summary>
/// <param name="Codec">Name, clock and this end's parameters.</param>
/// <param name="SendPayloadType">Number in packets to the peer.</param>
/// <param name="ReceivePayloadType">Number in packets from the peer.</param>
/// <param name="SendRtx">Number of retransmissions to the peer; -1 without RTX.</param>
/// <param name="ReceiveRtx">Number of retransmissions from the peer; -1 without RTX.</param>
public sealed record NegotiatedCodec(RtpCodec Codec, int SendPayloadType, int ReceivePayloadType, int SendRtx = -1, int ReceiveRtx = -1)
{
    /// <summary>Parameters of the peer's line: what it can decode.</summary>
    public FormatParameters RemoteParameters { get; init; }

    /// <summary>Feedback that both ends listed.</summary>
    public IReadOnlyList<string> Feedback { get; init; } = [];

    public bool HasFeedback(string value) => Feedback.Contains(value, StringComparer.Ordinal);
}
