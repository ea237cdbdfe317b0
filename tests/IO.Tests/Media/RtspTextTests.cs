using NetworkCredential = System.Net.NetworkCredential;
using System.Security.Cryptography;
using System.Text;
using MediaRelay.Media.IO.Cameras;
using MediaRelay.Media.IO.Cameras.Rtsp;

namespace MediaRelay.IO.Tests.Media;

public sealed class RtspTextTests
{
    private const string Answer = "RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\nWWW-Authenticate: Digest realm=\"a, \\\"b\\\"\", nonce=\"n\", stale=TRUE\r\nContent-Length: 3\r\n\r\nxyz";

    [Fact]
    public void A_message_is_read_whole_and_every_shorter_piece_asks_for_more()
    {
        var bytes = Encoding.ASCII.GetBytes(Answer + "$rest");
        Assert.True(RtspMessage.TryRead(bytes, out var message, out var length, out _));
        Assert.Equal(Answer.Length, length);
        Assert.Equal(401, message.Status);
        Assert.Equal("xyz", Encoding.ASCII.GetString(message.Body));
        Assert.Equal(2, message.Number("cseq"));
        for (var cut = 0; cut < Answer.Length; cut++)
        {
            Assert.False(RtspMessage.TryRead(bytes.AsSpan(0, cut), out _, out _, out var error));
            Assert.Equal("", error);
        }
        Assert.True(AuthenticationChallenge.TryRead(message.Header("WWW-Authenticate")!, out var challenge));
        Assert.Equal("a, \"b\"", challenge.Realm);
        Assert.True(challenge.Stale);
    }

    [Theory]
    [InlineData("HTTP/1.0 200 OK\r\n\r\n")]
    [InlineData("RTSP/1.0 abc\r\n\r\n")]
    [InlineData("RTSP/1.0 200 OK\r\nno colon\r\n\r\n")]
    [InlineData("RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("RTSP/1.0 200 OK\r\nContent-Length: 99999999\r\n\r\n")]
    public void Broken_messages_are_refused_with_a_reason(string text)
    {
        Assert.False(RtspMessage.TryRead(Encoding.ASCII.GetBytes(text), out _, out _, out var error));
        Assert.NotEqual("", error);
    }

    [Fact]
    public void Mutated_answers_and_challenges_never_throw()
    {
        var random = new Random(5);
        var original = Encoding.ASCII.GetBytes(Answer);
        var read = 0;
        for (var i = 0; i < 100_000; i++)
        {
            var bytes = (byte[])original.Clone();
            for (var n = random.Next(1, 8); n > 0; n--) bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            if (!RtspMessage.TryRead(bytes, out var message, out _, out _)) continue;
            read++;
            _ = AuthenticationChallenge.Strongest(message.Headers("WWW-Authenticate"));
        }
        Assert.True(read > 1000);
    }

    [Fact]
    public void Digest_without_qop_gives_the_value_of_RFC_2069()
    {
        using var random = RandomNumberGenerator.Create();
        Assert.True(AuthenticationChallenge.TryRead("Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"", out var challenge));
        var header = new Authorization(challenge, new NetworkCredential("Mufasa", "CircleOfLife"), random).For("GET", "/dir/index.html");
        Assert.Contains("response=\"1949323746fe6a43ef61f9606e7febea\"", header, StringComparison.Ordinal);
        Assert.Contains("opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"", header, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rtsp://u%40x:p%3Aw@10.0.0.1:8554/a?b=c", "u@x", "p:w", "rtsp://10.0.0.1:8554/a")]
    [InlineData("http://10.0.0.1/video", null, null, "http://10.0.0.1/video")]
    public void Credentials_leave_the_url_and_its_text(string url, string? user, string? password, string shown)
    {
        Assert.True(CameraAddress.TryRead(url, out var address, out _));
        Assert.Equal(user, address.Credential?.UserName);
        Assert.Equal(password, address.Credential?.Password);
        Assert.Equal(shown, address.ToString());
        Assert.Equal("", address.Uri.UserInfo);
    }

    [Fact]
    public void Text_that_is_no_url_is_refused() => Assert.False(CameraAddress.TryRead("camera one", out _, out _));
}
