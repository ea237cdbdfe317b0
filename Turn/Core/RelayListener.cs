using MediaRelay.Stun;

namespace MediaRelay.Turn;

/// <summary>One endpoint on which clients arrive. Its index in <see cref="RelaySettings.Listeners"/> is <see cref="FiveTuple.Listener"/>.</summary>
public readonly record struct RelayListener(TransportAddress Address, ClientTransport Transport)
{
    /// <summary>True for TCP and TLS: messages are framed, padded and reliable.</summary>
    public bool IsStream => Transport is ClientTransport.Tcp or ClientTransport.Tls;
}
