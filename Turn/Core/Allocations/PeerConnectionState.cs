namespace MediaRelay.Turn.Allocations;

internal enum PeerConnectionState : byte
{
    /// <summary>The shell is connecting.</summary>
    Connecting,

    /// <summary>Connected; waits for ConnectionBind.</summary>
    Pending,

    /// <summary>Joined with a client connection.</summary>
    Joined,
}
