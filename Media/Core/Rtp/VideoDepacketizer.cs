namespace MediaRelay.Media.Rtp;

/// <summary>
/// Puts frames together from packets in sequence order. A frame ends at the marker, or when the time stamp changes because
/// the marker was lost or the camera sets none; then it is given out with the packet that shows it.
/// </summary>
public abstract class VideoDepacketizer
{
    /// <summary>Longest frame in bytes; a longer one is cut and counts as damaged.</summary>
    public const int MostFrameBytes = 8 << 20;

    private FrameBuffer _building = new(MostFrameBytes);
    private FrameBuffer _ready = new(MostFrameBytes);
    private bool _hasFrame, _isComplete, _hasSequence, _skipDamage;
    private ushort _expected;

    private protected VideoDepacketizer()
    {
    }

    /// <summary>Packets that were missing between those added.</summary>
    public long Lost { get; private set; }

    /// <summary>Payloads that broke their format.</summary>
    public long Malformed { get; private set; }

    /// <summary>Adds the next packet. Duplicates and late packets are ignored: put a jitter buffer in front if the network reorders.</summary>
    public DepacketizeStatus Add(scoped in RtpPacket packet, out VideoFrame frame)
    {
        frame = default;
        var gap = 0;
        if (_hasSequence)
        {
            gap = SequenceNumber.Distance(packet.SequenceNumber, _expected);
            if (gap < 0 && gap > -1000) return DepacketizeStatus.Incomplete;
            if (gap < 0) gap = 1;
        }
        (_hasSequence, _expected) = (true, (ushort)(packet.SequenceNumber + 1));
        Lost += gap;
        if (gap > 0) MarkLoss();

        var ready = _isComplete || (_hasFrame && packet.Timestamp != _building.Timestamp && _building.Length > 0);
        if (ready) (_building, _ready) = (_ready, _building);
        if (ready || !_hasFrame || packet.Timestamp != _building.Timestamp)
        {
            _building.Clear(packet.Timestamp);
            _building.IsDamaged = gap > 0 || _skipDamage;
            (_hasFrame, _isComplete, _skipDamage) = (true, false, false);
            StartFrame();
        }
        var taken = packet.Payload.IsEmpty || TryAppend(packet.Payload, _building);
        if (!taken)
        {
            Malformed++;
            _building.IsDamaged = true;
        }
        if (packet.Marker && !_isComplete)
        {
            if (EndFrame(_building) && _building.Length > 0) _isComplete = true;
            else (_hasFrame, _skipDamage) = (false, _building.IsDamaged && _building.Length == 0);
        }
        if (!ready && _isComplete)
        {
            (_building, _ready) = (_ready, _building);
            (_hasFrame, _isComplete) = (false, false);
            ready = true;
        }
        else if (ready && _ready.Length == 0)
        {
            ready = false;
        }
        if (ready) frame = new VideoFrame { Content = _ready.Content, Timestamp = _ready.Timestamp, IsKeyFrame = _ready.IsKeyFrame, IsDamaged = _ready.IsDamaged };
        return ready ? DepacketizeStatus.Frame : taken ? DepacketizeStatus.Incomplete : DepacketizeStatus.Malformed;
    }

    private void MarkLoss()
    {
        if (_hasFrame && !_isComplete) _building.IsDamaged = true;
        LosePacket();
    }

    private protected virtual void StartFrame()
    {
    }

    /// <summary>Forget what depends on the packet before, such as an open fragment.</summary>
    private protected virtual void LosePacket()
    {
    }

    private protected abstract bool TryAppend(ReadOnlySpan<byte> payload, FrameBuffer frame);

    /// <summary>Last touches at the marker; false drops the frame.</summary>
    private protected virtual bool EndFrame(FrameBuffer frame) => true;
}
