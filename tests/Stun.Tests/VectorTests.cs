using System.Globalization;
using System.Text.Json;
using MediaRelay.Tests.Support;

namespace MediaRelay.Stun.Tests;

public class VectorTests
{
    private const string Published = "stun_rfc5769_rfc8489.json";
    private const string Own = "stun_turn_own.json";

    public static TheoryData<string, string> Messages()
    {
        var data = new TheoryData<string, string>();
        foreach (var row in VectorFile.Rows(Published, "vectors").Where(r => r.TextProperty("id") != "rfc8489-B.1"))
            data.Add(Published, row.TextProperty("id"));
        foreach (var row in VectorFile.Rows(Own, "messages"))
            data.Add(Own, row.TextProperty("id"));
        return data;
    }

    public static TheoryData<string> MalformedIds() => new(VectorFile.Rows(Own, "malformed").Select(r => r.TextProperty("id")));

    public static TheoryData<string> ChannelDataIds() => new(VectorFile.Rows(Own, "channel_data").Select(r => r.TextProperty("id")));

    [Theory]
    [MemberData(nameof(Messages))]
    public void Attributes_method_and_class_are_read_as_published(string file, string id)
    {
        var row = Row(file, id);
        Assert.True(StunMessage.TryRead(row.HexProperty("hex"), out var message, out var error), error.ToString());
        if (row.TryGetProperty("method", out var method))
        {
            Assert.Equal(method.GetString(), message.Method.ToString());
            Assert.Equal(row.TextProperty("cls"), message.Class.ToString(), ignoreCase: true);
        }

        foreach (var expected in row.GetProperty("attributes").EnumerateArray())
        {
            var type = (StunAttributeType)ushort.Parse(expected.TextProperty("type").AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            if (type is StunAttributeType.MessageIntegrity or StunAttributeType.MessageIntegritySha256 or StunAttributeType.Fingerprint)
                continue;
            var wanted = expected.TextProperty("value_hex");
            var found = false;
            foreach (var attribute in message)
                found |= attribute.Type == type && Convert.ToHexStringLower(attribute.Value) == wanted;
            Assert.True(found, $"{expected.TextProperty("name")} is missing");
        }
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void Integrity_and_fingerprint_of_published_messages_verify(string file, string id)
    {
        var row = Row(file, id);
        var bytes = row.HexProperty("hex");
        Assert.True(StunMessage.TryRead(bytes, out var message, out _));
        var types = row.GetProperty("attributes").EnumerateArray().Select(a => a.TextProperty("name")).ToList();
        Assert.Equal(types.Contains("FINGERPRINT"), Fingerprint.Verify(message));
        var keyName = row.TryGetProperty("integrity_key_hex", out _) ? "integrity_key_hex" : "key_hex";
        if (!row.TryGetProperty(keyName, out _))
            return;
        var key = row.HexProperty(keyName);
        Assert.Equal(types.Contains("MESSAGE-INTEGRITY"), MessageIntegrity.Verify(message, key));
        Assert.Equal(types.Contains("MESSAGE-INTEGRITY-SHA256"), MessageIntegrity.VerifySha256(message, key, allowTruncated: true));
        key[0] ^= 1;
        Assert.False(MessageIntegrity.Verify(message, key));
        Assert.False(MessageIntegrity.VerifySha256(message, key, allowTruncated: true));
    }

    [Fact]
    public void A_truncated_sha256_value_is_refused_unless_the_usage_allows_it()
    {
        var row = Row(Own, "own-8489-truncated-16");
        Assert.True(StunMessage.TryRead(row.HexProperty("hex"), out var message, out _));
        Assert.False(MessageIntegrity.VerifySha256(message, row.HexProperty("key_hex")));
    }

    [Fact]
    public void The_defective_sample_of_rfc8489_is_a_length_mismatch()
    {
        Assert.False(StunMessage.TryRead(Row(Published, "rfc8489-B.1").HexProperty("hex"), out _, out var error));
        Assert.Equal(StunParseError.LengthMismatch, error);
    }

    [Theory]
    [InlineData("rfc5769-2.2")]
    [InlineData("rfc5769-2.3")]
    public void The_mapped_address_of_a_binding_answer_is_read(string id)
    {
        var row = Row(Published, id);
        Assert.True(StunMessage.TryRead(row.HexProperty("hex"), out var message, out _));
        Assert.True(message.TryGetAddress(StunAttributeType.XorMappedAddress, out var mapped));
        Assert.Equal(row.TextProperty("mapped"), mapped.ToString());
    }

    [Fact]
    public void The_allocate_answer_is_written_byte_for_byte()
    {
        var row = Row(Own, "own-allocate-success");
        var writer = new StunWriter(new byte[256], StunMethod.Allocate, StunClass.Success, TransactionId.FromBytes(VectorFile.ReadHex("0102030405060708090a0b0c")));
        writer.AddAddress(StunAttributeType.XorRelayedAddress, TransportAddress.Parse(row.TextProperty("relayed")));
        writer.AddLifetime(600);
        writer.AddAddress(StunAttributeType.XorMappedAddress, TransportAddress.Parse(row.TextProperty("mapped")));
        writer.AddText(StunAttributeType.Software, "MediaRelay");
        writer.AddIntegrity(row.HexProperty("key_hex"));
        Assert.Equal(row.TextProperty("hex"), Convert.ToHexStringLower(writer.Written));
    }

    [Fact]
    public void The_icmp_attribute_says_port_unreachable()
    {
        Assert.True(StunMessage.TryRead(Row(Own, "own-data-icmp").HexProperty("hex"), out var message, out _));
        Assert.True(message.TryGetIcmp(out var icmp));
        Assert.Equal(new IcmpError(3, 3, 0), icmp);
    }

    [Theory]
    [MemberData(nameof(MalformedIds))]
    public void A_malformed_message_is_refused_by_the_view_or_its_getter(string id)
    {
        var bytes = VectorFile.Rows(Own, "malformed").Single(r => r.TextProperty("id") == id).HexProperty("hex");
        if (!StunMessage.TryRead(bytes, out var message, out var error))
        {
            Assert.NotEqual(StunParseError.None, error);
            return;
        }

        Assert.False(message.HasIntegrity);
        Assert.False(message.TryGetAddress(StunAttributeType.XorMappedAddress, out _));
        Assert.False(message.TryGetErrorCode(out _, out _));
        Assert.False(message.TryGetLifetime(out _));
    }

    [Theory]
    [MemberData(nameof(ChannelDataIds))]
    public void ChannelData_samples_are_read_or_dropped(string id)
    {
        var row = VectorFile.Rows(Own, "channel_data").Single(r => r.TextProperty("id") == id);
        var read = ChannelData.TryRead(row.HexProperty("hex"), out var channelData);
        Assert.Equal(!row.TryGetProperty("invalid", out _), read);
        if (!read)
            return;
        Assert.Equal(row.TextProperty("channel"), $"0x{channelData.Number:x4}");
        Assert.Equal(row.TextProperty("data_hex"), Convert.ToHexStringLower(channelData.Payload));
    }

    [Theory]
    [MemberData(nameof(Messages))]
    public void Every_truncation_is_refused(string file, string id)
    {
        var bytes = Row(file, id).HexProperty("hex");
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.False(StunMessage.TryRead(bytes.AsSpan(0, length), out _, out var error));
            Assert.NotEqual(StunParseError.None, error);
        }
    }

    private static JsonElement Row(string file, string id) =>
        VectorFile.Rows(file, file == Published ? "vectors" : "messages").Single(r => r.TextProperty("id") == id);
}
