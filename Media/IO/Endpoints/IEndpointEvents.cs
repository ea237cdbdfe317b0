using MediaRelay.Media.Ice;

namespace MediaRelay.Media.IO.Endpoints;

/// <summary>What a transport tells its endpoint, on the loop.</summary>
internal interface IEndpointEvents
{
    void HandleCandidate(Candidate candidate);

    void HandleGatheringCompleted();

    void HandleTransportState(MediaEndpointState state, string? reason);

    /// <summary>A TURN server over TCP or TLS cannot be used, or no longer; other paths go on.</summary>
    void HandleRelayFault(IceServer server, string reason);

    /// <summary>An authenticated RTP packet; good during the call only.</summary>
    void HandleRtp(ReadOnlySpan<byte> packet, TimeSpan now);

    /// <summary>An authenticated compound RTCP packet; good during the call only.</summary>
    void HandleRtcp(ReadOnlySpan<byte> packet, TimeSpan now);
}
