namespace MediaRelay.Media.Sdp;

/// <summary>How to reach the peer: ICE and DTLS, or a plain address.</summary>
/// <param name="IceUfrag">The peer's ice-ufrag; empty for plain RTP.</param>
/// <param name="IcePwd">The peer's ice-pwd; empty for plain RTP.</param>
/// <param name="IsIceLite">The peer only answers checks, so this end controls.</param>
/// <param name="CanTrickle">More candidates may follow.</param>
/// <param name="IsDtlsClient">This end starts the DTLS handshake.</param>
/// <param name="Candidates">Raw candidates in the description.</param>
/// <param name="HasAllCandidates">The description ends the list.</param>
public sealed record RemoteTransport(string IceUfrag, string IcePwd, bool IsIceLite, bool CanTrickle, bool IsDtlsClient,
    IReadOnlyList<string> Candidates, bool HasAllCandidates)
{
    /// <summary>Address of c= for plain RTP; null with ICE.</summary>
    public string? PlainAddress { get; init; }

    public int PlainPort { get; init; }

    /// <summary>Port of RTCP for plain RTP: a=rtcp, else the next port; the same port with rtcp-mux.</summary>
    public int PlainRtcpPort { get; init; }
}
