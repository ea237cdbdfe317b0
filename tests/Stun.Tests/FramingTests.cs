using MediaRelay.Tests.Support;

namespace MediaRelay.Stun.Tests;

public class FramingTests
{
    private const int Max = StunLimits.MaxStreamMessage;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(1000)]
    public void A_stream_cut_at_any_place_gives_the_same_messages(int chunk)
    {
        var stream = Stream(out var expected);
        var found = new List<string>();
        var buffer = new List<byte>();
        for (var at = 0; at < stream.Length; at += chunk)
        {
            buffer.AddRange(stream[at..Math.Min(at + chunk, stream.Length)]);
            while (true)
            {
                var bytes = buffer.ToArray();
                var kind = StunFraming.Peek(bytes, Max, out var length, out var consumed);
                Assert.NotEqual(StunFrameKind.Malformed, kind);
                if (kind == StunFrameKind.Incomplete)
                    break;
                found.Add($"{kind} {Convert.ToHexStringLower(bytes.AsSpan(0, length))}");
                buffer.RemoveRange(0, consumed);
            }
        }

        Assert.Empty(buffer);
        Assert.Equal(expected, found);
    }

    [Theory]
    [InlineData("80")]
    [InlineData("5000")]
    [InlineData("00010001")]
    [InlineData("00011000")]
    [InlineData("40001000")]
    [InlineData("0001000021120000")]
    public void A_stream_of_another_protocol_or_above_the_limit_is_malformed_at_once(string hex)
    {
        var kind = StunFraming.Peek(VectorFile.ReadHex(hex), Max, out var length, out var consumed);
        Assert.Equal((StunFrameKind.Malformed, 0, 0), (kind, length, consumed));
    }

    [Fact]
    public void ChannelData_headers_are_read_back_for_every_length()
    {
        for (var length = 0; length < 100; length++)
        {
            var bytes = new byte[ChannelData.StreamLength(length)];
            ChannelData.WriteHeader(bytes, ChannelData.LastNumber, length);
            Assert.Equal(StunFrameKind.ChannelData, StunFraming.Peek(bytes, Max, out var size, out var consumed));
            Assert.Equal((length + 4, bytes.Length), (size, consumed));
            Assert.True(ChannelData.TryRead(bytes, out var read));
            Assert.Equal((ChannelData.LastNumber, length), (read.Number, read.Payload.Length));
        }
    }

    private static byte[] Stream(out List<string> expected)
    {
        expected = [];
        var bytes = new List<byte>();
        for (var i = 0; i < 12; i++)
        {
            var writer = new StunWriter(new byte[128], StunMethod.Binding, StunClass.Request, TransactionId.New(new CountingRandom((ulong)i)));
            writer.Add(StunAttributeType.Software, new byte[i]);
            bytes.AddRange(writer.Written);
            expected.Add($"Stun {Convert.ToHexStringLower(writer.Written)}");
            var data = new byte[ChannelData.StreamLength(i)];
            ChannelData.WriteHeader(data, 0x4000, i);
            bytes.AddRange(data);
            expected.Add($"ChannelData {Convert.ToHexStringLower(data.AsSpan(0, 4 + i))}");
        }

        return [.. bytes];
    }
}
