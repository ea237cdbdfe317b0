using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using MediaRelay.Media.Srtp;
using MediaRelay.Tests.Support;

namespace MediaRelay.Media.Tests.Srtp;

public sealed class SrtpContextTests
{
    public static TheoryData<SrtpProfile> Profiles() => [SrtpProfile.Aes128CmSha1Tag80, SrtpProfile.Aes128CmSha1Tag32, SrtpProfile.AeadAes128Gcm, SrtpProfile.AeadAes256Gcm];

    internal static SrtpContext Context(SrtpProfile profile, bool repeats = false) => new(new SrtpKey(profile,
        Enumerable.Range(1, SrtpKey.KeyLength(profile)).Select(i => (byte)i).ToArray(), Enumerable.Range(101, SrtpKey.SaltLength(profile)).Select(i => (byte)i).ToArray())) { AllowsRepeats = repeats };

    internal static byte[] Packet(ushort sequence, uint ssrc = 5, int payload = 40)
    {
        var packet = new byte[12 + payload];
        (packet[0], packet[1]) = (0x80, 96);
        BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), sequence);
        BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(8), ssrc);
        for (var i = 12; i < packet.Length; i++) packet[i] = (byte)(i + sequence);
        return packet;
    }

    private static byte[] Protect(SrtpContext context, byte[] packet)
    {
        var buffer = new byte[packet.Length + SrtpContext.MaxOverhead];
        packet.CopyTo(buffer, 0);
        Assert.Equal(SrtpStatus.Ok, context.ProtectRtp(buffer, packet.Length, out var written));
        return buffer[..written];
    }

    [Theory, MemberData(nameof(Profiles))]
    public void Packets_survive_rollover_reorder_and_loss(SrtpProfile profile)
    {
        using var sender = Context(profile);
        using var receiver = Context(profile);
        var sent = Enumerable.Range(65400, 400).Select(i => (ushort)i).Select(s => (s, Protect(sender, Packet(s)))).ToList();
        for (var i = 0; i + 7 < sent.Count; i += 7) (sent[i], sent[i + 6]) = (sent[i + 6], sent[i]);
        foreach (var (sequence, wire) in sent.Where((_, i) => i % 11 != 3))
        {
            Assert.Equal(SrtpStatus.Ok, receiver.UnprotectRtp(wire, out var length));
            Assert.Equal(Packet(sequence), wire[..length]);
        }
    }

    [Theory, MemberData(nameof(Profiles))]
    public void A_forged_packet_changes_nothing(SrtpProfile profile)
    {
        using var sender = Context(profile);
        using var receiver = Context(profile);
        Assert.Equal(SrtpStatus.Ok, receiver.UnprotectRtp(Protect(sender, Packet(1000)), out _));
        var next = Protect(sender, Packet(1001));
        for (var i = 0; i < 200; i++)
        {
            // Far ahead and far behind, to lure the rollover counter; also new sources, to fill the table.
            var forged = Protect(Context(profile), Packet((ushort)(i * 331), i % 2 == 0 ? 5 : (uint)i));
            forged[^1] ^= 1;
            Assert.NotEqual(SrtpStatus.Ok, receiver.UnprotectRtp(forged, out var length));
            Assert.Equal(0, length);
        }
        Assert.Equal(SrtpStatus.Ok, receiver.UnprotectRtp(next, out _));
    }

    [Theory, MemberData(nameof(Profiles))]
    public void A_replayed_or_too_old_packet_is_refused(SrtpProfile profile)
    {
        using var sender = Context(profile);
        using var receiver = Context(profile);
        var wires = Enumerable.Range(0, 200).Select(i => Protect(sender, Packet((ushort)i))).ToArray();
        foreach (var i in new[] { 0, 5, 199, 72 }) Assert.Equal(SrtpStatus.Ok, receiver.UnprotectRtp((byte[])wires[i].Clone(), out _));
        foreach (var i in new[] { 199, 72, 71, 5 }) Assert.Equal(SrtpStatus.Replayed, receiver.UnprotectRtp((byte[])wires[i].Clone(), out _));
        Assert.Equal(SrtpStatus.Ok, receiver.UnprotectRtp((byte[])wires[73].Clone(), out _));
    }

    [Fact]
    public void An_index_is_protected_once_unless_repeats_are_allowed()
    {
        using var sender = Context(SrtpProfile.AeadAes128Gcm);
        var buffer = new byte[100];
        Packet(7).CopyTo(buffer, 0);
        Assert.Equal(SrtpStatus.Ok, sender.ProtectRtp(buffer, 52, out _));
        Packet(7).CopyTo(buffer, 0);
        Assert.Equal(SrtpStatus.Replayed, sender.ProtectRtp(buffer, 52, out _));
        using var repeating = Context(SrtpProfile.AeadAes128Gcm, repeats: true);
        Assert.Equal(Protect(repeating, Packet(7)), Protect(repeating, Packet(7)));
    }

    [Fact]
    public void A_seventeenth_source_is_refused()
    {
        using var sender = Context(SrtpProfile.AeadAes128Gcm);
        for (var i = 0u; i < 16; i++) Protect(sender, Packet(1, i));
        var buffer = new byte[100];
        Packet(1, 99).CopyTo(buffer, 0);
        Assert.Equal(SrtpStatus.TooManySources, sender.ProtectRtp(buffer, 52, out _));
    }

    [Fact]
    public void An_exhausted_key_protects_nothing_more()
    {
        using var sender = Context(SrtpProfile.Aes128CmSha1Tag80);
        sender.RtpPackets = 1L << 48;
        Assert.Equal(SrtpStatus.KeyExhausted, sender.ProtectRtp(new byte[100], 0, out _) == SrtpStatus.Malformed ? sender.ProtectRtp([.. Packet(1), .. new byte[20]], 52, out _) : SrtpStatus.Ok);
        sender.SeedRtcp(9, int.MaxValue);
        byte[] rtcp = [0x80, 201, 0, 1, 0, 0, 0, 9, .. new byte[20]];
        Assert.Equal(SrtpStatus.KeyExhausted, sender.ProtectRtcp(rtcp, 8, out _));
    }

    [Theory, MemberData(nameof(Profiles))]
    public void Rtcp_survives_and_is_not_replayed(SrtpProfile profile)
    {
        using var sender = Context(profile);
        using var receiver = Context(profile);
        for (var i = 0; i < 5; i++)
        {
            byte[] buffer = [0x80, 201, 0, 2, 0, 0, 0, 9, 1, 2, 3, (byte)i, .. new byte[20]];
            Assert.Equal(SrtpStatus.Ok, sender.ProtectRtcp(buffer, 12, out var written));
            var copy = buffer[..written];
            Assert.Equal(SrtpStatus.Ok, receiver.UnprotectRtcp(buffer.AsSpan(0, written), out var length));
            Assert.Equal((12, (byte)i), (length, buffer[11]));
            Assert.Equal(SrtpStatus.Replayed, receiver.UnprotectRtcp(copy, out _));
        }
    }

    [Theory, MemberData(nameof(Profiles))]
    public void Each_truncation_and_each_flipped_bit_is_refused(SrtpProfile profile)
    {
        using var sender = Context(profile);
        using var receiver = Context(profile);
        var wire = Protect(sender, Packet(3));
        for (var length = 0; length < wire.Length; length++) Assert.NotEqual(SrtpStatus.Ok, receiver.UnprotectRtp(wire.AsSpan(0, length).ToArray(), out _));
        for (var bit = 0; bit < wire.Length * 8; bit += 5)
        {
            var damaged = (byte[])wire.Clone();
            damaged[bit / 8] ^= (byte)(1 << bit % 8);
            Assert.NotEqual(SrtpStatus.Ok, receiver.UnprotectRtp(damaged, out _));
        }
        Assert.Equal(SrtpStatus.Ok, receiver.UnprotectRtp(wire, out _));
    }

    [Fact]
    public void Any_length_survives() => Prop.ForAll(Gen.Choose(0, 3000).ToArbitrary(), Gen.Choose(0, 3).ToArbitrary(), (payload, kind) =>
    {
        var profile = new[] { SrtpProfile.Aes128CmSha1Tag80, SrtpProfile.Aes128CmSha1Tag32, SrtpProfile.AeadAes128Gcm, SrtpProfile.AeadAes256Gcm }[kind];
        using var sender = Context(profile);
        using var receiver = Context(profile);
        var wire = Protect(sender, Packet(3, 5, payload));
        return receiver.UnprotectRtp(wire, out var length) == SrtpStatus.Ok && wire.AsSpan(0, length).SequenceEqual(Packet(3, 5, payload));
    }).QuickCheckThrowOnFailure();

    [Theory, MemberData(nameof(Profiles))]
    public void Nothing_is_allocated_per_packet(SrtpProfile profile)
    {
        using var sender = Context(profile);
        using var receiver = Context(profile);
        var buffer = new byte[1300];
        Packet(0, 5, 1200).CopyTo(buffer, 0);
        ushort sequence = 0;
        var length = 0;
        AllocationCheck.Zero(() =>
        {
            BinaryPrimitives.WriteUInt16BigEndian(buffer.AsSpan(2), sequence++);
            if (sender.ProtectRtp(buffer, 1212, out var written) == SrtpStatus.Ok && receiver.UnprotectRtp(buffer.AsSpan(0, written), out length) != SrtpStatus.Ok) throw new InvalidOperationException();
        });
        Assert.Equal(1212, length);
    }

    [Fact]
    public void Exported_bytes_are_split_in_the_order_of_RFC_5764()
    {
        var exported = Enumerable.Range(0, 56).Select(i => (byte)i).ToArray();
        var (send, receive) = SrtpKey.FromExporter(SrtpProfile.AeadAes128Gcm, exported, isDtlsClient: true);
        Assert.Equal((0, 16, 32, 44), (send.Key.Span[0], receive.Key.Span[0], send.Salt.Span[0], receive.Salt.Span[0]));
        Assert.Equal(send, SrtpKey.FromExporter(SrtpProfile.AeadAes128Gcm, exported, isDtlsClient: false).Receive);
    }
}
