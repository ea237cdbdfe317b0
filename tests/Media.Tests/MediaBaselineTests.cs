using System.Buffers.Binary;
using System.Globalization;
using MediaRelay.Media.Broker;
using MediaRelay.Media.Rtp;
using MediaRelay.Media.Srtp;
using MediaRelay.Media.Tests.Srtp;

namespace MediaRelay.Media.Tests;

/// <summary>Compares the bytes that hot paths allocate with perf/Baselines/media.csv.</summary>
public sealed class MediaBaselineTests
{
    private readonly byte[] _buffer = new byte[1500];
    private ushort _sequence;

    private static string[][] Baselines()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "perf", "Baselines", "media.csv"))) folder = folder.Parent;
        return [.. File.ReadLines(Path.Combine(folder!.FullName, "perf", "Baselines", "media.csv")).Skip(1).Select(l => l.Split(','))];
    }

    public static TheoryData<string> Cases() => [.. Baselines().Select(l => l[0])];

    [Theory, MemberData(nameof(Cases))]
    public void A_hot_path_allocates_no_more_than_its_baseline(string name)
    {
        var allowed = long.Parse(Baselines().Single(l => l[0] == name)[1], CultureInfo.InvariantCulture);
        var action = Action(name);
        for (var i = 0; i < 100; i++) action();
        var least = long.MaxValue;
        for (var attempt = 0; attempt < 3; attempt++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 100; i++) action();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        Assert.InRange(least / 100.0, 0, allowed);
    }

    private Action Action(string name)
    {
        var profile = name.Contains("gcm", StringComparison.Ordinal) ? SrtpProfile.AeadAes128Gcm : SrtpProfile.Aes128CmSha1Tag80;
        (_buffer[0], _buffer[1]) = (0x80, 96);
        var sender = SrtpContextTests.Context(profile);
        var receiver = SrtpContextTests.Context(profile);
        var accessUnit = new byte[30_000];
        (accessUnit[2], accessUnit[3], accessUnit[^1]) = (1, 0x65, 1);
        var feed = new CameraFeed(FeedFormat.H264, 90000, FeedLimits.Video);
        var viewers = Enumerable.Range(0, 10).Select(i => new Viewer(feed, new ViewerStream((uint)i, 102, 1, 1))).ToArray();
        var packet = new byte[1200];
        (packet[0], packet[12]) = (0x80, 0x65);
        return name switch
        {
            "srtp-protect-cm-1200" or "srtp-protect-gcm-1200" => () => Expect(Protect(sender) > 1200),
            "srtp-unprotect-cm-1200" or "srtp-unprotect-gcm-1200" => () => Expect(receiver.UnprotectRtp(_buffer.AsSpan(0, Protect(sender)), out _) == SrtpStatus.Ok),
            "h264-packetize-30000" => () =>
            {
                var packetizer = new H264Packetizer(accessUnit, 1200);
                while (packetizer.TryNext(_buffer, out var length, out _)) Expect(length > 0);
            },
            "jpeg-packetize-2500" => () =>
            {
                var packetizer = new JpegPacketizer(new JpegImage { Type = 1, Width = 320, Height = 240, RestartInterval = 0, LumaTable = accessUnit.AsSpan(0, 64), ChromaTable = accessUnit.AsSpan(0, 64), Scan = accessUnit.AsSpan(0, 2500) }, 1200);
                while (packetizer.TryNext(_buffer, out var length, out _)) Expect(length > 0);
            },
            "broker-fan-out-10" => () =>
            {
                BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), ++_sequence);
                Expect(feed.Publish(packet, TimeSpan.Zero));
                foreach (var viewer in viewers)
                    while (viewer.TryNext(_buffer, TimeSpan.Zero, out var length)) Expect(length == 1200);
            },
            "rtp-read-write" => () =>
            {
                var writer = new RtpWriter(_buffer, new RtpHeader(96, true, 1, 2, 3));
                Expect(writer.TryAddExtension(1, packet.AsSpan(0, 2)) && writer.TryWritePayload(packet));
                Expect(RtpPacket.TryRead(_buffer.AsSpan(0, writer.Length), out var view) && view.TryGetExtension(1, out _));
            },
            _ => throw new ArgumentException($"There is no case {name}.", nameof(name)),
        };
    }

    private int Protect(SrtpContext sender)
    {
        BinaryPrimitives.WriteUInt16BigEndian(_buffer.AsSpan(2), ++_sequence);
        Expect(sender.ProtectRtp(_buffer, 1212, out var length) == SrtpStatus.Ok);
        return length;
    }

    private static void Expect(bool holds)
    {
        if (!holds) throw new InvalidOperationException("The case did not do its work.");
    }
}
