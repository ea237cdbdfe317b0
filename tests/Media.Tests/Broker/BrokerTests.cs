using MediaRelay.Media.Broker;
using MediaRelay.Media.Rtp;
using MediaRelay.Media.Tests.Rtp;
using MediaRelay.Tests.Support;

namespace MediaRelay.Media.Tests.Broker;

public sealed class BrokerTests
{
    private static readonly byte[] Key = [0x65, 1, 2, 3], Delta = [0x41, 4, 5];
    private readonly CameraFeed _feed = new(FeedFormat.H264, 90000, new FeedLimits(256, 64 << 10, TimeSpan.FromMilliseconds(500)));
    private readonly List<FeedCommand> _commands = [];

    private static TimeSpan Ms(int value) => TimeSpan.FromMilliseconds(value);

    private static ViewerStream Stream(uint? rtx = null) => new(100, 120, 1000, 50_000) { RtxSsrc = rtx, RtxPayloadType = 121, MidExtensionId = 4, Mid = "v" };

    private void Publish(int sequence, int frame, bool key) =>
        Assert.True(_feed.Publish(StreamTests.Packet((ushort)sequence, (uint)(frame * 3000), 77, key ? Key : Delta, marker: true), Ms(frame * 33)));

    private static List<(int Sequence, uint Timestamp, byte First)> Pump(Viewer viewer, int now)
    {
        var list = new List<(int, uint, byte)>();
        var buffer = new byte[1500];
        while (viewer.TryNext(buffer, Ms(now), out var length))
        {
            var packet = StreamTests.View(buffer[..length]);
            Assert.Equal((100u, 120), (packet.Ssrc, packet.PayloadType));
            Assert.True(packet.TryGetExtension(4, out var mid) && mid.SequenceEqual("v"u8));
            list.Add((packet.SequenceNumber, packet.Timestamp, packet.Payload[0]));
        }
        return list;
    }

    private void Feedback(Viewer viewer, int now, ushort[]? lost)
    {
        var buffer = new byte[200];
        var writer = new RtcpWriter(buffer);
        if (lost is null) writer.TryAddPli(1, 100);
        else writer.TryAddNack(1, 100, lost);
        Assert.True(RtcpReader.TryRead(buffer.AsSpan(0, writer.Length), out var reader));
        foreach (var packet in reader) viewer.HandleRtcp(packet, Ms(now), _commands);
    }

    [Fact]
    public void A_new_viewer_starts_at_the_key_frame_and_is_live_after_it()
    {
        for (var i = 0; i < 10; i++) Publish(65530 + i, i, i is 0 or 6);
        var viewer = new Viewer(_feed, Stream());
        Assert.Equal([(1000, 50_000u, 0x65), (1001, 50_090u, 0x41), (1002, 50_180u, 0x41), (1003, 50_270u, 0x41)], Pump(viewer, 0).Select(p => (p.Sequence, p.Timestamp, (int)p.First)));
        Publish(65540, 10, false);
        Assert.Equal((1004, 53_270u), Pump(viewer, 33).Select(p => (p.Sequence, p.Timestamp)).Single());
    }

    [Fact]
    public void Without_a_key_frame_the_viewer_waits_and_the_camera_is_asked_once()
    {
        Publish(1, 1, false);
        var viewers = Enumerable.Range(0, 5).Select(_ => new Viewer(_feed, Stream())).ToArray();
        foreach (var viewer in viewers)
        {
            Assert.Empty(Pump(viewer, 0));
            Assert.True(viewer.IsWaiting);
            Feedback(viewer, 10, null);
        }
        Assert.Equal([FeedCommand.RequestKeyFrame], _commands);
        Assert.Equal(Ms(510), _feed.NextDeadline);
        Publish(2, 2, true);
        Assert.Null(_feed.NextDeadline);
        Assert.All(viewers, v => Assert.Single(Pump(v, 40)));
        Feedback(viewers[0], 100, null);
        _feed.HandleDeadline(Ms(509), _commands);
        Assert.Single(_commands);
        _feed.HandleDeadline(Ms(510), _commands);
        Assert.Equal(2, _commands.Count);
        Assert.Equal((7L, 2L), (_feed.Counters.KeyFramesWanted + 1, _feed.Counters.KeyFramesRequested));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_lost_packet_comes_again_from_the_shared_ring(bool rtx)
    {
        Publish(1, 1, true);
        var viewer = new Viewer(_feed, Stream(rtx ? 200u : null));
        Pump(viewer, 0);
        for (var i = 2; i < 6; i++) Publish(i, i, false);
        var sent = Pump(viewer, 10);
        Feedback(viewer, 20, [1002, 1003, 2000]);
        Feedback(viewer, 21, [1002]);
        var buffer = new byte[1500];
        var again = new List<(uint Ssrc, int Type, int Original)>();
        while (viewer.TryNextRetransmission(buffer, TimeSpan.FromMilliseconds(25), out var length))
        {
            var packet = StreamTests.View(buffer[..length]);
            again.Add((packet.Ssrc, packet.PayloadType, rtx ? packet.Payload[0] << 8 | packet.Payload[1] : packet.SequenceNumber));
            var number = packet.SequenceNumber;
            if (!rtx) Assert.Equal(sent.Single(s => s.Sequence == number).Timestamp, packet.Timestamp);
        }
        Assert.Equal(rtx ? [(200u, 121, 1002), (200u, 121, 1003)] : [(100u, 120, 1002), (100u, 120, 1003)], again);
        Assert.Equal((2L, 2L), (viewer.Counters.NackCount, viewer.Counters.RetransmittedPacketsSent));
        Feedback(viewer, 60, [1002]);
        Assert.True(viewer.TryNextRetransmission(buffer, TimeSpan.FromMilliseconds(70), out _));
        Feedback(viewer, 100, [1002]);
        Assert.False(viewer.TryNextRetransmission(buffer, TimeSpan.FromMilliseconds(601), out _));
    }

    [Fact]
    public void Packets_out_of_order_reach_the_viewer_with_their_own_number()
    {
        Publish(1, 1, true);
        var viewer = new Viewer(_feed, Stream());
        Pump(viewer, 0);
        Publish(3, 3, false);
        Assert.Equal([1002], Pump(viewer, 1).Select(p => p.Sequence));
        Publish(2, 2, false);
        Assert.Equal([1001], Pump(viewer, 2).Select(p => p.Sequence));
        Assert.False(_feed.Publish(StreamTests.Packet(2, 6000, 77, Delta), Ms(3)));
        Assert.False(_feed.Publish([1, 2, 3], Ms(3)));
        Assert.Equal(2, _feed.Counters.Refused);
    }

    [Fact]
    public void A_slow_viewer_goes_on_at_a_newer_key_frame_with_continuous_numbers()
    {
        Publish(0, 0, true);
        var viewer = new Viewer(_feed, Stream());
        Pump(viewer, 0);
        for (var i = 1; i <= 600; i++) Publish(i, i, i % 100 == 0);
        var got = Pump(viewer, 20_000);
        Assert.Equal((1001, 0x65), (got[0].Sequence, (int)got[0].First));
        Assert.Single(got);
        Assert.Equal(1, viewer.Counters.Jumps);
        Publish(601, 601, false);
        Assert.Equal([1002], Pump(viewer, 20_033).Select(p => p.Sequence));
    }

    [Fact]
    public void A_switch_to_another_camera_goes_on_in_the_same_stream()
    {
        Publish(1, 1, true);
        var viewer = new Viewer(_feed, Stream());
        Pump(viewer, 0);
        var other = new CameraFeed(FeedFormat.H264, 90000, FeedLimits.Video);
        Assert.True(other.Publish(StreamTests.Packet(900, 1_000_000, 5, Key, marker: true), Ms(0)));
        viewer.Switch(other);
        Assert.Equal((1001, 50_000u + 90_000u), Pump(viewer, 1000).Select(p => (p.Sequence, p.Timestamp)).Single());
    }

    [Theory]
    [InlineData(78, 40_000)]
    [InlineData(78, 9)]
    [InlineData(77, 30_000)]
    [InlineData(77, 64_000)]
    public void A_camera_that_comes_back_continues_the_stream(uint ssrc, int sequence)
    {
        Publish(10, 1, true);
        var viewer = new Viewer(_feed, Stream());
        Pump(viewer, 0);
        for (var i = 0; i < 3; i++)
            Assert.True(_feed.Publish(StreamTests.Packet((ushort)(sequence + i), (uint)(4_000_000_000 + i * 3000), ssrc, i == 0 ? Key : Delta, marker: true), Ms(1033 + i * 33)));
        var got = Pump(viewer, 1100);
        Assert.Equal([(1001, 140_000u), (1002, 143_000u), (1003, 146_000u)], got.Select(p => (p.Sequence, p.Timestamp)));
    }

    [Fact]
    public void Audio_starts_live()
    {
        var audio = new CameraFeed(FeedFormat.Audio, 8000, FeedLimits.Audio);
        for (ushort i = 0; i < 50; i++) Assert.True(audio.Publish(StreamTests.Packet(i, (uint)(i * 160), 3, new byte[160]), Ms(20 * i)));
        var viewer = new Viewer(audio, Stream());
        Assert.Equal([(1000, 50_000u)], Pump(viewer, 0).Select(p => (p.Sequence, p.Timestamp)));
        Assert.True(audio.Publish(StreamTests.Packet(50, 8000, 3, new byte[160]), Ms(1000)));
        Assert.Equal([(1001, 50_160u)], Pump(viewer, 20).Select(p => (p.Sequence, p.Timestamp)));
        audio.RequestKeyFrame(Ms(0), _commands);
        Assert.Empty(_commands);
    }

    [Fact]
    public void The_fan_out_allocates_nothing()
    {
        var feed = new CameraFeed(FeedFormat.H264, 90000, FeedLimits.Video);
        var viewers = Enumerable.Range(0, 10).Select(_ => new Viewer(feed, Stream(200))).ToArray();
        var packet = StreamTests.Packet(0, 0, 1, [0x65, .. new byte[1100]]);
        var buffer = new byte[1500];
        ushort sequence = 0;
        var sent = 0L;
        AllocationCheck.Zero(() =>
        {
            System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), ++sequence);
            feed.Publish(packet, TimeSpan.Zero);
            foreach (var viewer in viewers)
                while (viewer.TryNext(buffer, TimeSpan.Zero, out var length)) sent += length;
        });
        Assert.True(sent > 1_000_000);
    }
}
