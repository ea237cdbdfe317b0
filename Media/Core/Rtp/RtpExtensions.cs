namespace MediaRelay.Media.Rtp;

/// <summary>Walks the elements of a header extension (RFC 8285 sections 4.2 and 4.3); a damaged rest ends the walk.</summary>
public ref struct RtpExtensions
{
    private readonly bool _twoByte;
    private ReadOnlySpan<byte> _rest;

    internal RtpExtensions(ushort profile, ReadOnlySpan<byte> content)
    {
        _twoByte = (profile & 0xfff0) == RtpPacket.TwoByteExtensions;
        _rest = _twoByte || profile == RtpPacket.OneByteExtensions ? content : default;
        Current = default;
    }

    public RtpExtension Current { get; private set; }

    public readonly RtpExtensions GetEnumerator() => this;

    public bool MoveNext()
    {
        while (!_rest.IsEmpty && _rest[0] == 0) _rest = _rest[1..];
        if (_rest.IsEmpty) return false;
        int id, length, header;
        if (_twoByte)
        {
            if (_rest.Length < 2) return false;
            (id, length, header) = (_rest[0], _rest[1], 2);
        }
        else
        {
            (id, length, header) = (_rest[0] >> 4, (_rest[0] & 0x0f) + 1, 1);
            if (id is 15 or 0) return false;
        }
        if (header + length > _rest.Length) return false;
        Current = new RtpExtension(id, _rest.Slice(header, length));
        _rest = _rest[(header + length)..];
        return true;
    }
}
