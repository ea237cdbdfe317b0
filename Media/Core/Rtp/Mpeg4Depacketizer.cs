namespace MediaRelay.Media.Rtp;

/// <summary>
/// MPEG-4 Visual from RTP (RFC 6416 section 5): payloads are the elementary stream, cut anywhere. A key frame is one whose first
/// VOP is intra coded; the configuration of the SDP is put before it when the stream does not carry it.
/// </summary>
public sealed class Mpeg4Depacketizer : VideoDepacketizer
{
    private byte[] _config = [];

    /// <summary>Takes the config parameter of the SDP (hexadecimal); text that is not hexadecimal is ignored.</summary>
    public void SetConfig(string? config)
    {
        if (config is null || config.Length % 2 != 0) return;
        var bytes = new byte[config.Length / 2];
        if (Convert.FromHexString(config, bytes, out _, out _) == System.Buffers.OperationStatus.Done) _config = bytes;
    }

    private protected override bool TryAppend(ReadOnlySpan<byte> payload, FrameBuffer frame) => frame.TryAppend(payload);

    private protected override bool EndFrame(FrameBuffer frame)
    {
        ReadOnlySpan<byte> vop = [0, 0, 1, 0xb6];
        var content = frame.Content;
        var at = content.IndexOf(vop);
        frame.IsKeyFrame = at >= 0 && at + 4 < content.Length && content[at + 4] >> 6 == 0;
        ReadOnlySpan<byte> sequence = [0, 0, 1, 0xb0];
        if (!frame.IsKeyFrame || _config.Length == 0 || content.IndexOf(sequence) >= 0) return true;
        var length = frame.Length;
        if (!frame.TryAppend(_config)) return true;
        frame.Written[..length].CopyTo(frame.Written[_config.Length..]);
        _config.CopyTo(frame.Written);
        return true;
    }
}
