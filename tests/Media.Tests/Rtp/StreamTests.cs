using FsCheck;
using FsCheck.Fluent;
using MediaRelay.Media.Rtp;
using MediaRelay.Tests.Support;

namespace MediaRelay.Media.Tests.Rtp;

public sealed class StreamTests
{
    private static TimeSpan Ms(double value) => TimeSpan.FromMilliseconds(value);

    internal static byte[] Packet(ushort sequence, uint timestamp, uint ssrc = 1, byte[]? payload = null, bool marker = false, byte payloadType = 96)
    {
        payload ??= [1, 2, 3];
        var buffer = new byte[12 + payload.Length];
        var writer = new RtpWriter(buffer, new RtpHeader(payloadType, marker, sequence, timestamp, ssrc));
        Assert.True(writer.TryWritePayload(payload));
        return buffer;
    }

    internal static RtpPacket View(byte[] bytes)
    {
        Assert.True(RtpPacket.TryRead(bytes, out var packet));
        return packet;
    }

    [Fact]
    public void A_switched_source_continues_numbers_and_time()
    {
        var rewriter = new StreamRewriter(9, 90000, 65534, 1000);
        Assert.True(rewriter.TryRewrite(View(Packet(10, 5000, 1)), 102, Ms(0), out var header));
        Assert.Equal(new RtpHeader(102, false, 65534, 1000, 9), header);
        Assert.True(rewriter.TryRewrite(View(Packet(11, 8000, 1)), 102, Ms(33), out header));
        Assert.Equal((65535, 4000u), (header.SequenceNumber, header.Timestamp));
        Assert.True(rewriter.TryRewrite(View(Packet(700, 77, 2)), 102, Ms(133), out header));
        Assert.Equal((0, 13000u), (header.SequenceNumber, header.Timestamp));
        rewriter.Skip();
        Assert.True(rewriter.TryRewrite(View(Packet(702, 3077, 2)), 102, Ms(166), out header));
        Assert.Equal((1, 16000u), (header.SequenceNumber, header.Timestamp));
    }

    [Fact]
    public void A_lost_packet_is_asked_for_at_once_then_each_round_trip_and_given_up_after_a_second()
    {
        var nack = new NackGenerator { RoundTrip = Ms(50) };
        nack.Handle(65534, Ms(0));
        nack.Handle(1, Ms(10));
        Span<ushort> lost = stackalloc ushort[10];
        Assert.Equal([65535, 0], lost[..nack.TakeDue(Ms(10), lost)].ToArray().Select(n => (int)n));
        Assert.Equal(0, nack.TakeDue(Ms(59), lost));
        Assert.Equal(Ms(60), nack.NextDeadline);
        nack.Handle(0, Ms(59));
        Assert.Equal([65535], lost[..nack.TakeDue(Ms(60), lost)].ToArray().Select(n => (int)n));
        Assert.False(nack.NeedsKeyFrame);
        Assert.Equal(0, nack.TakeDue(Ms(1100), lost));
        Assert.True(nack.NeedsKeyFrame);
        Assert.Null(nack.NextDeadline);
        nack.Clear();
        nack.Handle(400, Ms(1200));
        Assert.True(nack.NeedsKeyFrame);
    }

    [Fact]
    public void Reports_tell_loss_jitter_and_round_trip()
    {
        var statistics = new ReceptionStatistics(7, 8000);
        for (var i = 0; i < 100; i++)
            if (i % 10 != 3) statistics.Handle((ushort)(65500 + i), (uint)(i * 160), 160, Ms(20 * i + (i % 2 == 0 ? 0 : 4)));
        statistics.HandleSenderReport(new SenderReport(7, 0x0000_1234_5678_0000, 0, 0, 0), Ms(2000));
        var block = statistics.TakeReport(Ms(2500));
        Assert.Equal((10, 10L), (block.TotalLost, statistics.Lost));
        Assert.Equal(10 * 256 / 100, block.FractionLost);
        Assert.Equal((0x12345678u, 32768u), (block.LastSenderReport, block.DelaySinceLast));
        Assert.InRange(statistics.Jitter.TotalMilliseconds, 2, 4.5);
        Assert.Equal(65500u + 99u, block.HighestSequence);
        Assert.Equal(0, statistics.TakeReport(Ms(2600)).FractionLost);
        Assert.Equal(250, block.RoundTrip(0x12345678 + 32768 + 16384)!.Value.TotalMilliseconds);
        Assert.Null((block with { LastSenderReport = 0 }).RoundTrip(1));
        Assert.Equal(0x8000_0000u, (uint)SenderReport.ToNtp(DateTimeOffset.UnixEpoch.AddSeconds(0.5)));
        Assert.Equal(2208988800u, (uint)(SenderReport.ToNtp(DateTimeOffset.UnixEpoch) >> 32));
    }

    [Fact]
    public void Audio_leaves_in_order_and_on_time_and_losses_are_told()
    {
        var buffer = new JitterBuffer(8000, Ms(40), Ms(200));
        foreach (var (sequence, at) in new[] { (0, 0.0), (2, 41.0), (1, 45.0), (4, 80.0) })
            Assert.True(buffer.Add(View(Packet((ushort)sequence, (uint)(sequence * 160), 1, [(byte)sequence])), Ms(at)));
        Assert.False(buffer.Add(View(Packet(4, 640)), Ms(80)));
        var played = new List<string>();
        for (var now = 0; now <= 200; now += 5)
            while (buffer.Take(Ms(now), out var payload, out _) is var outcome && outcome != JitterBufferOutcome.Nothing)
                played.Add(outcome == JitterBufferOutcome.Lost ? "lost" : $"{payload[0]}");
        Assert.Equal(["0", "1", "2", "lost", "4"], played);
        Assert.Equal((1L, 0), (buffer.Lost, buffer.Waiting));
        Assert.False(buffer.Add(View(Packet(3, 480)), Ms(200)));
        Assert.Equal(1, buffer.Late);
    }

    [Fact]
    public void The_delay_follows_the_jitter_within_its_bounds()
    {
        var buffer = new JitterBuffer(8000, Ms(20), Ms(150));
        for (var i = 0; i < 300; i++)
        {
            buffer.Add(View(Packet((ushort)i, (uint)(i * 160))), Ms(20 * i + (i % 5 == 0 ? 60 : 0)));
            while (buffer.Take(Ms(20 * i), out _, out _) != JitterBufferOutcome.Nothing) { }
        }
        Assert.InRange(buffer.Delay, Ms(40), Ms(150));
    }

    [Fact]
    public void Whatever_the_network_does_audio_is_played_in_order_and_counted() => Prop.ForAll(Gen.Choose(-3, 6).NonEmptyListOf().ToArbitrary(), steps =>
    {
        var buffer = new JitterBuffer(8000, Ms(20), Ms(100));
        var (sequence, now, last, inOrder, taken, added) = (100, 0, -1, true, 0, 0);
        foreach (var step in steps)
        {
            sequence += step;
            if (buffer.Add(View(Packet((ushort)sequence, (uint)(sequence * 160), 1, [1])), Ms(now))) added++;
            now += 15;
            while (buffer.Take(Ms(now), out _, out var timestamp) is var outcome && outcome != JitterBufferOutcome.Nothing)
            {
                if (outcome == JitterBufferOutcome.Lost) continue;
                taken++;
                inOrder &= (int)timestamp > last;
                last = (int)timestamp;
            }
        }
        return inOrder && taken + buffer.Waiting == added && (buffer.Waiting == 0) == (buffer.NextDeadline is null);
    }).QuickCheckThrowOnFailure();

    [Fact]
    public void Rtx_carries_the_original_number_and_gives_the_packet_back()
    {
        var original = View(Packet(500, 9000, 5, [1, 2, 3, 4], marker: true));
        var buffer = new byte[100];
        var length = RtxPacket.Write(original, 97, 6, 33, buffer);
        var rtx = View(buffer[..length]);
        Assert.Equal((97, 33, 6u, 9000u, true), (rtx.PayloadType, rtx.SequenceNumber, rtx.Ssrc, rtx.Timestamp, rtx.Marker));
        var back = new byte[100];
        Assert.Equal(original.Packet.ToArray(), back[..RtxPacket.Restore(rtx, 96, 5, back)]);
        Assert.Equal(0, RtxPacket.Restore(View(Packet(1, 1, 1, [9])), 96, 5, back));
        Assert.Equal(0, RtxPacket.Write(original, 97, 6, 33, new byte[17]));
    }

    [Fact]
    public void The_ring_keeps_what_fits_and_finds_it_by_number()
    {
        var ring = new RetransmissionBuffer(64, 1000);
        for (var i = 0; i < 200; i++) Assert.Equal(65536 + 65500 + i, ring.Add(View(Packet((ushort)(65500 + i), (uint)(i / 2), 1, new byte[38])), i % 30 == 0));
        Assert.True(ring.TryFind(163, out var number, out var packet));
        Assert.Equal((ring.Next - 1, 50), (number, packet.Length));
        Assert.Equal(20, ring.Next - ring.Oldest);
        Assert.False(ring.TryGet(ring.Oldest - 1, out _));
        Assert.Equal(-1, ring.Add(View(Packet(163, 99)), false));
        Assert.Equal(65536 + 65500 + 180, ring.KeyFrame);
        for (var i = 200; i < 209; i++) ring.Add(View(Packet((ushort)(65500 + i), 7000, 1, new byte[38])), false);
        Assert.Equal(-1, ring.KeyFrame);
    }

    [Fact]
    public void Ring_rewriter_and_nack_allocate_nothing()
    {
        var ring = new RetransmissionBuffer(64, 100_000);
        var rewriter = new StreamRewriter(9, 90000, 1, 1);
        var nack = new NackGenerator();
        var bytes = Packet(0, 0, 1, new byte[1000]);
        ushort sequence = 0;
        AllocationCheck.Zero(() =>
        {
            System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), sequence += 2);
            var packet = View(bytes);
            ring.Add(packet, true);
            rewriter.TryRewrite(packet, 96, Ms(sequence), out _);
            nack.Handle(sequence, Ms(sequence));
            Span<ushort> lost = stackalloc ushort[16];
            nack.TakeDue(Ms(sequence), lost);
        });
        Assert.True(ring.Next > 0);
    }
}
