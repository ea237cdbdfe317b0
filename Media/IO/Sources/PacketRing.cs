using MediaRelay.Media.Rtp;

namespace MediaRelay.Media.IO.Sources;

/// <summary>
/// The last packets of one stream by sequence number: what a new viewer needs since the last key frame, and what a viewer that lost
/// packets asks for again. Kept once per stream, not per viewer.
/// </summary>
internal sealed class PacketRing(int capacity, int packetBytes)
{
    private readonly byte[] _bytes = new byte[capacity * packetBytes];
    private readonly int[] _lengths = new int[capacity];
    private readonly ushort[] _sequences = new ushort[capacity];
    private ushort _keyStart;
    private ushort _newest;
    private bool _hasKey;
    private bool _hasNewest;

    /// <summary>Bytes of the largest packet that is kept.</summary>
    public int PacketBytes => packetBytes;

    /// <summary>Stores a packet; a larger one than <see cref="PacketBytes"/> is not kept.</summary>
    public void Add(ushort sequence, ReadOnlySpan<byte> packet, bool startsKeyFrame)
    {
        var slot = sequence % capacity;
        _sequences[slot] = sequence;
        _lengths[slot] = packet.Length <= packetBytes ? packet.Length : 0;
        if (_lengths[slot] > 0) packet.CopyTo(_bytes.AsSpan(slot * packetBytes));
        if (startsKeyFrame) (_keyStart, _hasKey) = (sequence, true);
        if (!_hasNewest || SequenceNumber.IsNewer(sequence, _newest)) (_newest, _hasNewest) = (sequence, true);
        // Behind half the ring a key frame is too old: the replay would be long and its start is about to be overwritten.
        if (_hasKey && (ushort)(_newest - _keyStart) > capacity / 2) _hasKey = false;
    }

    public bool TryGet(ushort sequence, out ReadOnlySpan<byte> packet)
    {
        var slot = sequence % capacity;
        packet = _bytes.AsSpan(slot * packetBytes, _lengths[slot]);
        return _sequences[slot] == sequence && _lengths[slot] > 0;
    }

    /// <summary>First and last sequence number to replay for a decoder that starts now; false when no recent key frame is kept.</summary>
    public bool TryGetReplay(out ushort first, out ushort last)
    {
        (first, last) = (_keyStart, _newest);
        return _hasKey && _hasNewest;
    }

    public void Clear()
    {
        (_hasKey, _hasNewest) = (false, false);
        Array.Clear(_lengths);
    }
}
