namespace MediaRelay.Media.IO.Cameras.Rtsp;

/// <summary>The sound track towards a camera, with the payload type the camera asked for.</summary>
internal sealed class RtspBackChannel(CameraTrack track, RtspConnection connection, byte channel, RtspUdpPair? ports) : ITalkBack
{
    private readonly byte[] _packet = new byte[2048];
    private volatile bool _isOpen;

    public string Codec => track.Codec.Name.ToUpperInvariant();

    /// <summary>The camera plays; a packet before that makes some cameras close the connection.</summary>
    public void Open() => _isOpen = true;

    public void HandleRtp(ReadOnlySpan<byte> packet)
    {
        if (!_isOpen || packet.Length < 12 || packet.Length > _packet.Length) return;
        packet.CopyTo(_packet);
        _packet[1] = (byte)(packet[1] & 0x80 | track.Codec.PayloadType);
        if (ports is not null) ports.Send(_packet.AsSpan(0, packet.Length));
        else connection.TrySendInterleaved(channel, _packet.AsSpan(0, packet.Length));
    }
}
