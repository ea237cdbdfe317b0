using System.Buffers.Binary;

namespace MediaRelay.Media.Rtp;

/// <summary>
/// A view over an RTP packet whose every boundary has been checked once (RFC 3550 section 5.1, RFC 8285).
/// <code>
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// |V=2|P|X|  CC   |M|     PT      |       sequence number         |
/// |                           timestamp                           |
/// |                             SSRC                              |
/// |  CSRC list, extension, payload, padding ...
/// </code>
/// </summary>
public readonly ref struct RtpPacket
{
    public const int HeaderLength = 12;
    public const ushort OneByteExtensions = 0xBEDE;
    public const ushort TwoByteExtensions = 0x1000;

    private readonly ReadOnlySpan<byte> _packet;
    private readonly int _extensionStart, _payloadStart, _payloadEnd;

    private RtpPacket(ReadOnlySpan<byte> packet, int extensionStart, int payloadStart, int payloadEnd)
    {
        _packet = packet;
        (_extensionStart, _payloadStart, _payloadEnd) = (extensionStart, payloadStart, payloadEnd);
    }

    /// <summary>Reads a packet; false when version, sources, extension or padding do not fit.</summary>
    public static bool TryRead(ReadOnlySpan<byte> packet, out RtpPacket rtp)
    {
        rtp = default;
        if (packet.Length < HeaderLength || packet[0] >> 6 != 2) return false;
        var start = HeaderLength + (packet[0] & 0x0f) * 4;
        var extension = start;
        if ((packet[0] & 0x10) != 0)
        {
            if (packet.Length < start + 4) return false;
            start += 4 + 4 * BinaryPrimitives.ReadUInt16BigEndian(packet[(start + 2)..]);
        }
        if (start > packet.Length) return false;
        var end = packet.Length;
        if ((packet[0] & 0x20) != 0)
        {
            var padding = packet[^1];
            if (padding == 0 || padding > end - start) return false;
            end -= padding;
        }
        rtp = new RtpPacket(packet, extension, start, end);
        return true;
    }

    public bool Marker => (_packet[1] & 0x80) != 0;

    public byte PayloadType => (byte)(_packet[1] & 0x7f);

    public ushort SequenceNumber => BinaryPrimitives.ReadUInt16BigEndian(_packet[2..]);

    public uint Timestamp => BinaryPrimitives.ReadUInt32BigEndian(_packet[4..]);

    public uint Ssrc => BinaryPrimitives.ReadUInt32BigEndian(_packet[8..]);

    public int CsrcCount => _packet[0] & 0x0f;

    public uint Csrc(int index) => BinaryPrimitives.ReadUInt32BigEndian(_packet.Slice(HeaderLength + 4 * index, 4));

    /// <summary>Bytes before the payload.</summary>
    public int PayloadStart => _payloadStart;

    /// <summary>Payload without padding.</summary>
    public ReadOnlySpan<byte> Payload => _packet[_payloadStart.._payloadEnd];

    public int PaddingLength => _packet.Length - _payloadEnd;

    public ReadOnlySpan<byte> Packet => _packet;

    public bool HasExtension => (_packet[0] & 0x10) != 0;

    /// <summary>Profile word of the extension; 0 without one.</summary>
    public ushort ExtensionProfile => HasExtension ? BinaryPrimitives.ReadUInt16BigEndian(_packet[_extensionStart..]) : (ushort)0;

    /// <summary>Content of the extension behind its length word.</summary>
    public ReadOnlySpan<byte> ExtensionContent => HasExtension ? _packet[(_extensionStart + 4).._payloadStart] : default;

    /// <summary>Finds one element of a one-byte or two-byte extension.</summary>
    public bool TryGetExtension(int id, out ReadOnlySpan<byte> value)
    {
        foreach (var element in Extensions)
        {
            if (element.Id != id) continue;
            value = element.Value;
            return true;
        }
        value = default;
        return false;
    }

    /// <summary>The elements in order, for <c>foreach</c>.</summary>
    public RtpExtensions Extensions => new(ExtensionProfile, ExtensionContent);
}
