using System.Text;
using MediaRelay.Stun;
using MediaRelay.Tests.Support;

namespace MediaRelay.Fuzz.Stun;

public class StunFuzz
{
    private static readonly byte[] Key = new byte[20];

    private static readonly IReadOnlyList<byte[]> Corpus =
    [
        .. VectorFile.Rows("stun_rfc5769_rfc8489.json", "vectors").Select(r => r.HexProperty("hex")),
        .. VectorFile.Rows("stun_turn_own.json", "messages").Select(r => r.HexProperty("hex")),
        .. VectorFile.Rows("stun_turn_own.json", "malformed").Select(r => r.HexProperty("hex")),
        .. VectorFile.Rows("stun_turn_own.json", "channel_data").Select(r => r.HexProperty("hex")),
    ];

    private int _read;

    [Fact]
    public void A_message_that_reads_is_written_back_the_same()
    {
        FuzzRun.Over(Corpus, seed: 1, count: 400_000, ReadAndWriteBack);
        Assert.True(_read > 10_000, $"only {_read} inputs were messages");
    }

    [Fact]
    public void A_stream_never_loops_and_never_reads_beyond()
    {
        long consumedTotal = 0;
        FuzzRun.Over(Corpus, seed: 2, count: 250_000, input =>
        {
            while (true)
            {
                var kind = StunFraming.Peek(input, StunLimits.MaxStreamMessage, out var length, out var consumed);
                if (kind is StunFrameKind.Incomplete or StunFrameKind.Malformed)
                {
                    Check(length == 0 && consumed == 0);
                    break;
                }

                Check(consumed >= length && length >= 4 && consumed <= input.Length && consumed % 4 == 0);
                if (kind == StunFrameKind.ChannelData)
                    Check(ChannelData.TryRead(input[..length], out var data) && data.Payload.Length == length - 4);
                consumedTotal += consumed;
                input = input[consumed..];
            }
        });
        Assert.True(consumedTotal > 0);
    }

    [Fact]
    public void Names_cookies_uris_and_addresses_never_throw()
    {
        IReadOnlyList<byte[]> corpus =
        [
            .. new[]
            {
                "1893456000:gateway-17:session", "obMatJos2wAAA9c63e5e1b77aa", "turn:[2001:db8::1]:3479?transport=tcp", "stuns:example.org:5349",
                "192.0.2.1:3478", "[2001:db8::1]:3478", "::ffff:192.0.2.1", "I\u00ADX \u2168 \u00AA", "A\u030A \u1100\u1161\u11A8",
            }.Select(Encoding.UTF8.GetBytes),
        ];
        var parsed = 0;
        FuzzRun.Over(corpus, seed: 3, count: 60_000, input =>
        {
            _ = TimedName.TryRead(input, out _);
            _ = NonceCookie.TryRead(input, out _);
            var text = Encoding.UTF8.GetString(input);
            if (TransportAddress.TryParse(text, out var address))
            {
                Check(TransportAddress.Parse(address.ToString()) == address);
                parsed++;
            }

            if (StunUri.TryParse(text, out var uri))
            {
                Check(StunUri.TryParse(uri!.ToString(), out var again) && again == uri);
                parsed++;
            }

            if (OpaqueString.TryPrepare(text, out var opaque))
                Check(OpaqueString.TryPrepare(opaque, out var twice) && twice == opaque);
            _ = SaslPrep.TryPrepare(text, out _);
        }, tokens: [.. new[] { ":", "[", "]", "?transport=udp", "\u0323", "\u0307", "\u1161", "\u0315" }.Select(Encoding.UTF8.GetBytes)], maxLength: 256);
        Assert.True(parsed > 100);
    }

    [Fact]
    public void Access_tokens_that_were_changed_never_open()
    {
        var key = new byte[16];
        var token = new AccessToken(Key, DateTimeOffset.FromUnixTimeSeconds(1_800_000_000), TimeSpan.FromMinutes(5)).Mint(key, "relay"u8, new CountingRandom());
        var opened = 0;
        FuzzRun.Over([token], seed: 4, count: 20_000, input =>
        {
            if (!AccessToken.TryOpen(input, key, "relay"u8, out _))
                return;
            Check(input.SequenceEqual(token));
            opened++;
        });
        Assert.True(opened > 0);
    }

    private void ReadAndWriteBack(ReadOnlySpan<byte> input)
    {
        _ = ChannelData.TryRead(input, out _);
        if (!StunMessage.TryRead(input, out var message, out var error))
        {
            Check(error != StunParseError.None);
            return;
        }

        _read++;
        _ = Fingerprint.Verify(message);
        if (_read % 16 == 0)
        {
            _ = MessageIntegrity.Verify(message, Key);
            _ = MessageIntegrity.VerifySha256(message, Key, allowTruncated: true);
        }

        Touch(message);
        Span<byte> buffer = stackalloc byte[9000];
        var writer = new StunWriter(buffer, message.Method, message.Class, message.TransactionId);
        foreach (var attribute in message)
            writer.Add(attribute.Type, attribute.Value);
        Check(StunMessage.TryRead(writer.Written, out var again, out _));
        Check(again.Method == message.Method && again.Class == message.Class && again.TransactionId == message.TransactionId);
        var left = again.GetEnumerator();
        foreach (var attribute in message)
            Check(left.MoveNext() && left.Current.Type == attribute.Type && left.Current.Value.SequenceEqual(attribute.Value));
        Check(!left.MoveNext());
    }

    private static void Touch(in StunMessage message)
    {
        foreach (var attribute in message)
            _ = message.TryGetAddress(attribute.Type, out _);
        _ = message.TryGetErrorCode(out _, out _);
        _ = message.TryGetAddressError(out _, out _);
        _ = message.TryGetChannelNumber(out _);
        _ = message.TryGetEvenPort(out _);
        _ = message.TryGetIcmp(out _);
        _ = message.TryGetPasswordAlgorithm(out _);
        _ = message.TryGetUserhash(out _);
        _ = message.TryGetResponsePort(out _);
        _ = message.TryGet(StunAttributeType.PasswordAlgorithms, out var list) && PasswordAlgorithms.Contains(list, PasswordAlgorithm.Sha256);
        Span<StunAttributeType> types = stackalloc StunAttributeType[8];
        _ = message.GetUnknownAttributes(types);
        _ = message.FindUnknownRequired([StunAttributeType.Username], types);
    }

    private static void Check(bool condition)
    {
        if (!condition)
            throw new InvalidOperationException("The oracle does not hold.");
    }
}
