using MediaRelay.Stun;

namespace MediaRelay.Turn.Allocations;

/// <summary>One peer IP address that may exchange data with the client (RFC 8656 section 9).</summary>
internal struct Permission
{
    /// <summary>Port 0.</summary>
    public TransportAddress Peer;
    public TimeSpan Expires;
    public int Allocation;
    public int Next;
    public int Timer;

    /// <summary>The address is one of ours or holds a back end: each datagram's port is checked.</summary>
    public bool ChecksPort;
}
