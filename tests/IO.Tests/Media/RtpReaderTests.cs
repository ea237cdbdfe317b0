using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using MediaRelay.Media.Rtp;

namespace MediaRelay.IO.Tests.Media;

/// <summary>ffprobe receives what our packetizers make, over a socket and by a description, and knows pictures and size.</summary>
public sealed class RtpReaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rtp-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("H264", 96, "-c:v libx264 -g 10 -bf 0 -pix_fmt yuv420p in.h264", "h264,320,240")]
    [InlineData("JPEG", 26, "-huffman default -pix_fmt yuvj420p -f image2 -update 1 in.jpg", "mjpeg,320,240")]
    public async Task Ffprobe_reads_our_rtp(string codec, byte type, string encoding, string expected)
    {
        await RunAsync("ffmpeg", $"-v error -y -f lavfi -i testsrc2=size=320x240:rate=25 -frames:v {(codec == "JPEG" ? 1 : 50)} {encoding}");
        var file = await File.ReadAllBytesAsync(Path.Combine(_folder, codec == "JPEG" ? "in.jpg" : "in.h264"));
        var port = FreePort();
        await File.WriteAllTextAsync(Path.Combine(_folder, "in.sdp"),
            $"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video {port} RTP/AVP {type}\r\na=rtpmap:{type} {codec}/90000\r\n"
            + (codec == "H264" ? "a=fmtp:96 packetization-mode=1\r\n" : ""));
        var probing = RunAsync("ffprobe", "-v error -protocol_whitelist file,udp,rtp -analyzeduration 1500000 -show_entries stream=codec_name,width,height -of csv=p=0 in.sdp");
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        ushort sequence = 0;
        for (uint frame = 0; frame < 500 && !probing.IsCompleted; frame++)
        {
            foreach (var packet in Packets(codec, file, type, ref sequence, frame * 3600)) socket.SendTo(packet, new IPEndPoint(IPAddress.Loopback, port));
            await Task.Delay(20);
        }
        Assert.Contains(expected, await probing.WaitAsync(TimeSpan.FromSeconds(10)), StringComparison.Ordinal);
    }

    // The whole stream again and again for H.264, one access unit each call; the same picture for JPEG.
    private static List<byte[]> Packets(string codec, byte[] file, byte type, ref ushort sequence, uint timestamp)
    {
        var packets = new List<byte[]>();
        var buffer = new byte[1500];
        if (codec == "JPEG")
        {
            Assert.True(JpegImage.TryRead(file, out var image));
            var cutter = new JpegPacketizer(image, 1200);
            while (cutter.TryNext(buffer, out var length, out var last)) packets.Add(Packet(buffer.AsSpan(0, length), last, ref sequence));
            return packets;
        }
        var units = new List<byte[]>();
        foreach (var unit in new AnnexBReader(file)) units.Add(unit.ToArray());
        var pictures = units.Select((unit, index) => (unit, index)).Where(u => (u.unit[0] & 31) is 1 or 5).Select(u => u.index).ToList();
        var number = (int)(timestamp / 3600) % pictures.Count;
        var start = number == 0 ? 0 : pictures[number - 1] + 1;
        byte[] accessUnit = [.. units[start..(pictures[number] + 1)].SelectMany(u => (byte[])[0, 0, 0, 1, .. u])];
        var packetizer = new H264Packetizer(accessUnit, 1200);
        while (packetizer.TryNext(buffer, out var length, out var last)) packets.Add(Packet(buffer.AsSpan(0, length), last, ref sequence));
        return packets;

        byte[] Packet(ReadOnlySpan<byte> payload, bool marker, ref ushort next)
        {
            var packet = new byte[12 + payload.Length];
            new RtpHeader(type, marker, next++, timestamp, 77).TryWrite(packet);
            payload.CopyTo(packet.AsSpan(12));
            return packet;
        }
    }

    private async Task<string> RunAsync(string program, string arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = _folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException(await errors);
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port & ~1;
    }
}
