using MediaRelay.Media.Sdp;
using MediaRelay.Tests.Support;

namespace MediaRelay.Media.Tests.Sdp;

public sealed class OfferAnswerTests
{
    private static readonly DtlsFingerprint Print = new("sha-256", Enumerable.Range(0, 32).Select(i => (byte)i).ToArray());

    internal static LocalEndpoint Local(params LocalMedia[] media) => new(7, 1, "abcd", "abcdefghijklmnopqrstuv", Print, media);

    internal static LocalMedia Video(MediaDirection direction = MediaDirection.SendOnly, params RtpCodec[] codecs) =>
        new("video", direction, codecs.Length > 0 ? codecs : [KnownCodecs.H264(102), KnownCodecs.Rtx(103, 102)])
        {
            Extensions = [HeaderExtension.Mid, HeaderExtension.TransportSequenceNumber], Ssrc = 11, RtxSsrc = 12, StreamId = "cam", TrackId = "v", TakesAnyH264Profile = true,
        };

    internal static LocalMedia Audio(MediaDirection direction = MediaDirection.SendRecv) =>
        new("audio", direction, [KnownCodecs.Opus, KnownCodecs.Pcmu, KnownCodecs.Pcma, KnownCodecs.TelephoneEvent(101)]) { Ssrc = 21, StreamId = "cam", TrackId = "a" };

    internal static SessionDescription Read(string text)
    {
        Assert.True(SdpReader.TryRead(text, out var description, out var error), error + "\n" + text);
        return description;
    }

    internal static SessionDescription Sample(string id) =>
        Read(VectorFile.Rows("sdp_good.json", "samples").First(r => r.TextProperty("id") == id).TextProperty("sdp"));

    private static (SessionDescription Answer, NegotiatedSession Session) Answer(SessionDescription offer, LocalEndpoint local)
    {
        Assert.True(OfferAnswer.TryAnswer(offer, local, null, out var answer, out var session, out var reason), reason);
        return (Read(SdpWriter.Write(answer)), session);
    }

    [Fact]
    public void A_browser_offer_gets_video_audio_and_a_polite_no_to_data_channels()
    {
        var (answer, session) = Answer(Sample("chrome-av-dc-offer"), Local(Video(), Audio()));
        Assert.Equal(["BUNDLE 0 1"], answer.Attributes("group"));
        Assert.Equal(["sendrecv", "sendonly"], answer.Media.Take(2).Select(m => MediaDirections.Name(answer.Direction(m))));
        Assert.Equal("data channels are not available", session.Media[2].RejectReason);
        Assert.Equal((0, "application", "2"), (answer.Media[2].Port, answer.Media[2].Kind, answer.Media[2].Mid));
        var video = session.Media[1].Codecs[0];
        Assert.Equal((103, 104), (video.SendPayloadType, video.SendRtx));
        Assert.True(video.HasFeedback("nack pli"));
        Assert.Equal(["103", "104"], answer.Media[1].Formats);
        Assert.Equal("active", answer.Media[0].Attribute("setup"));
        Assert.True(session.Media[0].Transport!.IsDtlsClient);
        Assert.Equal(4, session.Media[1].ExtensionId(HeaderExtension.Mid));
        Assert.Equal([11u, 12u], answer.Media[1].Ssrcs.Order());
        Assert.Equal([(11u, 12u)], answer.Media[1].RtxGroups);
        Assert.Equal(["opus", "PCMU", "PCMA", "telephone-event"], session.Media[0].Codecs.Select(c => c.Codec.Name));
    }

    [Theory]
    [InlineData("firefox-av-offer")]
    [InlineData("safari-av-offer")]
    [InlineData("gstreamer-webrtcbin-offer")]
    [InlineData("whip-offer")]
    [InlineData("identical-mid-tokens")]
    [InlineData("bundle-only")]
    [InlineData("chrome-trickled-candidates")]
    [InlineData("sha1-and-sha256-fp")]
    public void Offers_of_all_clients_are_answered_with_a_readable_description(string id)
    {
        var offer = Sample(id);
        var (answer, session) = Answer(offer, Local(Video(MediaDirection.SendRecv), Audio()));
        Assert.Equal(offer.Media.Count, answer.Media.Count);
        Assert.All(session.Media, m => Assert.False(m.IsRejected, m.RejectReason));
        Assert.Equal(offer.Media.Select(m => m.Mid), answer.Media.Select(m => m.Mid));
        Assert.True(Assert.Single(session.Fingerprints).IsAcceptable);
    }

    [Fact]
    public void An_extension_has_the_same_id_in_every_section_of_an_offer()
    {
        var offer = OfferAnswer.CreateOffer(Local(
            new LocalMedia("video", MediaDirection.SendOnly, [KnownCodecs.H264(102)]) { Extensions = [HeaderExtension.Mid, HeaderExtension.TransportSequenceNumber] },
            new LocalMedia("audio", MediaDirection.SendOnly, [KnownCodecs.Pcmu]) { Extensions = [HeaderExtension.Mid, HeaderExtension.AudioLevel] }));
        var lines = SdpWriter.Write(offer).Split("\r\n").Where(l => l.StartsWith("a=extmap:", StringComparison.Ordinal)).ToList();
        Assert.Equal(4, lines.Count);
        Assert.Equal(3, lines.Distinct().Count());
        Assert.Equal(3, lines.Select(l => l.Split(' ')[0]).Distinct().Count());
    }

    [Fact]
    public void Simulcast_is_answered_with_one_stream_and_a_note()
    {
        var (answer, session) = Answer(Sample("chrome-simulcast-offer"), Local(Video(MediaDirection.RecvOnly)));
        Assert.Equal("simulcast is answered with a single stream", session.Media[0].Note);
        Assert.False(answer.Media[0].HasAttribute("simulcast") || answer.Media[0].HasAttribute("rid"));
        Assert.Equal(MediaDirection.RecvOnly, session.Media[0].Direction);
    }

    [Theory]
    [InlineData(MediaDirection.SendRecv, MediaDirection.SendOnly, MediaDirection.SendOnly)]
    [InlineData(MediaDirection.RecvOnly, MediaDirection.SendOnly, MediaDirection.SendOnly)]
    [InlineData(MediaDirection.RecvOnly, MediaDirection.SendRecv, MediaDirection.SendOnly)]
    [InlineData(MediaDirection.SendOnly, MediaDirection.SendRecv, MediaDirection.RecvOnly)]
    [InlineData(MediaDirection.SendOnly, MediaDirection.SendOnly, MediaDirection.Inactive)]
    [InlineData(MediaDirection.Inactive, MediaDirection.SendRecv, MediaDirection.Inactive)]
    public void Directions_follow_RFC_3264(MediaDirection offered, MediaDirection wanted, MediaDirection answered)
    {
        var offer = OfferAnswer.CreateOffer(Local(Audio(offered)));
        var (answer, session) = Answer(offer, Local(Audio(wanted)));
        Assert.Equal(answered, session.Media[0].Direction);
        Assert.Equal(answered, answer.Direction(answer.Media[0]));
    }

    [Fact]
    public void Our_own_offer_and_answer_agree_on_both_sides()
    {
        var caller = Local(Video(MediaDirection.RecvOnly), Audio());
        var callee = Local(Video(MediaDirection.SendOnly, KnownCodecs.H264(120, "640029"), KnownCodecs.Rtx(121, 120)), Audio());
        var offer = Read(SdpWriter.Write(OfferAnswer.CreateOffer(caller)));
        var (answer, theirs) = Answer(offer, callee);
        Assert.True(OfferAnswer.TryAcceptAnswer(offer, caller, answer, null, out var ours, out var reason), reason);
        Assert.Equal(MediaDirection.RecvOnly, ours.Media[0].Direction);
        Assert.Equal(theirs.Media[0].Codecs[0].SendPayloadType, ours.Media[0].Codecs[0].ReceivePayloadType);
        Assert.NotEqual(ours.First!.Transport!.IsDtlsClient, theirs.First!.Transport!.IsDtlsClient);
        Assert.Equal(0, ours.Media[1].TransportIndex);
        Assert.Equal([11u, 12u], ours.Media[0].RemoteSsrcs.Order());
    }

    [Theory]
    [InlineData("42e01f", "42e01f", true)]
    [InlineData("42c01f", "42e028", true)]
    [InlineData("42e01f", "42001f", false)]
    [InlineData("4d001f", "42e01f", false)]
    [InlineData("640c1f", "64001f", false)]
    [InlineData("640c1f", "640c34", true)]
    [InlineData("4d801f", "42e01f", true)]
    [InlineData("zz", "42e01f", false)]
    public void H264_profiles_are_compared_by_their_meaning(string left, string right, bool same) =>
        Assert.Equal(same, KnownCodecs.H264(96, left).IsCompatible(KnownCodecs.H264(97, right)));

    [Fact]
    public void H264_modes_do_not_mix() => Assert.False(KnownCodecs.H264(96, "42e01f", 0).IsCompatible(KnownCodecs.H264(97, "42e01f", 1)));

    [Fact]
    public void A_camera_of_another_profile_is_offered_the_closest_format()
    {
        var offer = OfferAnswer.CreateOffer(Local(Video(MediaDirection.RecvOnly, KnownCodecs.H264(96, "42e01f", 0), KnownCodecs.H264(97), KnownCodecs.H264(98, "4d001f"), KnownCodecs.H264(99, "64001f"))));
        var (_, session) = Answer(offer, Local(Video(MediaDirection.SendOnly, KnownCodecs.H264(102, "4d0029"))));
        Assert.Equal([98, 99, 97], session.Media[0].Codecs.Select(c => c.SendPayloadType));
    }

    [Fact]
    public void Level_asymmetry_lets_the_answer_keep_its_own_level()
    {
        var (answer, _) = Answer(OfferAnswer.CreateOffer(Local(Video(MediaDirection.RecvOnly, KnownCodecs.H264(96, "42e01f")))),
            Local(Video(MediaDirection.SendOnly, KnownCodecs.H264(102, "42e029"))));
        Assert.Equal("42e029", answer.Media[0].Codecs[0].Parameters["profile-level-id"]);
    }

    [Fact]
    public void A_changed_fingerprint_in_a_new_offer_is_refused()
    {
        var (_, session) = Answer(OfferAnswer.CreateOffer(Local(Audio())), Local(Audio()));
        var other = Local(Audio()) with { Fingerprint = new DtlsFingerprint("sha-256", new byte[32]) };
        Assert.False(OfferAnswer.TryAnswer(OfferAnswer.CreateOffer(other), Local(Audio()), session, out _, out _, out var reason));
        Assert.Equal("a new offer changes the fingerprint of the peer", reason);
    }

    [Theory]
    [InlineData("a=fingerprint:sha-256 ", "a=fingerprint:sha-1 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13", "no fingerprint is SHA-256 or better")]
    [InlineData("a=setup:", "a=setup:holdconn", "setup:holdconn has no DTLS role")]
    public void A_peer_that_cannot_be_trusted_is_refused(string line, string replacement, string reason)
    {
        var text = string.Join("\r\n", SdpWriter.Write(OfferAnswer.CreateOffer(Local(Audio()))).Split("\r\n").Select(l => l.StartsWith(line, StringComparison.Ordinal) ? replacement : l));
        Assert.False(OfferAnswer.TryAnswer(Read(text), Local(Audio()), null, out _, out _, out var given));
        Assert.Equal(reason, given);
    }

    [Fact]
    public void Plain_RTP_is_refused_unless_an_address_is_configured()
    {
        var offer = Sample("hold-sendonly");
        Assert.Equal("media without encryption is not accepted", Answer(offer, Local(Audio())).Session.Media[0].RejectReason);
        var (answer, session) = Answer(offer, Local(Audio()) with { PlainAddress = "192.0.2.7", PlainPort = 6000 });
        Assert.Equal(("192.0.2.1", 49170, 49171), (session.Media[0].Transport!.PlainAddress, session.Media[0].Transport!.PlainPort, session.Media[0].Transport!.PlainRtcpPort));
        Assert.Equal((6000, MediaDirection.RecvOnly, "192.0.2.7"), (answer.Media[0].Port, answer.Direction(answer.Media[0]), answer.Connection(answer.Media[0])));
    }

    [Fact]
    public void Keys_in_the_signaling_are_refused() =>
        Assert.Equal("SRTP keys in the signaling are not accepted, only DTLS-SRTP", Answer(Sample("sip-offer-savp-sdes"), Local(Audio())).Session.Media[0].RejectReason);

    [Fact]
    public void Sections_outside_the_bundle_are_rejected()
    {
        var offer = OfferAnswer.CreateOffer(Local(Audio(), Video(MediaDirection.RecvOnly)));
        offer.Remove("group");
        var session = Answer(offer, Local(Audio(), Video())).Session;
        Assert.Equal([null, "the section is not in the bundle of the first one"], session.Media.Select(m => m.RejectReason));
    }

    [Fact]
    public void An_answer_with_a_foreign_direction_or_role_is_refused()
    {
        var local = Local(Audio(MediaDirection.RecvOnly));
        var offer = OfferAnswer.CreateOffer(local);
        var (answer, _) = Answer(offer, Local(Audio(MediaDirection.SendOnly)));
        answer.Media[0].Set("setup", "actpass");
        Assert.False(OfferAnswer.TryAcceptAnswer(offer, local, answer, null, out _, out var reason));
        Assert.Equal("an answer must choose a DTLS role", reason);
        answer.Media[0].Remove("sendonly");
        Assert.False(OfferAnswer.TryAcceptAnswer(offer, local, answer, null, out _, out reason));
        Assert.Equal("section 0 of the answer has a direction that was not offered", reason);
    }

    [Fact]
    public void A_fragment_of_trickled_candidates_survives_a_round_trip()
    {
        var fragment = new TrickleFragment("abcd", "abcdefghijklmnopqrstuv", [new TrickleMedia(TrickleMedia.PseudoHeader, "0", ["1 1 udp 1 192.0.2.1 5 typ host"], true)]);
        Assert.True(TrickleFragment.TryRead(fragment.Write(), out var read, out var error), error.ToString());
        Assert.Equal(fragment.Write(), read.Write());
        Assert.True(read.Media[0].IsComplete);
        Assert.False(TrickleFragment.TryRead("a=mid:0\r\na=candidate:x\r\n", out _, out error));
        Assert.Equal("ice-ufrag is missing", error.Reason);
    }
}
