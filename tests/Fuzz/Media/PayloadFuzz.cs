using MediaRelay.Media.Rtp;
using MediaRelay.Tests.Support;

namespace MediaRelay.Fuzz.Media;

public class PayloadFuzz
{
    private static readonly IReadOnlyList<byte[]> H264Corpus =
    [
        .. VectorFile.Rows("rtp_h264.json", "malformed").Select(r => r.HexProperty("payload")),
        [0x78, 0, 3, 0x67, 1, 2, 0, 2, 0x68, 3, 0, 2, 0x65, 9], [0x7c, 0x85, 1, 2, 3], [0x7c, 0x05, 4, 5], [0x7c, 0x45, 6], [0x41, 1, 2, 3],
        [0x60, 1, 0, 4, 0x40, 1, 1, 2, 0, 4, 0x42, 1, 3, 4], [0x62, 1, 0x93, 7, 8], [0x62, 1, 0x53, 9], [0, 0, 1, 0xb6, 0x10],
    ];

    private static readonly IReadOnlyList<byte[]> JpegCorpus =
    [
        .. VectorFile.Rows("rtp_jpeg.json", "malformed").Where(r => r.TryGetProperty("payload", out _)).Select(r => r.HexProperty("payload")),
        [0, 0, 0, 0, 0, 50, 40, 30, 1, 2, 3], [0, 0, 0, 3, 0, 50, 40, 30, 4, 5], [0, 0, 0, 0, 65, 60, 40, 30, 0, 80, 255, 255, 1, 2], [0, 0, 0, 0, 1, 255, 40, 30, 0, 0, 0, 128, .. new byte[140]],
    ];

    [Fact]
    public void Video_payloads_in_any_order_never_throw_and_stay_in_bounds()
    {
        VideoDepacketizer[] depacketizers = [new H264Depacketizer(), new H265Depacketizer(), new Mpeg4Depacketizer(), new JpegDepacketizer()];
        var frames = new long[4];
        var packet = new byte[9000];
        ushort sequence = 0;
        var timestamp = 0u;
        FuzzRun.Over([.. H264Corpus, .. JpegCorpus], seed: 3, count: 300_000, input =>
        {
            sequence++;
            if (sequence % 7 == 0) timestamp += 3000;
            if (sequence % 41 == 0) sequence += 3;
            var writer = new RtpWriter(packet, new RtpHeader(96, sequence % 5 == 0, sequence, timestamp, 1));
            writer.TryWritePayload(input);
            if (!RtpPacket.TryRead(packet.AsSpan(0, writer.Length), out var view)) return;
            _ = H264Payload.StartsKeyFrame(input);
            for (var i = 0; i < depacketizers.Length; i++)
            {
                if (depacketizers[i].Add(view, out var frame) != DepacketizeStatus.Frame) continue;
                frames[i]++;
                if (frame.Content.Length is 0 or > VideoDepacketizer.MostFrameBytes) throw new InvalidOperationException("A frame is empty or too long.");
            }
        });
        Assert.All(frames, f => Assert.True(f > 100, $"{f} frames"));
    }

    [Fact]
    public void Access_units_are_cut_and_joined_to_the_same_units()
    {
        byte[][] corpus = [[0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 3, 0, 0, 1, 0x65, .. Enumerable.Range(1, 200).Select(i => (byte)i)], [0, 0, 1, 0x41, 5, 6, 7]];
        var (buffer, packet, joined) = (new byte[9000], new byte[9100], 0);
        ushort sequence = 0;
        var timestamp = 0u;
        var depacketizer = new H264Depacketizer();
        FuzzRun.Over(corpus, seed: 4, count: 100_000, input =>
        {
            var (bytes, units, hasSlice) = (0, 0, false);
            foreach (var unit in new AnnexBReader(input))
            {
                // Types outside 1-23 and the forbidden bit are not NAL units that RTP may carry.
                if ((unit[0] & 0x80) != 0 || (unit[0] & 31) is 0 or > 23 || (unit[0] & 31) == 5) return;
                units++;
                // What begins a picture is left out behind a slice of the same one.
                if (hasSlice && (unit[0] & 31) is >= 6 and <= 9) continue;
                hasSlice |= (unit[0] & 31) <= 5;
                bytes += unit.Length + 4;
            }
            if (units == 0) return;
            timestamp++;
            var packetizer = new H264Packetizer(input, 64);
            while (packetizer.TryNext(buffer, out var length, out var last))
            {
                if (length > 64) throw new InvalidOperationException("A payload is too long.");
                var writer = new RtpWriter(packet, new RtpHeader(96, last, sequence++, timestamp, 1));
                writer.TryWritePayload(buffer.AsSpan(0, length));
                RtpPacket.TryRead(packet.AsSpan(0, writer.Length), out var view);
                if (depacketizer.Add(view, out var frame) != DepacketizeStatus.Frame) continue;
                joined++;
                if (frame.Content.Length != bytes || frame.IsDamaged) throw new InvalidOperationException("The units are not the same.");
            }
        });
        Assert.True(joined > 1000, $"{joined} joined");
    }

    [Fact]
    public void Jpeg_files_and_audio_payloads_never_throw()
    {
        var depacketizer = new JpegDepacketizer();
        var packet = new byte[200];
        var writer = new RtpWriter(packet, new RtpHeader(26, true, 1, 1, 1));
        writer.TryWritePayload([0, 0, 0, 0, 65, 60, 40, 30, 0, 80, 255, 255, 1, 2, 3, 4]);
        Assert.True(RtpPacket.TryRead(packet.AsSpan(0, writer.Length), out var view));
        Assert.Equal(DepacketizeStatus.Frame, depacketizer.Add(view, out var frame));
        var (images, sum) = (0, 0L);
        var buffer = new byte[2000];
        FuzzRun.Over([frame.Content.ToArray(), [0, 32, 0, 24, 0, 16, 1, 2, 3, 4, 5], [0xfb, 6], [11, 0x8a, 6, 64]], seed: 5, count: 300_000, input =>
        {
            if (JpegImage.TryRead(input, out var image))
            {
                images++;
                var packetizer = new JpegPacketizer(image, 1200);
                while (packetizer.TryNext(buffer, out var length, out _)) sum += length;
            }
            if (AacPayload.TryRead(input, out var units))
                foreach (var unit in units) sum += unit.Length;
            sum += OpusPayload.Duration(input);
            if (TelephoneEvent.TryRead(input, out var press)) sum += press.Key;
        });
        Assert.True(images > 1000 && sum > 0, $"{images} images");
    }
}
