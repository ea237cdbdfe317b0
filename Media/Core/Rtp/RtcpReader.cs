using System.Buffers.Binary;

namespace MediaRelay.Media.Rtp;

/// <summary>Walks a compound (or reduced-size, RFC 5506) RTCP datagram; use with <c>foreach</c>.</summary>
public ref struct RtcpReader
{
    private ReadOnlySpan<byte> _rest;
    private ReadOnlySpan<byte> _current;
    private int _end;

    private RtcpReader(ReadOnlySpan<byte> datagram)
    {
        _rest = datagram;
        _current = default;
        _end = 0;
    }

    /// <summary>Checks version, lengths and padding of all packets first; false refuses the whole datagram.</summary>
    public static bool TryRead(ReadOnlySpan<byte> datagram, out RtcpReader reader)
    {
        reader = new RtcpReader(datagram);
        if (datagram.Length < 4) return false;
        for (var rest = datagram; !rest.IsEmpty;)
        {
            if (rest.Length < 4 || rest[0] >> 6 != 2 || rest[1] is < 192 or > 223) return false;
            var length = 4 + 4 * BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
            if (length > rest.Length) return false;
            if ((rest[0] & 0x20) != 0)
            {
                // Only the last packet of a compound may be padded (RFC 3550 section 6.4.1).
                var padding = rest[length - 1];
                if (length != rest.Length || padding == 0 || padding % 4 != 0 || padding > length - 4) return false;
            }
            if (Least((RtcpType)rest[1], rest[0] & 0x1f) > length) return false;
            rest = rest[length..];
        }
        return true;
    }

    public readonly RtcpPacket Current => new(_current, _end);

    public readonly RtcpReader GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_rest.IsEmpty) return false;
        var length = 4 + 4 * BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]);
        _current = _rest[..length];
        _end = (_current[0] & 0x20) != 0 ? length - _current[^1] : length;
        _rest = _rest[length..];
        return true;
    }

    private static int Least(RtcpType type, int count) => type switch
    {
        RtcpType.SenderReport => 28 + 24 * count,
        RtcpType.ReceiverReport => 8 + 24 * count,
        RtcpType.Bye => 4 + 4 * count,
        RtcpType.TransportFeedback or RtcpType.PayloadFeedback => 12,
        RtcpType.Application => 12,
        _ => 4,
    };
}
