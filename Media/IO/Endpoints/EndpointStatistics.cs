using System.Globalization;
using MediaRelay.Media.Congestion;
using MediaRelay.Media.Ice;
using MediaRelay.Media.IO.Audio;

namespace MediaRelay.Media.IO.Endpoints;

/// <summary>Collects the W3C's statistics objects of one endpoint. On the loop only.</summary>
internal static class EndpointStatistics
{
    public static IReadOnlyList<RtcStatistic> Collect(EndpointTransport? transport, EndpointMedia? media, AudioLevel incoming)
    {
        var report = new List<RtcStatistic>();
        if (transport is null || media is null) return report;
        var counters = transport.Counters;
        var active = transport.Agent.ActivePair;
        var transportValues = new Dictionary<string, object>
        {
            ["packetsSent"] = counters.PacketsSent,
            ["packetsReceived"] = counters.PacketsReceived,
            ["bytesSent"] = counters.BytesSent,
            ["bytesReceived"] = counters.BytesReceived,
            ["iceRole"] = transport.Agent.Role == IceRole.Controlling ? "controlling" : "controlled",
            ["iceState"] = transport.Agent.State.ToString().ToLowerInvariant(),
            ["dtlsState"] = transport.Dtls?.State switch { null => "new", Dtls.DtlsState.Handshaking => "connecting", { } s => s.ToString().ToLowerInvariant() },
            ["dtlsCipher"] = transport.Dtls?.CipherName ?? "",
            ["srtpCipher"] = transport.Dtls?.SrtpProfile switch
            {
                Dtls.DtlsSrtpProfile.AeadAes128Gcm => "AEAD_AES_128_GCM",
                Dtls.DtlsSrtpProfile.AesCm128HmacSha1Tag80 => "AES_CM_128_HMAC_SHA1_80",
                _ => "",
            },
        };
        if (active is not null) transportValues["selectedCandidatePairId"] = PairId(active);
        report.Add(new RtcStatistic("T", "transport", transportValues));
        foreach (var pair in transport.Agent.Snapshot()) AddPair(report, pair, active is not null && PairId(pair) == PairId(active) ? media.Bandwidth : null);
        foreach (var sender in media.Senders) AddSender(report, sender);
        foreach (var receiver in media.Receivers) AddReceiver(report, receiver, incoming);
        return report;
    }

    public static IReadOnlyDictionary<string, double> Timeline(EndpointTransport? transport)
    {
        var steps = new Dictionary<string, double>();
        if (transport is null) return steps;
        var timeline = transport.Timeline;
        void Add(string name, TimeSpan? at)
        {
            if (at is { } reached) steps[name] = (reached - timeline.Created).TotalMilliseconds;
        }
        Add("gathered", timeline.Gathered);
        Add("pairFound", timeline.PairFound);
        Add("secured", timeline.Secured);
        Add("firstPacket", timeline.FirstPacketSent);
        Add("firstKeyFrame", timeline.FirstKeyFrameSent);
        return steps;
    }

    private static void AddPair(List<RtcStatistic> report, CandidatePairSnapshot pair, BandwidthEstimator? bandwidth)
    {
        var values = new Dictionary<string, object>
        {
            ["transportId"] = "T",
            ["localCandidateId"] = AddCandidate(report, pair.Local, "local-candidate"),
            ["remoteCandidateId"] = AddCandidate(report, pair.Remote, "remote-candidate"),
            ["state"] = pair.State.ToString().ToLowerInvariant(),
            ["nominated"] = pair.IsNominated,
        };
        if (pair.RoundTrip is { } roundTrip) values["currentRoundTripTime"] = roundTrip.TotalSeconds;
        if (bandwidth is { HasFeedback: true }) values["availableOutgoingBitrate"] = bandwidth.BitsPerSecond;
        if (!pair.RelayServer.IsNone)
        {
            // The W3C has these on the candidate; here they stand where the path is read.
            values["relayServer"] = pair.RelayServer.ToString();
            values["relayProtocol"] = pair.SocketId < 0 ? "tcp" : "udp";
        }
        report.Add(new RtcStatistic(PairId(pair), "candidate-pair", values));
    }

    private static string AddCandidate(List<RtcStatistic> report, Candidate candidate, string type)
    {
        var id = $"{(type[0] == 'l' ? 'L' : 'R')}{candidate.Address}";
        if (!report.Exists(r => r.Id == id))
        {
            report.Add(new RtcStatistic(id, type, new Dictionary<string, object>
            {
                ["address"] = candidate.Address.AddressText(),
                ["port"] = (int)candidate.Address.Port,
                ["protocol"] = candidate.Transport.ToLowerInvariant(),
                ["candidateType"] = candidate.TypeToken,
                ["priority"] = (long)candidate.Priority,
                ["foundation"] = candidate.Foundation,
            }));
        }
        return id;
    }

    private static string PairId(CandidatePairSnapshot pair) => $"P{pair.Local.Address}-{pair.Remote.Address}";

    private static void AddSender(List<RtcStatistic> report, TrackSender sender)
    {
        var number = sender.Ssrc.ToString(CultureInfo.InvariantCulture);
        var kind = sender.IsVideo ? "video" : "audio";
        var values = new Dictionary<string, object>
        {
            ["ssrc"] = (long)sender.Ssrc,
            ["kind"] = kind,
            ["transportId"] = "T",
            ["packetsSent"] = sender.Packets,
            ["bytesSent"] = sender.Octets,
            ["retransmittedPacketsSent"] = sender.Counters?.RetransmittedPacketsSent ?? 0,
            ["nackCount"] = sender.Counters?.NackCount ?? 0,
        };
        if (sender.IsVideo)
        {
            values["pliCount"] = sender.Counters?.PliCount ?? 0;
            values["firCount"] = sender.Counters?.FirCount ?? 0;
            values["qualityLimitationReason"] = sender.Governor.Quality == ViewerQuality.Full ? "none" : "bandwidth";
            values["qualityLimitationResolutionChanges"] = sender.Governor.Reductions;
            // Not of the W3C: what the viewer gets in place of the whole picture.
            values["mediarelayQuality"] = sender.Governor.Quality switch { ViewerQuality.Full => "full", ViewerQuality.Reduced => "reduced", _ => "key-frames" };
            values["mediarelayPacketsSkipped"] = sender.Counters?.PacketsSkipped ?? 0;
        }
        if (sender.Codec is { } codec)
        {
            values["codecId"] = "C" + number;
            report.Add(new RtcStatistic("C" + number, "codec", new Dictionary<string, object>
            {
                ["mimeType"] = $"{kind}/{codec.Codec.Name}",
                ["payloadType"] = codec.SendPayloadType,
                ["clockRate"] = codec.Codec.ClockRate,
                ["channels"] = codec.Codec.Channels,
                ["sdpFmtpLine"] = codec.RemoteParameters.Text,
            }));
        }
        report.Add(new RtcStatistic("O" + number, "outbound-rtp", values));
        if (sender.LastReport == default) return;
        var remote = new Dictionary<string, object>
        {
            ["ssrc"] = (long)sender.Ssrc,
            ["kind"] = kind,
            ["localId"] = "O" + number,
            ["packetsLost"] = sender.LastReport.TotalLost,
            ["fractionLost"] = sender.LastReport.FractionLost / 256.0,
            ["jitter"] = sender.LastReport.Jitter / (double)(sender.Codec?.Codec.ClockRate ?? 90000),
        };
        if (sender.RoundTrip is { } roundTrip) remote["roundTripTime"] = roundTrip.TotalSeconds;
        report.Add(new RtcStatistic("RI" + number, "remote-inbound-rtp", remote));
    }

    private static void AddReceiver(List<RtcStatistic> report, TrackReceiver receiver, AudioLevel incoming)
    {
        var values = new Dictionary<string, object>
        {
            ["ssrc"] = (long)receiver.Ssrc,
            ["kind"] = receiver.Media.Kind,
            ["mid"] = receiver.Media.Mid ?? "",
            ["transportId"] = "T",
            ["packetsReceived"] = receiver.Statistics.Packets,
            ["bytesReceived"] = receiver.Statistics.Octets,
            ["packetsLost"] = receiver.Statistics.Lost,
            ["jitter"] = receiver.Statistics.Jitter.TotalSeconds,
        };
        // The W3C member is linear, 0 to 1.
        if (receiver.Media.Kind == "audio") values["audioLevel"] = Math.Pow(10, incoming.Current / 20);
        report.Add(new RtcStatistic("I" + receiver.Ssrc.ToString(CultureInfo.InvariantCulture), "inbound-rtp", values));
    }
}
