using MediaRelay.Media.Rtp;
using MediaRelay.Tests.Support;

namespace MediaRelay.Media.Tests.Rtp;

public sealed class PacketTests
{
    public static TheoryData<string> Headers() => [.. VectorFile.Rows("rtp_headers_demux.json", "rtp").Select(r => r.TextProperty("id"))];

    [Theory, MemberData(nameof(Headers))]
    public void A_header_is_read_or_refused_as_listed(string id)
    {
        var row = VectorFile.Rows("rtp_headers_demux.json", "rtp").First(r => r.TextProperty("id") == id);
        var bytes = row.HexProperty("hex");
        Assert.Equal(row.GetProperty("valid").GetBoolean(), RtpPacket.TryRead(bytes, out var packet));
        if (!row.GetProperty("valid").GetBoolean()) return;
        Assert.Equal(row.GetProperty("pt").GetInt32(), packet.PayloadType);
        Assert.Equal(row.GetProperty("marker").GetBoolean(), packet.Marker);
        Assert.Equal(row.GetProperty("seq").GetInt32(), packet.SequenceNumber);
        Assert.Equal(row.GetProperty("ts").GetInt64(), packet.Timestamp);
        Assert.Equal(row.GetProperty("ssrc").GetInt64(), packet.Ssrc);
        Assert.Equal(row.TextProperty("payload"), Convert.ToHexStringLower(packet.Payload));
        var found = new Dictionary<string, string>();
        foreach (var extension in packet.Extensions) found.Add($"{extension.Id}", Convert.ToHexStringLower(extension.Value));
        var listed = row.TryGetProperty("extensions", out var list) ? list.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString()!) : [];
        Assert.Equal(listed, found);
    }

    [Fact]
    public void The_first_byte_tells_the_protocol()
    {
        foreach (var row in VectorFile.Rows("rtp_headers_demux.json", "first_byte_demux"))
        {
            var expected = row.TextProperty("protocol").Split(' ', ',')[0] switch
            {
                "STUN" => PacketKind.Stun, "ZRTP" => PacketKind.Zrtp, "DTLS" => PacketKind.Dtls, "TURN" => PacketKind.TurnChannel, "QUIC" => PacketKind.Quic, "RTP/RTCP" => PacketKind.Rtp, _ => PacketKind.Unknown,
            };
            Assert.Equal(expected, PacketDemux.Kind([(byte)row.GetProperty("first").GetInt32(), 0]));
        }
        foreach (var row in VectorFile.Rows("rtp_headers_demux.json", "rtp_rtcp_split_by_second_byte"))
            Assert.Equal(row.TextProperty("kind") == "RTP" ? PacketKind.Rtp : PacketKind.Rtcp, PacketDemux.Kind([0x80, (byte)row.GetProperty("second").GetInt32()]));
    }

    [Fact]
    public void Sequence_numbers_wrap()
    {
        foreach (var row in VectorFile.Rows("rtp_headers_demux.json", "seq_compare"))
            Assert.Equal(row.GetProperty("a_newer").GetBoolean(), SequenceNumber.IsNewer((ushort)row.GetProperty("a").GetInt32(), (ushort)row.GetProperty("b").GetInt32()));
        Assert.Equal(65536 + 3, SequenceNumber.Unwrap(3, 65530));
        Assert.Equal(65530, SequenceNumber.Unwrap(65530, 65536 + 3));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void What_the_writer_writes_the_view_reads(bool twoByte)
    {
        var buffer = new byte[100];
        var writer = new RtpWriter(buffer, new RtpHeader(96, true, 65535, 0xfffffff0, 7), twoByte);
        Assert.True(writer.TryAddExtension(4, "ab"u8));
        Assert.True(writer.TryAddExtension(1, [0x9f]));
        Assert.Equal(twoByte, writer.TryAddExtension(20, new byte[17]));
        Assert.True(writer.TryWritePayload("payload"u8));
        Assert.True(RtpPacket.TryRead(buffer.AsSpan(0, writer.Length), out var packet));
        Assert.True(packet.TryGetExtension(4, out var value) && value.SequenceEqual("ab"u8));
        Assert.Equal("payload", System.Text.Encoding.ASCII.GetString(packet.Payload));
        Assert.False(new RtpWriter(buffer, default).TryWritePayload(new byte[89]));
    }

    [Fact]
    public void Compound_RTCP_is_read_or_refused_as_listed()
    {
        foreach (var row in VectorFile.Rows("rtp_headers_demux.json", "rtcp_compound"))
        {
            var bytes = row.HexProperty("hex");
            Assert.Equal(row.GetProperty("valid").GetBoolean(), RtcpReader.TryRead(bytes, out var reader));
            if (!row.TryGetProperty("lost", out var lost)) continue;
            Assert.True(reader.MoveNext());
            var numbers = new ushort[20];
            var count = reader.Current.ReadNack(numbers);
            Assert.Equal(lost.EnumerateArray().Select(e => (ushort)e.GetInt32()), numbers[..count]);
        }
    }

    [Fact]
    public void Every_RTCP_packet_survives_a_round_trip()
    {
        var buffer = new byte[1500];
        var writer = new RtcpWriter(buffer);
        var sender = new SenderReport(1, 0x0102030405060708, 9, 10, 11);
        var block = new ReportBlock(5, 64, -3, 0x10005, 77, 0xaabbccdd, 1234);
        Assert.True(writer.TryAddSenderReport(sender, block, block));
        Assert.True(writer.TryAddReceiverReport(1, block));
        Assert.True(writer.TryAddCname(1, "camera@home"u8));
        Assert.True(writer.TryAddPli(1, 2));
        Assert.True(writer.TryAddFir(1, 2, 7));
        Assert.True(writer.TryAddNack(1, 2, [65534, 65535, 0, 16, 40]));
        Assert.True(writer.TryAddRemb(1, 2, 2_500_000));
        Assert.True(writer.TryAddApplication(1, 3, "TEST"u8, new byte[8]));
        Assert.True(writer.TryAddBye(1));
        Assert.True(RtcpReader.TryRead(buffer.AsSpan(0, writer.Length), out var reader));
        var seen = new List<RtcpType>();
        foreach (var packet in reader)
        {
            seen.Add(packet.Type);
            if (packet.TryGetSender(out var read)) Assert.Equal(sender, read);
            for (var i = 0; i < packet.ReportCount; i++) Assert.Equal(block, packet.Report(i));
            if (packet.TryGetCname(out var ssrc, out var cname)) Assert.Equal((1u, "camera@home"), (ssrc, System.Text.Encoding.ASCII.GetString(cname)));
            if (packet.IsFir) Assert.True(packet.TryGetFir(2, out var command) && command == 7 && !packet.TryGetFir(3, out _));
            if (packet.TryGetRemb(out var bits)) Assert.InRange(bits, 2_499_900, 2_500_000);
            if (packet.Type == RtcpType.Bye) Assert.True(packet.IsByeOf(1));
            if (!packet.IsNack) continue;
            var lost = new ushort[20];
            Assert.Equal([65534, 65535, 0, 16, 40], lost[..packet.ReadNack(lost)].Select(n => (int)n));
        }
        Assert.Equal(9, seen.Count);
        for (var length = 0; length < writer.Length; length++)
        {
            if (!RtcpReader.TryRead(buffer.AsSpan(0, length), out var cut)) continue;
            foreach (var packet in cut) Assert.True(packet.Body.Length <= length);
        }
        var small = new RtcpWriter(new byte[11]);
        Assert.False(small.TryAddPli(1, 2));
        Assert.Equal(0, small.Length);
    }

    [Fact]
    public void Transport_wide_feedback_tells_the_arrival_of_each_packet()
    {
        var receiver = new TransportWideReceiver();
        int[] at = [0, 1, 2, -1, 70, 71, 72, 73, -1, -1, 5];
        for (var i = 0; i < at.Length; i++)
            if (at[i] >= 0) receiver.Handle((ushort)(65533 + i), TimeSpan.FromSeconds(100) + TimeSpan.FromMilliseconds(at[i]));
        Assert.NotNull(receiver.NextDeadline);
        var body = new byte[1200];
        var length = receiver.Write(body);
        var deltas = new int[100];
        Assert.True(TransportWideFeedback.TryRead(body.AsSpan(0, length), deltas, out var first, out var count, out _, out _));
        Assert.Equal((65533, 11), (first, count));
        Assert.Equal([4, 4, TransportWideFeedback.NotReceived, 272, 4, 4, 4, TransportWideFeedback.NotReceived, TransportWideFeedback.NotReceived, -272], deltas[1..11]);
        Assert.Equal(0, receiver.Write(body));
        for (var cut = 0; cut < length - 3; cut++) Assert.False(TransportWideFeedback.TryRead(body.AsSpan(0, cut), deltas, out _, out _, out _, out _));
    }

    [Fact]
    public void Reading_and_writing_allocate_nothing()
    {
        var buffer = new byte[1500];
        var payload = new byte[1100];
        var sum = 0L;
        var blocks = new ReportBlock[2];
        ushort[] lost = [5, 6];
        AllocationCheck.Zero(() =>
        {
            var writer = new RtpWriter(buffer, new RtpHeader(96, true, 1, 2, 3));
            writer.TryAddExtension(1, [1]);
            writer.TryWritePayload(payload);
            if (RtpPacket.TryRead(buffer.AsSpan(0, writer.Length), out var packet) && packet.TryGetExtension(1, out var value)) sum += value[0];
            var rtcp = new RtcpWriter(buffer);
            rtcp.TryAddReceiverReport(1, blocks);
            rtcp.TryAddNack(1, 2, lost);
            if (!RtcpReader.TryRead(buffer.AsSpan(0, rtcp.Length), out var reader)) return;
            foreach (var part in reader) sum += part.Count;
        });
        Assert.True(sum > 0);
    }
}
