using System.Globalization;

namespace MediaRelay.Media.Sdp;

/// <summary>Finds the formats that both ends mean alike and decides the parameters of an answer (RFC 3264 section 6.1).</summary>
internal static class CodecMatcher
{
    /// <summary>
    /// Pairs in the order of <paramref name="local"/> preference. Numbers of <paramref name="remote"/> are what to send;
    /// with <paramref name="localNumbers"/> the own ones are what to expect (the other end has answered), else both are the same.
    /// </summary>
    public static IReadOnlyList<NegotiatedCodec> Match(IReadOnlyList<RtpCodec> local, IReadOnlyList<RtpCodec> remote, bool anyH264, bool localNumbers)
    {
        var pairs = new List<NegotiatedCodec>();
        foreach (var own in local)
        {
            if (own.IsRtx) continue;
            foreach (var other in Candidates(own, remote, anyH264))
            {
                if (pairs.Any(p => p.SendPayloadType == other.PayloadType)) continue;
                pairs.Add(Pair(own, other, local, remote, localNumbers));
                if (!anyH264 || !own.Is("H264")) break;
            }
        }
        return pairs;
    }

    private static IEnumerable<RtpCodec> Candidates(RtpCodec own, IReadOnlyList<RtpCodec> remote, bool anyH264)
    {
        if (!anyH264 || !own.Is("H264")) return remote.Where(own.IsCompatible);
        _ = H264Parameters.TryParse(own.Parameters["profile-level-id"], out var sent);
        var mode = own.Parameters.Number("packetization-mode", 0);
        return remote.Where(r => r.Is("H264") && r.Parameters.Number("packetization-mode", 0) == mode)
            .OrderBy(r => !H264Parameters.TryParse(r.Parameters["profile-level-id"], out var shown) ? 3 : shown.Profile == sent.Profile ? 0 : sent.CanBeShownBy(shown.Profile) ? 1 : 2);
    }

    private static NegotiatedCodec Pair(RtpCodec own, RtpCodec other, IReadOnlyList<RtpCodec> local, IReadOnlyList<RtpCodec> remote, bool localNumbers)
    {
        var ownRtx = local.FirstOrDefault(c => c.IsRtx && c.AssociatedPayloadType == own.PayloadType);
        var otherRtx = remote.FirstOrDefault(c => c.IsRtx && c.AssociatedPayloadType == other.PayloadType && ownRtx is not null);
        var sendRtx = otherRtx?.PayloadType ?? -1;
        return new NegotiatedCodec(own, other.PayloadType, localNumbers ? own.PayloadType : other.PayloadType, sendRtx,
            otherRtx is null ? -1 : localNumbers ? ownRtx!.PayloadType : sendRtx)
        {
            RemoteParameters = other.Parameters,
            Feedback = [.. other.Feedback.Where(f => own.Feedback.Contains(f, StringComparer.Ordinal))],
        };
    }

    /// <summary>The codec lines of an answer: the offerer's number, this end's parameters, the common feedback.</summary>
    public static IEnumerable<RtpCodec> AnswerLines(NegotiatedCodec pair)
    {
        var parameters = pair.Codec.Is("H264") ? H264Answer(pair.Codec.Parameters, pair.RemoteParameters) : pair.Codec.Parameters;
        yield return pair.Codec with { PayloadType = pair.SendPayloadType, Parameters = parameters, Feedback = pair.Feedback };
        if (pair.SendRtx >= 0) yield return KnownCodecs.Rtx(pair.SendRtx, pair.SendPayloadType, pair.Codec.ClockRate);
    }

    // Without level-asymmetry on both sides the answer may not raise the level (RFC 6184 section 8.2.2). The profile is the offer's.
    private static FormatParameters H264Answer(FormatParameters own, FormatParameters offered)
    {
        _ = H264Parameters.TryParse(own["profile-level-id"], out var ours);
        var theirs = H264Parameters.TryParse(offered["profile-level-id"], out var parsed) ? parsed : ours;
        var asymmetric = own["level-asymmetry-allowed"] == "1" && offered["level-asymmetry-allowed"] == "1";
        var text = offered["profile-level-id"] ?? "42000a";
        if (ours.Profile == theirs.Profile && (asymmetric || ours.Level < theirs.Level)) text = own["profile-level-id"] ?? text;
        var mode = own.Number("packetization-mode", 0);
        return new FormatParameters(string.Create(CultureInfo.InvariantCulture,
            $"{(asymmetric ? "level-asymmetry-allowed=1;" : "")}packetization-mode={mode};profile-level-id={text}"));
    }

    /// <summary>Extensions of the peer that this end knows; an id outside the usable range is left out.</summary>
    public static IReadOnlyList<HeaderExtension> Extensions(LocalMedia local, MediaDescription remote)
    {
        var list = new List<HeaderExtension>();
        foreach (var extension in remote.HeaderExtensions)
            if (extension.Id is >= 1 and <= 255 and not 15 && local.Extensions.Contains(extension.Uri, StringComparer.Ordinal) && !list.Any(e => e.Uri == extension.Uri))
                list.Add(extension with { Direction = null });
        return list;
    }
}
