using System.Security.Cryptography;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using MediaRelay.Media.Rtp;
using MediaRelay.Tests.Support;

namespace MediaRelay.Media.Tests.Rtp;

public sealed class H264Tests
{
    private static readonly Dictionary<int, int> Seeds = new() { [0x67] = 1, [0x68] = 2, [0x65] = 3, [0x41] = 4, [0x06] = 5 };

    public static TheoryData<string> Cases() => [.. VectorFile.Rows("rtp_h264.json", "cases").Select(r => r.TextProperty("id"))];

    internal static byte[] AnnexB(IEnumerable<byte[]> units) => [.. units.SelectMany(u => (byte[])[0, 0, 0, 1, .. u])];

    internal static List<(byte[] Payload, bool Marker)> Packets(byte[] accessUnit, int most, int mode = 1, bool aggregates = true)
    {
        var list = new List<(byte[], bool)>();
        var packetizer = new H264Packetizer(accessUnit, most, mode, aggregates);
        var buffer = new byte[70000];
        while (packetizer.TryNext(buffer, out var length, out var last)) list.Add((buffer[..length], last));
        return list;
    }

    internal static DepacketizeStatus Add(VideoDepacketizer depacketizer, ushort sequence, uint timestamp, bool marker, byte[] payload, out VideoFrame frame)
    {
        var buffer = new byte[payload.Length + 12];
        var writer = new RtpWriter(buffer, new RtpHeader(96, marker, sequence, timestamp, 9));
        Assert.True(writer.TryWritePayload(payload));
        Assert.True(RtpPacket.TryRead(buffer, out var packet));
        return depacketizer.Add(packet, out frame);
    }

    private static byte[][] Units(JsonElement row, string id)
    {
        if (row.GetProperty("nal_units_hex").ValueKind == JsonValueKind.Array) return [.. row.GetProperty("nal_units_hex").EnumerateArray().Select(e => Convert.FromHexString(e.GetString()!))];
        return [.. row.GetProperty("nal_rule").EnumerateArray().Select(rule =>
        {
            var header = Convert.ToInt32(rule.TextProperty("header"), 16);
            var length = rule.GetProperty("length").GetInt32();
            foreach (var seed in new[] { Seeds.GetValueOrDefault(header), id.StartsWith("fu-", StringComparison.Ordinal) ? 9 : 8 })
            {
                byte[] unit = [(byte)header, .. Enumerable.Range(0, length - 1).Select(i => (byte)(seed * 7 + i * 13 + 1))];
                if (Convert.ToHexStringLower(SHA256.HashData(unit)) == rule.TextProperty("sha256")) return unit;
            }
            throw new InvalidDataException($"No seed gives the NAL unit of {id}.");
        })];
    }

    [Theory, MemberData(nameof(Cases))]
    public void An_access_unit_is_cut_and_joined_as_listed(string id)
    {
        var row = VectorFile.Rows("rtp_h264.json", "cases").First(r => r.TextProperty("id") == id);
        var units = Units(row, id);
        var packets = Packets(AnnexB(units), row.GetProperty("max_payload").GetInt32(), 1, row.GetProperty("stap_a").GetBoolean());
        var listed = row.GetProperty("packets").EnumerateArray().ToArray();
        Assert.Equal(listed.Select(p => (p.TextProperty("payload_sha256"), p.GetProperty("marker").GetInt32() == 1)),
            packets.Select(p => (Convert.ToHexStringLower(SHA256.HashData(p.Payload)), p.Marker)));
        var depacketizer = new H264Depacketizer();
        for (var i = 0; i < packets.Count; i++)
        {
            var status = Add(depacketizer, (ushort)(1000 + i), 90000, packets[i].Marker, packets[i].Payload, out var frame);
            Assert.Equal(packets[i].Marker ? DepacketizeStatus.Frame : DepacketizeStatus.Incomplete, status);
            if (!packets[i].Marker) continue;
            Assert.Equal(AnnexB(units), frame.Content.ToArray());
            Assert.Equal(units.Any(u => (u[0] & 31) == 5), frame.IsKeyFrame);
            Assert.False(frame.IsDamaged);
        }
    }

    public static TheoryData<string> Malformed() => [.. VectorFile.Rows("rtp_h264.json", "malformed").Where(r => r.TextProperty("id") != "empty").Select(r => r.TextProperty("id"))];

    [Theory, MemberData(nameof(Malformed))]
    public void A_malformed_payload_is_refused_and_damages_only_its_frame(string id)
    {
        var depacketizer = new H264Depacketizer();
        var payload = VectorFile.Rows("rtp_h264.json", "malformed").First(r => r.TextProperty("id") == id).HexProperty("payload");
        Assert.Equal(DepacketizeStatus.Malformed, Add(depacketizer, 1, 1, false, payload, out _));
        Assert.Equal(1, depacketizer.Malformed);
        Assert.Equal(DepacketizeStatus.Frame, Add(depacketizer, 2, 2, true, [0x41, 1, 2], out var frame));
        Assert.False(frame.IsDamaged);
    }

    [Fact]
    public void Any_access_unit_survives_any_packet_size() =>
        Prop.ForAll(Gen.Choose(16, 300).ToArbitrary(), Gen.Choose(1, 900).NonEmptyListOf().ToArbitrary(), ArbMap.Default.ArbFor<bool>(), (most, sizes, aggregates) =>
        {
            var units = sizes.Select((n, i) => (byte[])[(byte)(i == 0 ? 0x67 : 0x41), .. Enumerable.Range(0, n).Select(j => (byte)(1 + (j * 7 + i) % 250))]).ToArray();
            var packets = Packets(AnnexB(units), most, 1, aggregates);
            var depacketizer = new H264Depacketizer();
            var joined = false;
            for (var i = 0; i < packets.Count; i++)
                if (Add(depacketizer, (ushort)(65530 + i), 1, packets[i].Marker, packets[i].Payload, out var frame) == DepacketizeStatus.Frame) joined = frame.Content.SequenceEqual(AnnexB(units));
            return joined && packets.All(p => p.Payload.Length <= most) && packets.Count(p => p.Marker) == 1;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Mode_0_sends_single_units_and_counts_what_is_too_long()
    {
        var packetizer = new H264Packetizer(AnnexB([[0x67, 1], new byte[50].Select(_ => (byte)0x65).ToArray(), [0x41, 1]]), 20, packetizationMode: 0);
        var buffer = new byte[100];
        Assert.True(packetizer.TryNext(buffer, out var length, out var last));
        Assert.Equal((2, false), (length, last));
        Assert.True(packetizer.TryNext(buffer, out length, out last));
        Assert.Equal((2, true, 1), (length, last, packetizer.Dropped));
    }

    [Fact]
    public void A_lost_fragment_marks_the_frame_and_the_next_frame_is_whole()
    {
        var packets = Packets(AnnexB([new byte[3000].Select((_, i) => (byte)(i == 0 ? 0x65 : i | 1)).ToArray()]), 1000);
        var depacketizer = new H264Depacketizer();
        Add(depacketizer, 0, 1, false, packets[0].Payload, out _);
        Add(depacketizer, 2, 1, false, packets[2].Payload, out _);
        Assert.Equal(DepacketizeStatus.Frame, Add(depacketizer, 3, 1, true, packets[3].Payload, out var frame));
        Assert.True(frame.IsDamaged);
        Assert.Equal(1, depacketizer.Lost);
        Assert.Equal(DepacketizeStatus.Frame, Add(depacketizer, 4, 2, true, [0x41, 5], out frame));
        Assert.False(frame.IsDamaged);
    }

    [Fact]
    public void Without_markers_a_new_time_stamp_ends_the_frame()
    {
        var depacketizer = new H264Depacketizer();
        Assert.Equal(DepacketizeStatus.Incomplete, Add(depacketizer, 0, 1, false, [0x65, 1], out _));
        Assert.Equal(DepacketizeStatus.Frame, Add(depacketizer, 1, 2, false, [0x41, 2], out var frame));
        Assert.Equal([0, 0, 0, 1, 0x65, 1], frame.Content.ToArray());
        Assert.Equal(DepacketizeStatus.Frame, Add(depacketizer, 2, 3, true, [0x41, 3], out frame));
        Assert.Equal(2u, frame.Timestamp);
        Assert.Equal(DepacketizeStatus.Frame, Add(depacketizer, 3, 4, true, [0x41, 4], out frame));
        Assert.Equal(3u, frame.Timestamp);
    }

    [Fact]
    public void A_bare_key_frame_gets_the_parameter_sets_of_the_SDP()
    {
        var depacketizer = new H264Depacketizer();
        depacketizer.SetParameterSets("Z0LAH9kAUAW6EAAAPpAADqYI8YMkgA==,aMuDyyA=,!!");
        Assert.Equal(DepacketizeStatus.Frame, Add(depacketizer, 0, 1, true, [0x65, 9], out var frame));
        var types = new List<int>();
        foreach (var unit in new AnnexBReader(frame.Content)) types.Add(unit[0] & 31);
        Assert.Equal([7, 8, 5], types);
    }

    [Fact]
    public void Parameter_sets_that_come_again_between_slices_do_not_cut_the_picture()
    {
        byte[][] units = [[0x09, 0xf0], [0x67, 1], [0x68, 2], [0x65, 3], [0x67, 1], [0x68, 2], [0x06, 4], [0x65, 5]];
        var depacketizer = new H264Depacketizer();
        for (ushort i = 0; i < units.Length - 1; i++)
            Assert.Equal(DepacketizeStatus.Incomplete, Add(depacketizer, i, 1, false, units[i], out _));
        Assert.Equal(DepacketizeStatus.Frame, Add(depacketizer, (ushort)(units.Length - 1), 1, true, units[^1], out var frame));
        Assert.Equal(AnnexB([.. units[..4], units[^1]]), frame.Content.ToArray());
        Assert.False(frame.IsDamaged);
    }

    [Theory]
    [InlineData("6701", true)]
    [InlineData("4101", false)]
    [InlineData("7c85aa", true)]
    [InlineData("7c05aa", false)]
    [InlineData("7800026700000241aa", true)]
    [InlineData("7800024100", false)]
    [InlineData("", false)]
    public void The_first_packet_of_a_key_frame_is_seen(string payload, bool isKey) => Assert.Equal(isKey, H264Payload.StartsKeyFrame(Convert.FromHexString(payload)));

    [Fact]
    public void H265_units_aggregates_and_fragments_are_joined()
    {
        var depacketizer = new H265Depacketizer();
        Add(depacketizer, 0, 1, false, [0x60, 1, 0, 4, 0x40, 1, 1, 2, 0, 4, 0x42, 1, 3, 4, 0, 4, 0x44, 1, 5, 6], out _);
        Add(depacketizer, 1, 1, false, [0x62, 1, 0x80 | 19, 7, 8], out _);
        Assert.Equal(DepacketizeStatus.Frame, Add(depacketizer, 2, 1, true, [0x62, 1, 0x40 | 19, 9], out var frame));
        Assert.Equal(AnnexB([[0x40, 1, 1, 2], [0x42, 1, 3, 4], [0x44, 1, 5, 6], [0x26, 1, 7, 8, 9]]), frame.Content.ToArray());
        Assert.True(frame.IsKeyFrame);
        Assert.Equal(DepacketizeStatus.Malformed, Add(depacketizer, 3, 2, false, [0x60, 1, 0, 40, 1], out _));
        Assert.Equal(DepacketizeStatus.Frame, Add(depacketizer, 4, 3, true, [0x26, 1, 7], out frame));
        Assert.Equal(AnnexB([[0x40, 1, 1, 2], [0x42, 1, 3, 4], [0x44, 1, 5, 6], [0x26, 1, 7]]), frame.Content.ToArray());
    }

    [Fact]
    public void Mpeg4_key_frames_get_the_configuration()
    {
        var depacketizer = new Mpeg4Depacketizer();
        depacketizer.SetConfig("000001B0F5");
        Add(depacketizer, 0, 1, false, [0, 0, 1, 0xb6, 0x10], out _);
        Assert.Equal(DepacketizeStatus.Frame, Add(depacketizer, 1, 1, true, [7, 8], out var frame));
        Assert.Equal("000001B0F5000001B6100708", Convert.ToHexString(frame.Content));
        Assert.Equal(DepacketizeStatus.Frame, Add(depacketizer, 2, 2, true, [0, 0, 1, 0xb6, 0x50], out frame));
        Assert.False(frame.IsKeyFrame);
    }

    [Fact]
    public void Cutting_allocates_nothing()
    {
        var unit = AnnexB([[0x67, 1, 2], [0x68, 3], new byte[6000].Select((_, i) => (byte)(i | 1)).ToArray()]);
        var buffer = new byte[1300];
        var count = 0;
        AllocationCheck.Zero(() =>
        {
            var packetizer = new H264Packetizer(unit, 1200);
            while (packetizer.TryNext(buffer, out _, out _)) count++;
        });
        Assert.True(count > 1000);
    }
}
