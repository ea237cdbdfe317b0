namespace MediaRelay.Media.IO.Net;

/// <summary>A pooled packet on its way from a camera's thread to the loop.</summary>
internal sealed class MediaPacket
{
    /// <summary>Bytes of the largest packet; larger ones are not RTP for an ordinary path.</summary>
    public const int Capacity = 2048;

    public byte[] Bytes { get; } = GC.AllocateUninitializedArray<byte>(Capacity);

    public int Length { get; set; }

    /// <summary>Who gets it; set by the sender.</summary>
    public IPacketTarget? Target { get; set; }

    /// <summary>A number that only the target understands: track and kind.</summary>
    public int Tag { get; set; }

    public Span<byte> Span => Bytes.AsSpan(0, Length);
}
