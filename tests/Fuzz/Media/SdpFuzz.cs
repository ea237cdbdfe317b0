using System.Text;
using MediaRelay.Media.Sdp;
using MediaRelay.Tests.Support;

namespace MediaRelay.Fuzz.Media;

public class SdpFuzz
{
    private static readonly IReadOnlyList<byte[]> Corpus =
    [
        .. VectorFile.Rows("sdp_good.json", "samples").Select(r => r.TextProperty("sdp")).Where(t => t.Length < 3000).Select(Encoding.UTF8.GetBytes),
        .. VectorFile.Rows("sdp_bad.json", "samples").Select(r => Encoding.UTF8.GetBytes(r.TextProperty("sdp"))),
    ];

    private static readonly IReadOnlyList<byte[]> Tokens =
        [.. new[] { "\r\n", "\n", "a=", "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n", "a=rtpmap:", "a=fmtp:96 ", "a=extmap:", "a=group:BUNDLE ", "a=mid:0\r\n", "a=rtx", "/", ":", ";", " ", "65536", "-1", "4294967296", "a=simulcast:send ", "a=crypto:1 ", "a=candidate:", "c=IN IP4 ", "IP6", "::" }.Select(Encoding.ASCII.GetBytes)];

    private static readonly LocalEndpoint Local = new(1, 1, "abcd", "abcdefghijklmnopqrstuv", new DtlsFingerprint("sha-256", new byte[32]),
        [new LocalMedia("video", MediaDirection.SendRecv, [KnownCodecs.H264(102), KnownCodecs.Rtx(103, 102)]) { TakesAnyH264Profile = true, Ssrc = 1, RtxSsrc = 2, Extensions = [HeaderExtension.Mid] },
         new LocalMedia("audio", MediaDirection.SendRecv, [KnownCodecs.Opus, KnownCodecs.Pcmu]) { Ssrc = 3 }])
    { PlainAddress = "192.0.2.1", PlainPort = 5000 };

    [Fact]
    public void A_description_that_reads_is_written_back_the_same_and_can_be_answered()
    {
        var (read, answered) = (0, 0);
        FuzzRun.Over(Corpus, seed: 1, count: 60_000, input =>
        {
            if (!SdpReader.TryRead(input, out var description, out var error))
            {
                Check(error.Reason.Length > 0);
                return;
            }
            read++;
            var text = SdpWriter.Write(description);
            Check(SdpReader.TryRead(text, out var again, out _) && SdpWriter.Write(again) == text);
            foreach (var media in description.Media) Check(media.Codecs.Count <= media.Formats.Count && media.Ssrcs.Count >= 0 && media.RtxGroups.Count >= 0);
            if (!OfferAnswer.TryAnswer(description, Local, null, out var answer, out var session, out _)) return;
            answered++;
            Check(answer.Media.Count == description.Media.Count && session.Media.Count == description.Media.Count);
            Check(session.First is null || SdpReader.TryRead(SdpWriter.Write(answer), out _, out _, SdpStrictness.Camera));
        }, Tokens);
        Assert.True(read > 1_000 && answered > 500, $"{read} read, {answered} answered");
    }

    [Fact]
    public void Camera_descriptions_and_fragments_never_throw()
    {
        var read = 0;
        FuzzRun.Over(Corpus, seed: 2, count: 60_000, input =>
        {
            if (SdpReader.TryRead(input, out var description, out _, SdpStrictness.Camera)) read += description.Media.Count;
            if (!TrickleFragment.TryRead(Encoding.UTF8.GetString(input), out var fragment, out _)) return;
            Check(TrickleFragment.TryRead(fragment.Write(), out var again, out _) && again.Write() == fragment.Write());
            read++;
        }, Tokens);
        Assert.True(read > 1_000);
    }

    private static void Check(bool holds)
    {
        if (!holds) throw new InvalidOperationException("The round trip does not hold.");
    }
}
