namespace MediaRelay.Media.Rtp;

/// <summary>Cuts an MPEG-4 Visual frame into payloads (RFC 6416 section 5.2); allocates nothing.</summary>
public ref struct Mpeg4Packetizer(ReadOnlySpan<byte> frame, int maxPayload)
{
    private ReadOnlySpan<byte> _rest = frame;

    /// <summary>Writes the next payload; <paramref name="isLast"/> goes into the marker bit.</summary>
    public bool TryNext(Span<byte> payload, out int length, out bool isLast)
    {
        length = Math.Min(_rest.Length, maxPayload);
        _rest[..length].CopyTo(payload);
        _rest = _rest[length..];
        isLast = _rest.IsEmpty;
        return length > 0;
    }
}
