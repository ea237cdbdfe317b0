using System.Security.Cryptography;
using System.Text.Json;
using MediaRelay.Media.Rtp;
using MediaRelay.Tests.Support;

namespace MediaRelay.Media.Tests.Rtp;

public sealed class JpegTests
{
    private static readonly byte[] Scan = [.. Enumerable.Range(0, 2500).Select(i => (byte)(i * 31 + 5))];

    public static TheoryData<string> Frames() => [.. VectorFile.Rows("rtp_jpeg.json", "frames").Select(r => r.TextProperty("id"))];

    private static JsonElement Row(string list, string id) => VectorFile.Rows("rtp_jpeg.json", list).First(r => r.TextProperty("id") == id);

    private static List<(byte[] Payload, bool Last)> Packets(JsonElement row)
    {
        var tables = row.GetProperty("quant_tables_hex").ValueKind == JsonValueKind.String ? row.HexProperty("quant_tables_hex") : new byte[128];
        var image = new JpegImage
        {
            Type = row.GetProperty("type").GetInt32(), Width = row.GetProperty("width").GetInt32(), Height = row.GetProperty("height").GetInt32(),
            RestartInterval = row.GetProperty("restart_interval").ValueKind == JsonValueKind.Number ? row.GetProperty("restart_interval").GetInt32() : 0,
            LumaTable = tables.AsSpan(0, 64), ChromaTable = tables.AsSpan(64), Scan = Scan,
        };
        var packetizer = new JpegPacketizer(image, row.GetProperty("max_payload").GetInt32(), row.GetProperty("q").GetInt32());
        var list = new List<(byte[], bool)>();
        var buffer = new byte[2000];
        while (packetizer.TryNext(buffer, out var length, out var last)) list.Add((buffer[..length], last));
        return list;
    }

    [Theory, MemberData(nameof(Frames))]
    public void A_picture_is_cut_as_listed_and_joined_into_a_file(string id)
    {
        var row = Row("frames", id);
        var packets = Packets(row);
        Assert.Equal(row.GetProperty("packets").EnumerateArray().Select(p => (p.TextProperty("payload_sha256"), p.GetProperty("marker").GetInt32() == 1)),
            packets.Select(p => (Convert.ToHexStringLower(SHA256.HashData(p.Payload)), p.Last)));
        var depacketizer = new JpegDepacketizer();
        for (var i = 0; i < packets.Count; i++)
        {
            var status = H264Tests.Add(depacketizer, (ushort)i, 5, packets[i].Last, packets[i].Payload, out var frame);
            Assert.Equal(packets[i].Last ? DepacketizeStatus.Frame : DepacketizeStatus.Incomplete, status);
            if (!packets[i].Last) continue;
            Assert.True(JpegImage.TryRead(frame.Content, out var image));
            Assert.Equal((row.GetProperty("width").GetInt32(), row.GetProperty("height").GetInt32(), row.GetProperty("type").GetInt32()), (image.Width, image.Height, image.Type));
            Assert.True(image.Scan.SequenceEqual(Scan));
            if (row.GetProperty("quant_tables_hex").ValueKind == JsonValueKind.String) Assert.Equal(row.HexProperty("quant_tables_hex"), (byte[])[.. image.LumaTable, .. image.ChromaTable]);
        }
    }

    [Fact]
    public void Tables_of_a_quality_are_those_listed()
    {
        foreach (var row in VectorFile.Json("rtp_jpeg.json").GetProperty("q_tables").EnumerateObject())
        {
            var tables = new byte[128];
            JpegTables.Quantization(int.Parse(row.Name, System.Globalization.CultureInfo.InvariantCulture), tables);
            byte[] Listed(string name) => [.. row.Value.GetProperty(name).EnumerateArray().Select(e => e.GetByte())];
            Assert.Equal((byte[])[.. Listed("luma"), .. Listed("chroma")], tables);
        }
    }

    public static TheoryData<string> Malformed() => [.. VectorFile.Rows("rtp_jpeg.json", "malformed").Where(r => r.TryGetProperty("payload", out _)).Select(r => r.TextProperty("id"))];

    [Theory, MemberData(nameof(Malformed))]
    public void A_malformed_payload_gives_no_frame(string id)
    {
        var depacketizer = new JpegDepacketizer();
        var status = H264Tests.Add(depacketizer, 0, 1, true, Row("malformed", id).HexProperty("payload"), out _);
        Assert.Equal(DepacketizeStatus.Malformed, status);
    }

    [Fact]
    public void A_hole_in_the_offsets_drops_the_frame_and_the_next_one_is_whole()
    {
        var packets = Packets(Row("frames", "q50-type0"));
        var depacketizer = new JpegDepacketizer();
        H264Tests.Add(depacketizer, 0, 1, false, packets[0].Payload, out _);
        Assert.NotEqual(DepacketizeStatus.Frame, H264Tests.Add(depacketizer, 2, 1, true, packets[2].Payload, out _));
        H264Tests.Add(depacketizer, 3, 2, false, packets[0].Payload, out _);
        H264Tests.Add(depacketizer, 4, 2, false, packets[1].Payload, out _);
        Assert.Equal(DepacketizeStatus.Frame, H264Tests.Add(depacketizer, 5, 2, true, packets[2].Payload, out _));
    }

    [Fact]
    public void Tables_sent_once_are_remembered_for_Q_below_255()
    {
        var packets = Packets(Row("frames", "q128-tables"));
        var depacketizer = new JpegDepacketizer();
        for (var i = 0; i < packets.Count; i++) H264Tests.Add(depacketizer, (ushort)i, 1, packets[i].Last, packets[i].Payload, out _);
        byte[] second = [0, 0, 0, 0, 0, 128, 0x2c, 0x24, 0, 0, 0, 0, 1, 2, 3];
        Assert.Equal(DepacketizeStatus.Frame, H264Tests.Add(depacketizer, 10, 2, true, second, out var frame));
        Assert.True(JpegImage.TryRead(frame.Content, out var image));
        Assert.Equal(Row("frames", "q128-tables").HexProperty("quant_tables_hex")[..64], image.LumaTable.ToArray());
    }

    [Fact]
    public void A_file_that_RTP_cannot_carry_is_refused_at_every_cut()
    {
        var packets = Packets(Row("frames", "q75-type1"));
        var depacketizer = new JpegDepacketizer();
        byte[] file = [];
        for (var i = 0; i < packets.Count; i++)
            if (H264Tests.Add(depacketizer, (ushort)i, 1, packets[i].Last, packets[i].Payload, out var frame) == DepacketizeStatus.Frame) file = frame.Content.ToArray();
        var head = file.AsSpan().IndexOf<byte>([0xff, 0xda]);
        for (var cut = 0; cut < head; cut++) Assert.False(JpegImage.TryRead(file.AsSpan(0, cut), out _));
        file[file.AsSpan().IndexOf<byte>([0xff, 0xc0]) + 1] = 0xc2;
        Assert.False(JpegImage.TryRead(file, out _));
    }
}
