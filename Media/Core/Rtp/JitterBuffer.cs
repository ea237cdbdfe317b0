namespace MediaRelay.Media.Rtp;

/// <summary>
/// Smooths arrival for audio that is played: packets leave in order, each at its time stamp plus a delay that follows the
/// measured jitter between two bounds. A missing packet is reported as lost when its time has come. Memory is taken once.
/// </summary>
public sealed class JitterBuffer
{
    /// <summary>Most packets that wait; 128 packets of 20 ms are 2.5 s.</summary>
    public const int Capacity = 128;

    /// <summary>Longest payload that is kept.</summary>
    public const int MostPayloadBytes = 1500;

    private readonly int _clockRate;
    private readonly TimeSpan _least, _most;
    private readonly Slot[] _slots = new Slot[Capacity];
    private readonly byte[] _bytes = new byte[Capacity * MostPayloadBytes];
    private long _next = -1, _highest = -1;
    private uint _baseTimestamp;
    private TimeSpan _base;
    private double _jitter;

    /// <param name="clockRate">Ticks in a second.</param>
    /// <param name="least">Least delay, e.g. 20 ms.</param>
    /// <param name="most">Greatest delay, e.g. 500 ms.</param>
    public JitterBuffer(int clockRate, TimeSpan least, TimeSpan most)
    {
        (_clockRate, _least, _most) = (clockRate, least, most);
        Delay = least;
        for (var i = 0; i < Capacity; i++) _slots[i].Number = -1;
    }

    /// <summary>Delay that is applied now: three times the jitter within the bounds.</summary>
    public TimeSpan Delay { get; private set; }

    public int Waiting { get; private set; }

    /// <summary>Packets that never came, or came after their time.</summary>
    public long Lost { get; private set; }

    /// <summary>Packets that came after their time.</summary>
    public long Late { get; private set; }

    /// <summary>When the next packet, or the notice of its loss, is due; null when nothing waits.</summary>
    public TimeSpan? NextDeadline => Waiting == 0 ? null : PlayTime(Oldest());

    /// <summary>Takes a packet; false when it is late, a duplicate or too long.</summary>
    public bool Add(in RtpPacket packet, TimeSpan now)
    {
        if (packet.Payload.Length > MostPayloadBytes) return false;
        var number = _highest < 0 ? 65536 + packet.SequenceNumber : SequenceNumber.Unwrap(packet.SequenceNumber, _highest);
        if (_highest >= 0 && Math.Abs(number - _highest) > Capacity * 8) Restart();
        if (_next < 0) (_next, _base, _baseTimestamp) = (number, now, packet.Timestamp);
        if (number < _next) { Late++; return false; }
        while (number - _next >= Capacity) Drop();
        ref var slot = ref _slots[number % Capacity];
        if (slot.Number == number) return false;
        slot = new Slot { Number = number, Length = packet.Payload.Length, Timestamp = packet.Timestamp };
        packet.Payload.CopyTo(_bytes.AsSpan((int)(number % Capacity) * MostPayloadBytes));
        Waiting++;
        _highest = Math.Max(_highest, number);
        Adapt(packet.Timestamp, now);
        return true;
    }

    /// <summary>The next packet when it is due. The payload stays valid until the next call of <see cref="Add"/>.</summary>
    public JitterBufferOutcome Take(TimeSpan now, out ReadOnlySpan<byte> payload, out uint timestamp)
    {
        payload = default;
        timestamp = 0;
        if (Waiting == 0 || now < PlayTime(Oldest())) return JitterBufferOutcome.Nothing;
        ref var slot = ref _slots[_next % Capacity];
        if (slot.Number != _next)
        {
            _next++;
            Lost++;
            return JitterBufferOutcome.Lost;
        }
        payload = _bytes.AsSpan((int)(_next % Capacity) * MostPayloadBytes, slot.Length);
        timestamp = slot.Timestamp;
        slot.Number = -1;
        Waiting--;
        _next++;
        return JitterBufferOutcome.Packet;
    }

    // The earliest packet seen defines the time base; later ones show how much the network scatters.
    private void Adapt(uint timestamp, TimeSpan now)
    {
        var late = now - (_base + Ticks((int)(timestamp - _baseTimestamp)));
        if (late < TimeSpan.Zero) (_base, _baseTimestamp, late) = (now, timestamp, TimeSpan.Zero);
        _jitter += (late.TotalSeconds - _jitter) / (late.TotalSeconds > _jitter ? 4 : 64);
        var wanted = TimeSpan.FromSeconds(3 * _jitter);
        Delay = wanted < _least ? _least : wanted > _most ? _most : wanted;
    }

    private TimeSpan PlayTime(uint timestamp) => _base + Ticks((int)(timestamp - _baseTimestamp)) + Delay;

    private TimeSpan Ticks(int ticks) => TimeSpan.FromSeconds((double)ticks / _clockRate);

    private uint Oldest()
    {
        for (var number = _next; ; number++)
            if (_slots[number % Capacity].Number == number) return _slots[number % Capacity].Timestamp;
    }

    private void Drop()
    {
        ref var slot = ref _slots[_next % Capacity];
        if (slot.Number == _next) { slot.Number = -1; Waiting--; }
        else Lost++;
        _next++;
    }

    private void Restart()
    {
        for (var i = 0; i < Capacity; i++) _slots[i].Number = -1;
        (_next, _highest, Waiting, _jitter) = (-1, -1, 0, 0);
    }

    private struct Slot
    {
        public long Number;
        public int Length;
        public uint Timestamp;
    }
}
