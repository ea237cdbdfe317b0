namespace MediaRelay.Media.Rtp;

/// <summary>
/// Gives one outgoing stream continuous sequence numbers and time stamps whatever source feeds it. A new SSRC, or
/// <see cref="Switch"/>, continues the numbers; the time stamp moves on by the time that passed.
/// </summary>
/// <param name="ssrc">Outgoing source.</param>
/// <param name="clockRate">Ticks in a second.</param>
/// <param name="firstSequence">From the random number generator.</param>
/// <param name="firstTimestamp">From the random number generator.</param>
public sealed class StreamRewriter(uint ssrc, int clockRate, ushort firstSequence, uint firstTimestamp)
{
    private bool _hasSource;
    private uint _source, _timestampOffset;
    private ushort _sequenceOffset, _start;
    private TimeSpan _lastAt;

    /// <summary>Outgoing source.</summary>
    public uint Ssrc { get; } = ssrc;

    /// <summary>Highest sequence number given out.</summary>
    public ushort LastSequence { get; private set; } = (ushort)(firstSequence - 1);

    /// <summary>Time stamp that goes with <see cref="LastSequence"/>.</summary>
    public uint LastTimestamp { get; private set; } = firstTimestamp;

    private bool HasStarted { get; set; }

    /// <summary>The next packet, of whatever source, continues the stream.</summary>
    public void Switch() => _hasSource = false;

    /// <summary>A packet of the source is left out on purpose: the numbers close up behind it.</summary>
    public void Skip() => _sequenceOffset--;

    /// <summary>Outgoing header for a packet; false for one from before the last switch.</summary>
    public bool TryRewrite(in RtpPacket packet, byte payloadType, TimeSpan now, out RtpHeader header)
    {
        header = default;
        if (!_hasSource || packet.Ssrc != _source)
        {
            var passed = HasStarted ? (uint)Math.Max(1, (now - _lastAt).TotalSeconds * clockRate) : 0;
            (_hasSource, _source, _start) = (true, packet.Ssrc, packet.SequenceNumber);
            _sequenceOffset = (ushort)(LastSequence + 1 - packet.SequenceNumber);
            _timestampOffset = LastTimestamp + passed - packet.Timestamp;
        }
        else if (SequenceNumber.Distance(packet.SequenceNumber, _start) < 0 && SequenceNumber.Distance(LastSequence, (ushort)(_start + _sequenceOffset)) < 0x4000)
        {
            return false;
        }
        var sequence = (ushort)(packet.SequenceNumber + _sequenceOffset);
        var timestamp = packet.Timestamp + _timestampOffset;
        if (!HasStarted || SequenceNumber.IsNewer(sequence, LastSequence)) (LastSequence, LastTimestamp, _lastAt, HasStarted) = (sequence, timestamp, now, true);
        header = new RtpHeader(payloadType, packet.Marker, sequence, timestamp, Ssrc);
        return true;
    }
}
