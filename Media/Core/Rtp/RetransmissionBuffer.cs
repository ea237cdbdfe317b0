using System.Buffers.Binary;

namespace MediaRelay.Media.Rtp;

/// <summary>
/// The last packets of a stream in one ring of bytes, found by sequence number: serves NACKs and, from the last key
/// frame on, new viewers. Memory is taken once; a packet is lost from here when the ring has gone round.
/// </summary>
public sealed class RetransmissionBuffer
{
    private readonly Entry[] _entries;
    private readonly byte[] _bytes;
    private long _written;
    private long _first = -1;
    private int _frame;
    private uint _timestamp;
    private long _keyFrame = -1;

    /// <param name="packets">Most packets, a power of two.</param>
    /// <param name="bytes">Most bytes.</param>
    public RetransmissionBuffer(int packets, int bytes)
    {
        if (packets < 2 || (packets & (packets - 1)) != 0) throw new ArgumentException("The number of packets must be a power of two.", nameof(packets));
        _entries = new Entry[packets];
        Array.Fill(_entries, new Entry { Sequence = -1 });
        _bytes = new byte[bytes];
    }

    /// <summary>Unwrapped number of the newest packet plus one; 0 before the first packet.</summary>
    public long Next { get; private set; }

    /// <summary>Unwrapped number of the oldest packet that is left.</summary>
    public long Oldest { get; private set; }

    /// <summary>Unwrapped number of the first packet of the newest key frame; -1 when none is left in the ring.</summary>
    public long KeyFrame => _keyFrame >= 0 && TryGet(_keyFrame, out _) ? _keyFrame : -1;

    /// <summary>
    /// Keeps a copy; returns its unwrapped number, or -1 for a duplicate, a packet behind the ring, or one longer than the ring.
    /// </summary>
    public long Add(in RtpPacket packet, bool startsKeyFrame) => Add(packet, packet.SequenceNumber, packet.Timestamp, startsKeyFrame);

    /// <summary>Keeps a copy under another sequence number and time stamp, which are written into it.</summary>
    public long Add(in RtpPacket packet, ushort sequence, uint timestamp, bool startsKeyFrame)
    {
        var length = packet.Packet.Length;
        if (length > _bytes.Length) return -1;
        var number = _first < 0 ? 65536 + sequence : SequenceNumber.Unwrap(sequence, Next - 1);
        if (_first < 0) _first = number;
        if (number < _first || number <= Next - 1 - _entries.Length) return -1;
        ref var entry = ref _entries[number & (_entries.Length - 1)];
        if (entry.Sequence == number) return -1;
        var at = _written % _bytes.Length;
        // A packet is never cut in two: what is left at the end of the ring stays unused.
        if (at + length > _bytes.Length) _written += _bytes.Length - at;
        at = _written % _bytes.Length;
        var kept = _bytes.AsSpan((int)at, length);
        packet.Packet.CopyTo(kept);
        BinaryPrimitives.WriteUInt16BigEndian(kept[2..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(kept[4..], timestamp);
        if (number >= Next && (Next == 0 || timestamp != _timestamp))
        {
            _frame++;
            _timestamp = timestamp;
        }
        entry = new Entry { Sequence = number, Start = _written, Length = length, Frame = number >= Next ? _frame : LateFrame(number, timestamp) };
        _written += length;
        if (startsKeyFrame && number > _keyFrame && (_keyFrame < 0 || !IsSameFrame(_keyFrame, timestamp))) _keyFrame = number;
        if (number >= Next) Next = number + 1;
        Oldest = Math.Max(Oldest, _first);
        while (Oldest < Next && !TryGet(Oldest, out _)) Oldest++;
        return number;
    }

    /// <summary>A packet by its unwrapped number; false when it is gone or never came.</summary>
    public bool TryGet(long number, out ReadOnlySpan<byte> packet) => TryGet(number, out packet, out _);

    /// <summary>A packet and the running number of its frame.</summary>
    public bool TryGet(long number, out ReadOnlySpan<byte> packet, out int frame)
    {
        packet = default;
        frame = 0;
        if (number < 0) return false;
        ref readonly var entry = ref _entries[number & (_entries.Length - 1)];
        if (entry.Sequence != number || entry.Start < _written - _bytes.Length) return false;
        packet = _bytes.AsSpan((int)(entry.Start % _bytes.Length), entry.Length);
        frame = entry.Frame;
        return true;
    }

    /// <summary>Finds a packet by its 16-bit number, as a NACK names it.</summary>
    public bool TryFind(ushort sequence, out long number, out ReadOnlySpan<byte> packet)
    {
        number = SequenceNumber.Unwrap(sequence, Next - 1);
        return TryGet(number, out packet);
    }

    // A packet out of order belongs to the frame of a neighbour with its time stamp.
    private int LateFrame(long number, uint timestamp)
    {
        for (var near = number - 1; near <= number + 1; near += 2)
            if (IsSameFrame(near, timestamp) && TryGet(near, out _, out var frame)) return frame;
        return TryGet(number - 1, out _, out var before) ? before : _frame;
    }

    private bool IsSameFrame(long number, uint timestamp) =>
        TryGet(number, out var packet) && RtpPacket.TryRead(packet, out var rtp) && rtp.Timestamp == timestamp;

    private struct Entry
    {
        public long Sequence, Start;
        public int Length, Frame;
    }
}
