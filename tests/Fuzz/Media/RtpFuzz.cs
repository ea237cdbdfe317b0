using MediaRelay.Media.Rtp;
using MediaRelay.Tests.Support;

namespace MediaRelay.Fuzz.Media;

public class RtpFuzz
{
    private static readonly IReadOnlyList<byte[]> RtpCorpus = [.. VectorFile.Rows("rtp_headers_demux.json", "rtp").Select(r => r.HexProperty("hex"))];

    private static readonly IReadOnlyList<byte[]> RtcpCorpus = [.. VectorFile.Rows("rtp_headers_demux.json", "rtcp_compound").Select(r => r.HexProperty("hex")), Compound()];

    private static byte[] Compound()
    {
        var buffer = new byte[600];
        var writer = new RtcpWriter(buffer);
        writer.TryAddSenderReport(new SenderReport(1, 2, 3, 4, 5), new ReportBlock(5, 6, 7, 8, 9, 10, 11));
        writer.TryAddCname(1, "name"u8);
        writer.TryAddNack(1, 2, [1, 2, 40]);
        writer.TryAddFir(1, 2, 3);
        writer.TryAddRemb(1, 2, 1_000_000);
        var receiver = new TransportWideReceiver();
        for (ushort i = 0; i < 40; i += 3) receiver.Handle(i, TimeSpan.FromMilliseconds(i * 5));
        var body = new byte[400];
        writer.TryAddFeedback(RtcpType.TransportFeedback, RtcpPacket.TransportWideFormat, 1, 2, body.AsSpan(0, receiver.Write(body)));
        return buffer[..writer.Length];
    }

    [Fact]
    public void A_packet_that_reads_is_inside_its_bytes_and_survives_RTX()
    {
        var read = 0;
        var (rtx, back) = (new byte[9000], new byte[9000]);
        FuzzRun.Over(RtpCorpus, seed: 1, count: 400_000, input =>
        {
            _ = PacketDemux.Kind(input);
            if (!RtpPacket.TryRead(input, out var packet)) return;
            read++;
            Check(packet.PayloadStart + packet.Payload.Length + packet.PaddingLength == input.Length);
            var total = 0;
            foreach (var extension in packet.Extensions) total += extension.Value.Length + 1;
            Check(total <= packet.ExtensionContent.Length);
            for (var i = 0; i < packet.CsrcCount; i++) _ = packet.Csrc(i);
            var length = RtxPacket.Write(packet, 97, 5, 6, rtx);
            Check(RtpPacket.TryRead(rtx.AsSpan(0, length), out var repeated));
            length = RtxPacket.Restore(repeated, packet.PayloadType, packet.Ssrc, back);
            Check(RtpPacket.TryRead(back.AsSpan(0, length), out var restored) && restored.Payload.SequenceEqual(packet.Payload) && restored.SequenceNumber == packet.SequenceNumber);
        });
        Assert.True(read > 10_000, $"{read} read");
    }

    [Fact]
    public void A_compound_packet_that_reads_can_be_looked_at_in_every_way()
    {
        var (read, sum) = (0, 0L);
        var deltas = new int[70_000];
        var lost = new ushort[200];
        FuzzRun.Over(RtcpCorpus, seed: 2, count: 400_000, input =>
        {
            if (!RtcpReader.TryRead(input, out var reader)) return;
            read++;
            var total = 0;
            foreach (var packet in reader)
            {
                total += packet.Body.Length + 4;
                for (var i = 0; i < packet.ReportCount; i++) sum += packet.Report(i).Ssrc;
                sum += packet.Ssrc + packet.MediaSsrc + packet.ReadNack(lost);
                if (packet.TryGetSender(out var sender)) sum += sender.Packets;
                if (packet.TryGetCname(out _, out var name)) sum += name.Length;
                if (packet.TryGetRemb(out var bits)) Check(bits >= 0);
                if (packet.TryGetFir(2, out var command)) sum += command;
                if (packet.IsByeOf(1)) sum++;
                if (packet.Type == RtcpType.TransportFeedback && packet.Body.Length > 8) _ = TransportWideFeedback.TryRead(packet.Body[8..], deltas, out _, out _, out _, out _);
            }
            Check(total <= input.Length);
        });
        Assert.True(read > 10_000 && sum != 0, $"{read} read");
    }

    private static void Check(bool holds)
    {
        if (!holds) throw new InvalidOperationException("A boundary does not hold.");
    }
}
