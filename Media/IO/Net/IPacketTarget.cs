namespace MediaRelay.Media.IO.Net;

/// <summary>Takes packets on the loop's thread.</summary>
internal interface IPacketTarget
{
    void HandlePacket(int tag, Span<byte> packet, TimeSpan now);
}
