namespace MediaRelay.Media.Rtp;

/// <summary>RTCP packet types (IANA registry "RTCP Control Packet Types").</summary>
public enum RtcpType : byte
{
    SenderReport = 200,
    ReceiverReport = 201,
    SourceDescription = 202,
    Bye = 203,
    Application = 204,
    TransportFeedback = 205,
    PayloadFeedback = 206,
    ExtendedReport = 207,
}
