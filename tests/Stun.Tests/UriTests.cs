namespace MediaRelay.Stun.Tests;

public class UriTests
{
    [Theory]
    [InlineData("stun:example.org", false, false, "example.org", 3478, StunTransport.Udp)]
    [InlineData("stuns:example.org", false, true, "example.org", 5349, StunTransport.Tls)]
    [InlineData("stun:example.org:8000", false, false, "example.org", 8000, StunTransport.Udp)]
    [InlineData("turn:example.org", true, false, "example.org", 3478, StunTransport.Udp)]
    [InlineData("turns:example.org", true, true, "example.org", 5349, StunTransport.Tls)]
    [InlineData("turn:example.org:8000?transport=tcp", true, false, "example.org", 8000, StunTransport.Tcp)]
    [InlineData("turns:example.org?transport=udp", true, true, "example.org", 5349, StunTransport.Dtls)]
    [InlineData("turn:[2001:db8::1]:3479", true, false, "2001:db8::1", 3479, StunTransport.Udp)]
    [InlineData("stun:192.0.2.1", false, false, "192.0.2.1", 3478, StunTransport.Udp)]
    public void A_valid_uri_is_read_and_written_back(string text, bool isTurn, bool isSecure, string host, int port, StunTransport transport)
    {
        Assert.True(StunUri.TryParse(text, out var uri));
        Assert.Equal(new StunUri(isTurn, isSecure, host, (ushort)port, transport), uri);
        Assert.Equal(text, uri!.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("turn:")]
    [InlineData("turn://example.org")]
    [InlineData("turnx:example.org")]
    [InlineData("http:example.org")]
    [InlineData("turn:user@example.org")]
    [InlineData("turn:example.org:")]
    [InlineData("turn:example.org:0")]
    [InlineData("turn:example.org:70000")]
    [InlineData("turn:example.org?transport=sctp")]
    [InlineData("turn:example.org?foo=tcp")]
    [InlineData("stun:example.org?transport=tcp")]
    [InlineData("turn:[::1")]
    [InlineData("turn:[1.2.3.4]")]
    [InlineData("turn:2001:db8::1")]
    [InlineData("turn:[fe80::1%eth0]")]
    public void A_malformed_uri_is_refused(string text) => Assert.False(StunUri.TryParse(text, out _));
}
