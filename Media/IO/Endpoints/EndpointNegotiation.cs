using System.Security.Cryptography;
using MediaRelay.Media.Ice;
using MediaRelay.Media.IO.Cameras;
using MediaRelay.Media.Sdp;

namespace MediaRelay.Media.IO.Endpoints;

/// <summary>Turns what an endpoint sends and wants into descriptions, and keeps the state of offer and answer (RFC 3264).</summary>
internal sealed class EndpointNegotiation(MediaEndpointSettings settings, DtlsFingerprint fingerprint)
{
    private readonly ulong _sessionId = (ulong)RandomNumberGenerator.GetInt32(int.MaxValue) << 31 | (uint)RandomNumberGenerator.GetInt32(int.MaxValue);
    private ulong _version = 1;
    private SessionDescription? _offer;
    private LocalEndpoint? _offered;

    /// <summary>Source number of what is sent, by kind; the same in all descriptions of the session.</summary>
    public uint VideoSsrc { get; } = RandomSsrc();

    public uint VideoRtxSsrc { get; } = RandomSsrc();

    public uint AudioSsrc { get; } = RandomSsrc();

    public NegotiatedSession? Session { get; private set; }

    /// <summary>An offer of everything that is sent and wanted.</summary>
    public string CreateOffer(IceCredentials credentials, IReadOnlyList<string> candidates, bool complete)
    {
        _offered = Describe(credentials, candidates, complete);
        _offer = OfferAnswer.CreateOffer(_offered);
        return SdpWriter.Write(_offer);
    }

    /// <summary>The peer's answer to the last offer. Throws <see cref="MediaNegotiationException"/> when it cannot be used.</summary>
    public NegotiatedSession AcceptAnswer(string sdp)
    {
        if (_offer is null || _offered is null) throw new MediaNegotiationException("there is no offer to answer");
        if (!OfferAnswer.TryAcceptAnswer(_offer, _offered, Read(sdp), Session, out var session, out var reason)) throw new MediaNegotiationException(reason);
        Session = session;
        return session;
    }

    /// <summary>
    /// Answers an offer. <paramref name="applied"/> takes the outcome before the answer is written, because a restart by the peer changes our credentials.
    /// </summary>
    public string Answer(string sdp, Func<IceCredentials> credentials, IReadOnlyList<string> candidates, bool complete, Action<NegotiatedSession> applied)
    {
        var offer = Read(sdp);
        var before = credentials();
        if (!OfferAnswer.TryAnswer(offer, Describe(before, candidates, complete), Session, out var answer, out var session, out var reason))
            throw new MediaNegotiationException(reason);
        if (session.First is null) throw Unsuitable(session);
        applied(session);
        var after = credentials();
        if (after != before && !OfferAnswer.TryAnswer(offer, Describe(after, [], false), Session, out answer, out session, out reason))
            throw new MediaNegotiationException(reason);
        Session = session;
        return SdpWriter.Write(answer!);
    }

    /// <summary>Why each section is refused, and the formats that an offer needs to have instead.</summary>
    private MediaNegotiationException Unsuitable(NegotiatedSession session)
    {
        var reasons = string.Join(", ", session.Media.Select(m => m.RejectReason ?? "not used").Distinct());
        var formats = string.Join(", or ", Media().Select(m => $"{m.Kind} in {string.Join(" or ", m.Codecs.Where(c => !c.IsRtx).Select(c => c.Name))}"));
        return new MediaNegotiationException($"no section of the offer can be used ({reasons}); it needs {formats}") { IsOfferUnsuitable = true };
    }

    private static SessionDescription Read(string sdp) =>
        SdpReader.TryRead(sdp, out var description, out var error) ? description : throw new MediaNegotiationException(error.ToString());

    private LocalEndpoint Describe(IceCredentials credentials, IReadOnlyList<string> candidates, bool complete) =>
        new(_sessionId, _version++, credentials.UsernameFragment, credentials.Password, fingerprint, Media())
        {
            Candidates = candidates,
            HasAllCandidates = complete,
            IsIceLite = settings.IceMode == IceMode.Lite,
            AnswerSetup = settings.PrefersDtlsClient ? DtlsSetup.Active : DtlsSetup.Passive,
        };

    private List<LocalMedia> Media()
    {
        var media = new List<LocalMedia>();
        var tracks = settings.Source?.Tracks ?? [];
        var hasVideo = settings.Source is not null && (tracks.Count == 0 || tracks.Any(t => t.Kind == MediaKind.Video));
        var hasAudio = settings.Source is not null && (tracks.Count == 0 || tracks.Any(t => t.Kind == MediaKind.Audio));
        var video = Direction(hasVideo, settings.Publish);
        var audio = Direction(hasAudio, settings.Publish || settings.ReceiveAudio);
        if (video != MediaDirection.Inactive)
        {
            var own = tracks.FirstOrDefault(t => t.Kind == MediaKind.Video && t.Codec.Is("H264"));
            var codec = KnownCodecs.H264(102, own?.Codec.Parameters["profile-level-id"] is { Length: 6 } profile ? profile : "42e01f");
            media.Add(new LocalMedia("video", video, [codec, KnownCodecs.Rtx(103, 102)])
            {
                Extensions = [HeaderExtension.Mid, HeaderExtension.TransportSequenceNumber],
                Ssrc = hasVideo ? VideoSsrc : null,
                RtxSsrc = hasVideo ? VideoRtxSsrc : null,
                StreamId = "camera",
                TrackId = "video",
                TakesAnyH264Profile = true,
            });
        }
        if (audio != MediaDirection.Inactive)
        {
            media.Add(new LocalMedia("audio", audio, AudioCodecs(tracks))
            {
                Extensions = [HeaderExtension.Mid, HeaderExtension.AudioLevel],
                Ssrc = hasAudio ? AudioSsrc : null,
                StreamId = "camera",
                TrackId = "audio",
            });
        }
        return media;
    }

    // What needs no conversion comes first: the camera's own sound, then what its back-channel takes.
    private List<RtpCodec> AudioCodecs(IReadOnlyList<CameraTrack> tracks)
    {
        List<RtpCodec> all = [KnownCodecs.Pcmu, KnownCodecs.Pcma, KnownCodecs.Opus];
        var camera = tracks.FirstOrDefault(t => t.Kind == MediaKind.Audio)?.Codec.Name;
        var back = (settings.TalkBack ?? settings.Source?.TalkBack)?.Codec;
        var converted = camera is not null && !all.Exists(c => c.Is(camera));
        return
        [
            .. all.OrderBy(c => camera is not null && c.Is(camera) ? 0
                : settings.ReceiveAudio && back is not null && c.Is(back) ? 1
                : converted && c.Is("opus") ? 2 : 3),
        ];
    }

    private static MediaDirection Direction(bool send, bool receive) =>
        (send ? MediaDirection.SendOnly : MediaDirection.Inactive) | (receive ? MediaDirection.RecvOnly : MediaDirection.Inactive);

    private static uint RandomSsrc() => (uint)RandomNumberGenerator.GetInt32(1, int.MaxValue);
}
