using MediaRelay.Media.Sdp;
using MediaRelay.Signaling.Sessions;

namespace MediaRelay.Signaling.Tests.Sessions;

/// <summary>The offer of a viewer who may not speak, as the home gets it.</summary>
public sealed class OfferVoiceTests
{
    private const string Head = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";
    private const string Fingerprint = "a=fingerprint:sha-256 0B:30:55:7A:9F:C4:E9:0E:33:58:7D:A2:C7:EC:11:36:5B:80:A5:CA:EF:14:39:5E:83:A8:CD:F2:17:3C:61:86\r\na=setup:actpass\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\n";
    private const string Video = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:96 H264/90000\r\na=recvonly\r\na=x-note:kept\r\n";
    private const string Audio = "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=rtcp-mux\r\n";

    [Theory]
    [InlineData("", "a=sendrecv\r\n", MediaDirection.RecvOnly)]
    [InlineData("", "", MediaDirection.RecvOnly)]
    [InlineData("a=sendrecv\r\n", "", MediaDirection.RecvOnly)]
    [InlineData("a=recvonly\r\n", "a=sendrecv\r\n", MediaDirection.RecvOnly)]
    [InlineData("", "a=sendonly\r\n", MediaDirection.Inactive)]
    [InlineData("a=sendonly\r\n", "", MediaDirection.Inactive)]
    [InlineData("", "a=inactive\r\n", MediaDirection.Inactive)]
    public void Sound_to_the_home_is_taken_out_and_nothing_else(string session, string section, MediaDirection left)
    {
        SessionDescription before = Read(Head + session + Fingerprint + Audio + section + Video + Audio + section);
        SessionDescription after = Read(OfferVoice.Silence(before));
        Assert.False(OfferVoice.IsOffered(after));
        Assert.Equal([left, MediaDirection.RecvOnly, left], after.Media.Select(after.Direction));
        Assert.Contains(after.Media[1].Lines, l => l.Value == "x-note:kept");
        Assert.All(after.Media, m => Assert.True(m.Kind == "video" || m.HasAttribute("rtcp-mux")));
        Assert.Equal("abcd", after.Attribute("ice-ufrag"));
    }

    [Fact]
    public void An_answer_to_it_answers_the_viewer_s_own_offer()
    {
        SessionDescription own = Read(Head + Fingerprint + Audio + "a=sendrecv\r\n" + Video), told = Read(OfferVoice.Silence(Read(Head + Fingerprint + Audio + "a=sendrecv\r\n" + Video)));
        MediaDirection answered = MediaDirections.Answer(told.Direction(told.Media[0]), MediaDirection.SendRecv);
        Assert.Equal(MediaDirection.SendOnly, answered);
        Assert.Equal(answered, answered & MediaDirections.Reverse(own.Direction(own.Media[0])));
    }

    private static SessionDescription Read(string text)
    {
        Assert.True(SdpReader.TryRead(text, out SessionDescription? description, out SdpError error), error.ToString());
        return description;
    }
}
