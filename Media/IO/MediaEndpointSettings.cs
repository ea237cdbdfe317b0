using MediaRelay.Media.Ice;
using MediaRelay.Media.IO.Cameras;

namespace MediaRelay.Media.IO;

/// <summary>What one endpoint sends and receives, and how it may reach its peer.</summary>
public sealed record MediaEndpointSettings
{
    /// <summary>What logs and statistics call the endpoint, e.g. the media session's id.</summary>
    public string Name { get; init; } = "endpoint";

    /// <summary>The camera that is sent; null sends nothing.</summary>
    public MediaSource? Source { get; init; }

    /// <summary>Whether the peer's sound is wanted: its level is measured and it goes to <see cref="TalkBack"/>.</summary>
    public bool ReceiveAudio { get; init; }

    /// <summary>Where the peer's sound goes; null means the source's own back-channel, when it has one.</summary>
    public ITalkBack? TalkBack { get; init; }

    /// <summary>Whether the peer's picture and sound become <see cref="MediaEndpoint.Received"/>, a source for other endpoints.</summary>
    public bool Publish { get; init; }

    /// <summary>STUN and TURN servers, best first.</summary>
    public IReadOnlyList<EndpointIceServer> IceServers { get; init; } = [];

    /// <summary>Only relayed candidates are told and used; the option <c>Media:RelayOnly</c> has the same effect for all endpoints.</summary>
    public bool RelayOnly { get; init; }

    /// <summary>Which addresses of the peer may be checked; null means public and private ones, and loopback when <c>Media:UseLoopback</c> is on.</summary>
    public CheckTargets? Targets { get; init; }

    /// <summary>Lite for a server with public addresses, full otherwise.</summary>
    public IceMode IceMode { get; init; } = IceMode.Full;

    /// <summary>How long creating a description waits for a source that is still connecting.</summary>
    public TimeSpan SourceTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Whether this end starts the DTLS handshake when the peer leaves the choice. Off by default: as the server it chooses the SRTP profile,
    /// which is AES-GCM; on saves half a round trip.
    /// </summary>
    public bool PrefersDtlsClient { get; init; }
}
