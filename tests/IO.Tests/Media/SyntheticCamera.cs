using System.Buffers.Binary;
using MediaRelay.Media.IO.Cameras;
using MediaRelay.Media.Sdp;

namespace MediaRelay.IO.Tests.Media;

/// <summary>A camera in memory: H.264-shaped pictures of three packets with a key frame every 30, and PCMU packets of a tone.</summary>
internal sealed class SyntheticCamera : ICamera
{
    public int Starts { get; private set; }

    public string Name => "synthetic";

    public ITalkBack? TalkBack { get; init; }

    public RtpCodec Audio { get; init; } = KnownCodecs.Pcmu;

    public async Task RunAsync(ICameraSink sink, CancellationToken cancellation)
    {
        Starts++;
        sink.HandleTracks([new CameraTrack(0, MediaKind.Video, KnownCodecs.H264(96)), new CameraTrack(1, MediaKind.Audio, Audio)], TalkBack);
        ushort video = 65500, audio = 65530;
        var packet = new byte[1000];
        for (var frame = 0; ; frame++)
        {
            var isKey = frame % 30 == 0;
            if (isKey) Send([0x67, 0x42, 0xE0, 0x1F, 1, 2, 3], marker: false);
            for (var part = 0; part < 3; part++)
            {
                var payload = packet.AsSpan(100);
                payload[0] = 0x7C;
                payload[1] = (byte)((part == 0 ? 0x80 : 0) | (part == 2 ? 0x40 : 0) | (isKey ? 5 : 1));
                Send(payload, part == 2);
            }
            var sound = new byte[12 + 160];
            WriteHeader(sound, (byte)Audio.PayloadType, true, audio++, (uint)(frame * 320), 0xA0D10);
            for (var i = 12; i < sound.Length; i++) sound[i] = (byte)(i % 8 < 4 ? 0x90 : 0x10);
            sink.HandleRtp(1, sound);
            await Task.Delay(20, cancellation);

            void Send(ReadOnlySpan<byte> payload, bool marker)
            {
                var bytes = new byte[12 + payload.Length];
                WriteHeader(bytes, 96, marker, video++, (uint)(frame * 3600), 0x1DE0);
                payload.CopyTo(bytes.AsSpan(12));
                sink.HandleRtp(0, bytes);
            }
        }
    }

    private static void WriteHeader(Span<byte> packet, byte type, bool marker, ushort sequence, uint time, uint ssrc)
    {
        packet[0] = 0x80;
        packet[1] = (byte)(type | (marker ? 0x80 : 0));
        BinaryPrimitives.WriteUInt16BigEndian(packet[2..], sequence);
        BinaryPrimitives.WriteUInt32BigEndian(packet[4..], time);
        BinaryPrimitives.WriteUInt32BigEndian(packet[8..], ssrc);
    }
}
