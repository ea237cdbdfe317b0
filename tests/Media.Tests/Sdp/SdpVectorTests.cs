using MediaRelay.Media.Sdp;
using MediaRelay.Tests.Support;

namespace MediaRelay.Media.Tests.Sdp;

public sealed class SdpVectorTests
{
    public static TheoryData<string> Good() => [.. VectorFile.Rows("sdp_good.json", "samples").Select(r => r.TextProperty("id"))];

    public static TheoryData<string> Bad() => [.. VectorFile.Rows("sdp_bad.json", "samples").Select(r => r.TextProperty("id"))];

    private static string Text(string file, string id) => VectorFile.Rows(file, "samples").First(r => r.TextProperty("id") == id).TextProperty("sdp");

    [Theory, MemberData(nameof(Good))]
    public void A_good_description_is_read_and_written_back_unchanged(string id)
    {
        var text = Text("sdp_good.json", id);
        var row = VectorFile.Rows("sdp_good.json", "samples").First(r => r.TextProperty("id") == id);
        Assert.True(SdpReader.TryRead(text, out var description, out var error, SdpStrictness.Strict, SdpLimits.Wide), error.ToString());
        Assert.Equal(row.GetProperty("media").GetInt32(), description.Media.Count);
        var normal = text.Replace("\r\n", "\n", StringComparison.Ordinal).TrimEnd('\n').Replace("\n", "\r\n", StringComparison.Ordinal) + "\r\n";
        Assert.Equal(normal, SdpWriter.Write(description));
    }

    [Theory, MemberData(nameof(Bad))]
    public void A_bad_description_is_refused_with_a_reason(string id)
    {
        Assert.False(SdpReader.TryRead(Text("sdp_bad.json", id), out var description, out var error));
        Assert.Null(description);
        Assert.NotEmpty(error.Reason);
    }

    [Theory]
    [InlineData("v1", "line 1: the version is not 0")]
    [InlineData("s-missing", "s= is missing")]
    [InlineData("c-ttl-300", "line 4: the time to live is not a number from 0 to 255")]
    [InlineData("no-c-anywhere", "a media section has no c= line, neither has the session")]
    [InlineData("m-port", "line 6: the port is not a number from 0 to 65535")]
    [InlineData("dyn-no-rtpmap", "a dynamic payload type has no rtpmap")]
    [InlineData("two-directions", "more than one direction")]
    [InlineData("no-pwd", "ice-ufrag without ice-pwd")]
    [InlineData("fp-missing", "a DTLS section has no fingerprint with a known hash function")]
    [InlineData("fp-alg", "a DTLS section has no fingerprint with a known hash function")]
    [InlineData("fp-len", "fingerprint has the wrong length for its hash function")]
    [InlineData("setup-holdconn-offer", "a DTLS section has no setup attribute")]
    [InlineData("bundle-unknown-mid", "BUNDLE names a mid that does not exist")]
    [InlineData("candidate-bad", "a candidate is malformed")]
    [InlineData("crypto-short", "the crypto key has the wrong length for its suite")]
    [InlineData("apt-unknown", "rtx names a payload type that m= does not list")]
    [InlineData("rid-unknown", "simulcast names an undefined rid")]
    [InlineData("extmap-dup", "an extmap id has two names")]
    [InlineData("bare-cr", "line 7: a control character inside a value")]
    public void The_reason_names_the_defect(string id, string reason)
    {
        Assert.False(SdpReader.TryRead(Text("sdp_bad.json", id), out _, out var error));
        Assert.Equal(reason, error.ToString());
    }

    [Theory]
    [InlineData("many-media", "too many")]
    [InlineData("long-line", "the line is too long")]
    public void Descriptions_beyond_the_network_limits_are_refused(string id, string reason)
    {
        Assert.False(SdpReader.TryRead(Text("sdp_good.json", id), out _, out var error));
        Assert.Contains(reason, error.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a=candidate:1 1 udp 1 192.0.2.1 5 typ host\r\n", 41, "too many candidates")]
    [InlineData("a=fingerprint:md99 AA\r\n", 9, "too many fingerprints")]
    [InlineData("a=x:y\r\n", 1000, "too many lines")]
    [InlineData("m=audio 5004 RTP/AVP 0\r\n", 16, "too many media sections")]
    public void One_more_than_the_limit_is_refused(string line, int count, string reason)
    {
        const string head = "v=0\r\no=- 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\nm=audio 5004 RTP/AVP 0\r\n";
        Assert.False(SdpReader.TryRead(head + string.Concat(Enumerable.Repeat(line, count)), out _, out var error));
        Assert.Equal(reason, error.Reason);
    }

    [Theory]
    [InlineData("unknown-type")]
    [InlineData("s-missing")]
    [InlineData("t-missing")]
    [InlineData("o-text-id")]
    [InlineData("rtpmap-nopt")]
    [InlineData("no-c-anywhere")]
    public void What_cameras_do_wrong_is_taken_when_asked_for(string id)
    {
        Assert.True(SdpReader.TryRead(Text("sdp_bad.json", id), out var description, out var error, SdpStrictness.Camera), error.ToString());
        Assert.Equal("audio", Assert.Single(description.Media).Kind);
    }

    [Theory, MemberData(nameof(Good))]
    public void Every_truncation_is_read_or_refused_without_an_exception(string id)
    {
        var text = Text("sdp_good.json", id);
        var step = Math.Max(1, text.Length / 400);
        for (var length = 0; length < text.Length; length += step)
        {
            var read = SdpReader.TryRead(text[..length], out var description, out var error, SdpStrictness.Strict, SdpLimits.Wide);
            Assert.Equal(read, description is not null);
            Assert.Equal(read, string.IsNullOrEmpty(error.Reason));
        }
    }
}
