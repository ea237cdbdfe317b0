using MediaRelay.Stun;
using MediaRelay.Tests.Support;
using MediaRelay.Turn.IO.Streams;

namespace MediaRelay.IO.Tests.Turn;

/// <summary>PROXY protocol v2 in front of a connection.</summary>
public sealed class ProxyHeaderTests
{
    private const string Signature = "0d0a0d0a000d0a515549540a";

    [Theory]
    [InlineData("2111000cc6336407cb00710512670d96", "198.51.100.7:4711", 28)]
    [InlineData("2111000fc6336407cb00710512670d96aabbcc", "198.51.100.7:4711", 31)]
    [InlineData("2121002420010db800000000000000000000000720010db800000000000000000000000912670d96", "[2001:db8::7]:4711", 52)]
    [InlineData("20000000", "-", 16)]
    public void A_whole_header_gives_the_client_and_its_length(string rest, string client, int length)
    {
        var kind = ProxyHeader.TryRead(Convert.FromHexString(Signature + rest + "0003"), out var read, out var source);
        Assert.Equal(ProxyHeaderKind.Complete, kind);
        Assert.Equal(length, read);
        Assert.Equal(client, source.ToString());
    }

    [Theory]
    [InlineData("1111000cc6336407cb00710512670d96")]
    [InlineData("2112000cc6336407cb00710512670d96")]
    [InlineData("21110004c6336407")]
    [InlineData("2111ffff")]
    public void A_wrong_version_family_or_length_is_malformed(string rest) =>
        Assert.Equal(ProxyHeaderKind.Malformed, ProxyHeader.TryRead(Convert.FromHexString(Signature + rest), out _, out _));

    [Fact]
    public void A_hundred_thousand_mutated_headers_are_read_without_reading_beyond()
    {
        byte[][] corpus =
        [
            Convert.FromHexString(Signature + "2111000fc6336407cb00710512670d96aabbcc"),
            Convert.FromHexString(Signature + "2121002420010db800000000000000000000000720010db800000000000000000000000912670d96"),
            Convert.FromHexString(Signature + "20000000"),
        ];
        var kinds = new int[3];
        FuzzRun.Over(corpus, seed: 11, count: 100_000, input =>
        {
            var kind = ProxyHeader.TryRead(input, out var length, out _);
            kinds[(int)kind]++;
            if (kind == ProxyHeaderKind.Complete && (length < 16 || length > input.Length || length > ProxyHeader.MaxLength))
                throw new InvalidOperationException($"{length} bytes of {input.Length} are the header.");
        });
        Assert.All(kinds, count => Assert.True(count > 100));
    }

    [Fact]
    public void Every_truncation_is_incomplete_and_a_request_without_header_is_malformed()
    {
        var whole = Convert.FromHexString(Signature + "2111000cc6336407cb00710512670d96");
        for (var length = 0; length < whole.Length; length++)
            Assert.Equal(ProxyHeaderKind.Incomplete, ProxyHeader.TryRead(whole.AsSpan(0, length), out _, out _));
        Assert.Equal(ProxyHeaderKind.Malformed, ProxyHeader.TryRead("GET / HTTP/1.1\r\n"u8, out _, out _));
    }
}
