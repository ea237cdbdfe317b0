using MediaRelay.Stun;

namespace MediaRelay.Media.Ice;

/// <summary>Where and how outgoing data leaves; nothing was copied, the bytes are a part of the caller's buffer.</summary>
/// <param name="SocketId">Socket to send from, or -1 when it is a stream.</param>
/// <param name="StreamId">Stream to write to, or -1.</param>
/// <param name="To">Destination of the datagram; the TURN server's address when relayed.</param>
/// <param name="Offset">First byte in the caller's buffer.</param>
/// <param name="Length">Bytes to send.</param>
public readonly record struct IceRoute(int SocketId, int StreamId, TransportAddress To, int Offset, int Length)
{
    /// <summary>True when the bytes go to a stream.</summary>
    public bool IsStream => StreamId >= 0;
}
