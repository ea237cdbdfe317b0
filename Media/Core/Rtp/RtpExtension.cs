namespace MediaRelay.Media.Rtp;

/// <summary>One element of a header extension.</summary>
public readonly ref struct RtpExtension(int id, ReadOnlySpan<byte> value)
{
    public int Id { get; } = id;

    public ReadOnlySpan<byte> Value { get; } = value;
}
