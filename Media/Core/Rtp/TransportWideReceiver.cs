using System.Buffers.Binary;

namespace MediaRelay.Media.Rtp;

/// <summary>Collects arrivals by transport-wide number and writes the feedback that a sender's bandwidth estimate needs.</summary>
public sealed class TransportWideReceiver
{
    private const int Window = 256;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly long[] _ticks = new long[Window];
    private readonly long[] _numbers = new long[Window];
    private long _next = -1, _highest = -1;
    private byte _count;

    public TransportWideReceiver() => Array.Fill(_numbers, -1);

    /// <summary>When feedback is due; null when nothing has arrived since the last one.</summary>
    public TimeSpan? NextDeadline { get; private set; }

    /// <summary>Notes the number in the header extension of a received packet.</summary>
    public void Handle(ushort sequence, TimeSpan now)
    {
        var number = _highest < 0 ? 65536 + sequence : SequenceNumber.Unwrap(sequence, _highest);
        if (_next < 0) _next = number;
        if (number < _next) return;
        _highest = Math.Max(_highest, number);
        if (_highest - _next >= Window) _next = _highest - Window + 1;
        (_numbers[number % Window], _ticks[number % Window]) = (number, now.Ticks / 2500);
        NextDeadline ??= now + Interval;
    }

    /// <summary>
    /// Writes the body of the feedback for all packets since the last one; returns its length, a multiple of 4, or 0 when nothing
    /// arrived. The buffer has at least 1100 bytes.
    /// </summary>
    public int Write(Span<byte> body)
    {
        NextDeadline = null;
        if (_next < 0) return 0;
        while (_next <= _highest && _numbers[_next % Window] != _next) _next++;
        if (_next > _highest) return 0;
        var first = _next;
        var reference = _ticks[first % Window] >> 8;
        var last = reference << 8;
        // A delta beyond 16 bits ends this feedback; the rest goes into the next one.
        var end = first;
        for (; end <= _highest; end++)
        {
            if (_numbers[end % Window] != end) continue;
            var delta = _ticks[end % Window] - last;
            if (delta is < short.MinValue or > short.MaxValue) break;
            last = _ticks[end % Window];
        }
        var count = (int)(end - first);
        if (count == 0) return 0;
        BinaryPrimitives.WriteUInt16BigEndian(body, (ushort)first);
        BinaryPrimitives.WriteUInt16BigEndian(body[2..], (ushort)count);
        BinaryPrimitives.WriteUInt32BigEndian(body[4..], (uint)reference << 8 | _count++);
        var chunks = 8;
        var deltas = chunks + 2 * ((count + 6) / 7);
        last = reference << 8;
        for (var i = 0; i < count; i += 7)
        {
            var chunk = 0xc000;
            for (var j = 0; j < 7 && i + j < count; j++)
            {
                var number = first + i + j;
                if (_numbers[number % Window] != number) continue;
                var delta = (int)(_ticks[number % Window] - last);
                last += delta;
                var small = delta is >= 0 and <= 255;
                chunk |= (small ? 1 : 2) << (12 - 2 * j);
                if (small) body[deltas++] = (byte)delta;
                else { BinaryPrimitives.WriteInt16BigEndian(body[deltas..], (short)delta); deltas += 2; }
            }
            BinaryPrimitives.WriteUInt16BigEndian(body[chunks..], (ushort)chunk);
            chunks += 2;
        }
        while (deltas % 4 != 0) body[deltas++] = 0;
        _next = end;
        return deltas;
    }
}
