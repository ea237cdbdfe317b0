using System.Diagnostics;
using MediaRelay.Media.Rtp;

namespace MediaRelay.Media.Tests.Rtp;

/// <summary>A foreign decoder sees the same pictures before and after the way through RTP.</summary>
public sealed class DecoderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory($"mediarelay-decoder-{Environment.ProcessId}-").FullName;

    [Fact]
    public void A_JPEG_picture_decodes_to_the_same_pixels_after_RTP()
    {
        Ffmpeg("-f lavfi -i testsrc2=size=640x480:rate=25 -frames:v 1 -huffman default -pix_fmt yuvj420p in.jpg");
        Assert.True(JpegImage.TryRead(File.ReadAllBytes(Path.Combine(_folder, "in.jpg")), out var image));
        Assert.Equal((640, 480, 1), (image.Width, image.Height, image.Type));
        var (packetizer, depacketizer, buffer) = (0, new JpegDepacketizer(), new byte[1500]);
        var cutter = new JpegPacketizer(image, 1200);
        while (cutter.TryNext(buffer, out var length, out var last))
            if (H264Tests.Add(depacketizer, (ushort)packetizer++, 1, last, buffer[..length], out var frame) == DepacketizeStatus.Frame) File.WriteAllBytes(Path.Combine(_folder, "out.jpg"), frame.Content);
        Assert.Equal(Pixels("in.jpg"), Pixels("out.jpg"));
    }

    [Theory]
    [InlineData(1, 1200)]
    [InlineData(1, 200)]
    [InlineData(0, 60_000)]
    public void An_H264_stream_decodes_to_the_same_pixels_after_RTP(int mode, int mostPayload)
    {
        Ffmpeg("-f lavfi -i testsrc2=size=320x240:rate=25 -frames:v 30 -c:v libx264 -g 10 -pix_fmt yuv420p in.h264");
        var depacketizer = new H264Depacketizer();
        var pending = new List<byte[]>();
        var (sequence, timestamp, keys) = ((ushort)65_500, 0u, 0);
        using (var output = File.Create(Path.Combine(_folder, "out.h264")))
        {
            foreach (var unit in new AnnexBReader(File.ReadAllBytes(Path.Combine(_folder, "in.h264"))))
            {
                pending.Add(unit.ToArray());
                if ((unit[0] & 31) is not (1 or 5)) continue;
                foreach (var (payload, marker) in H264Tests.Packets(H264Tests.AnnexB(pending), mostPayload, mode))
                {
                    if (H264Tests.Add(depacketizer, sequence++, timestamp, marker, payload, out var frame) != DepacketizeStatus.Frame) continue;
                    Assert.False(frame.IsDamaged);
                    keys += frame.IsKeyFrame ? 1 : 0;
                    output.Write(frame.Content);
                }
                pending.Clear();
                timestamp += 3600;
            }
        }
        Assert.Equal(3, keys);
        Assert.Equal(Pixels("in.h264"), Pixels("out.h264"));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Pixels(string file) => Ffmpeg($"-i {file} -f md5 -").Trim();

    private string Ffmpeg(string arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("ffmpeg", $"-v error -y -threads 1 {arguments}") { WorkingDirectory = _folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        if (!process.WaitForExit(TimeSpan.FromSeconds(30))) process.Kill();
        Assert.True(process.ExitCode == 0, errors.Result);
        return output;
    }
}
