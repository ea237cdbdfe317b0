using MediaRelay.Stun;

namespace MediaRelay.Turn.Allocations;

/// <summary>A channel number bound to a peer (RFC 8656 section 12).</summary>
internal struct ChannelBinding
{
    public TransportAddress Peer;
    public TimeSpan Expires;
    public int Allocation;
    public int Next;
    public int Timer;

    /// <summary>Position + 1 of the peer's permission; 0 while there is none, and then nothing passes.</summary>
    public int Permission;
    public ushort Number;
}
