using MediaRelay.Stun;
using MediaRelay.Turn.Ports;

namespace MediaRelay.Turn.Allocations;

/// <summary>A TCP connection between a relay port and a peer (RFC 6062).</summary>
internal struct PeerConnection
{
    public uint Id;
    public int Allocation;
    public int Next;
    public int Timer;
    public PeerConnectionState State;
    public bool AnswersSha256;
    public bool HasFingerprint;
    public RelayPort Port;
    public TransportAddress Peer;

    /// <summary>Of the Connect request that waits for its answer.</summary>
    public TransactionId Transaction;

    /// <summary>The client's data connection once bound.</summary>
    public FiveTuple Client;
}
