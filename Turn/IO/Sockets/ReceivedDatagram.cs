using MediaRelay.Stun;

namespace MediaRelay.Turn.IO.Sockets;

/// <summary>
/// What a <see cref="DatagramLoop"/> hands out: a datagram, a train of equal datagrams joined by the kernel, or the notice that a
/// socket has an error waiting. The bytes are valid until the next <see cref="DatagramLoop.Wait"/>; at least
/// <see cref="DatagramLoop.Headroom"/> bytes in front of them may be overwritten.
/// </summary>
internal unsafe struct ReceivedDatagram
{
    /// <summary><see cref="Buffer"/> of an entry whose bytes lie with a <see cref="BatchReceiver"/>.</summary>
    public const ushort BatchBuffer = ushort.MaxValue;

    /// <summary>The number under which the socket was added.</summary>
    public int Token;

    /// <summary>Error number of the socket, 0 for a datagram.</summary>
    public int Error;

    public byte* Payload;

    /// <summary>Bytes in all.</summary>
    public int Length;

    /// <summary>Bytes of each datagram in a train but the last; equal to <see cref="Length"/> for a single one.</summary>
    public int SegmentSize;

    public byte* Name;

    /// <summary>TOS or traffic class: DSCP and ECN.</summary>
    public byte TrafficClass;

    /// <summary>Datagrams that the socket's full receive buffer has dropped since it was opened, as of this one's arrival; for sockets opened to report them.</summary>
    public uint Dropped;

    /// <summary>Which receive buffer holds it; meaningful to the loop alone.</summary>
    public ushort Buffer;

    public readonly TransportAddress From => SocketName.Read(Name);

    public readonly ReadOnlySpan<byte> Bytes => new(Payload, Length);
}
