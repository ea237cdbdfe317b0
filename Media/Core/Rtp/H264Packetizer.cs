using System.Buffers.Binary;

namespace MediaRelay.Media.Rtp;

/// <summary>
/// Cuts an access unit into RTP payloads (RFC 6184): small NAL units share a STAP-A, large ones become FU-A fragments. It
/// is a value over the caller's bytes and allocates nothing. Packetization mode 0 sends single NAL units only.
/// </summary>
public ref struct H264Packetizer
{
    private const int StapHeader = 1, LengthField = 2, FuHeader = 2;

    private readonly int _maxPayload;
    private readonly bool _fragments, _aggregates;
    private AnnexBReader _units;
    private ReadOnlySpan<byte> _next, _fragment;
    private byte _fragmentHeader;

    /// <param name="accessUnit">One picture in Annex B form.</param>
    /// <param name="maxPayload">Longest payload, at least 16 bytes; 1200 fits every path of the Internet.</param>
    /// <param name="packetizationMode">0 or 1.</param>
    /// <param name="aggregates">Use STAP-A in mode 1.</param>
    public H264Packetizer(ReadOnlySpan<byte> accessUnit, int maxPayload, int packetizationMode = 1, bool aggregates = true)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxPayload, 16);
        (_maxPayload, _fragments, _aggregates) = (maxPayload, packetizationMode == 1, aggregates && packetizationMode == 1);
        _units = new AnnexBReader(accessUnit);
        _next = default;
        Advance();
    }

    /// <summary>NAL units that mode 0 could not carry because they are longer than a packet.</summary>
    public int Dropped { get; private set; }

    /// <summary>
    /// Writes the next payload; false at the end. <paramref name="isLast"/> goes into the marker bit. The span has room for
    /// the longest payload.
    /// </summary>
    public bool TryNext(Span<byte> payload, out int length, out bool isLast)
    {
        if (!_fragment.IsEmpty)
        {
            length = Fragment(payload, isFirst: false);
        }
        else
        {
            while (!_fragments && _next.Length > _maxPayload)
            {
                Dropped++;
                Advance();
            }
            if (_next.IsEmpty) { (length, isLast) = (0, true); return false; }
            length = _next.Length > _maxPayload ? StartFragments(payload) : Aggregate(payload);
        }
        isLast = _fragment.IsEmpty && _next.IsEmpty;
        return true;
    }

    private void Advance() => _next = _units.MoveNext() ? _units.Current : default;

    private int StartFragments(Span<byte> payload)
    {
        _fragmentHeader = _next[0];
        _fragment = _next[1..];
        Advance();
        return Fragment(payload, isFirst: true);
    }

    private int Fragment(Span<byte> payload, bool isFirst)
    {
        var take = Math.Min(_fragment.Length, _maxPayload - FuHeader);
        payload[0] = (byte)((_fragmentHeader & 0xe0) | (int)H264NalType.FuA);
        payload[1] = (byte)((_fragmentHeader & 0x1f) | (isFirst ? 0x80 : 0) | (take == _fragment.Length ? 0x40 : 0));
        _fragment[..take].CopyTo(payload[FuHeader..]);
        _fragment = _fragment[take..];
        return FuHeader + take;
    }

    private int Aggregate(Span<byte> payload)
    {
        var first = _next;
        Advance();
        if (!_aggregates || _next.IsEmpty || StapHeader + 2 * LengthField + first.Length + _next.Length > _maxPayload)
        {
            first.CopyTo(payload);
            return first.Length;
        }
        var header = first[0] & 0xe0;
        var length = Append(payload, StapHeader, first);
        while (!_next.IsEmpty && length + LengthField + _next.Length <= _maxPayload)
        {
            // The aggregate is as important as its most important unit (RFC 6184 section 5.7.1).
            header = (header & 0x80) | Math.Max(header & 0x60, _next[0] & 0x60);
            length = Append(payload, length, _next);
            Advance();
        }
        payload[0] = (byte)(header | (int)H264NalType.StapA);
        return length;
    }

    private static int Append(Span<byte> payload, int at, ReadOnlySpan<byte> unit)
    {
        BinaryPrimitives.WriteUInt16BigEndian(payload[at..], (ushort)unit.Length);
        unit.CopyTo(payload[(at + LengthField)..]);
        return at + LengthField + unit.Length;
    }
}
