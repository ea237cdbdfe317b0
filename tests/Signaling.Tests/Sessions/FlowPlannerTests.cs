using MediaRelay.Qos.Cmts;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Signaling.Sessions;

namespace MediaRelay.Signaling.Tests.Sessions;

/// <summary>Session descriptions and paths to gates, with the worked numbers of the mapping sheet.</summary>
public sealed class FlowPlannerTests
{
    private const string Home = "10.1.0.7";
    private static readonly string Dtls = "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=setup:active\r\na=fingerprint:sha-256 " + string.Join(':', Enumerable.Repeat("AB", 32)) + "\r\n";
    private const string Relay = "198.51.100.7:3478";
    private static readonly FlowPlanner Planner = new(new FlowPlannerSettings());

    /// <summary>Codec, ptime, SRTP, relay: IP size, rate in bytes/s, grant with BPI+, interval in microseconds.</summary>
    [Theory]
    [InlineData("0 PCMU/8000", 10, "", false, 120, 12000, 152, 10000)]
    [InlineData("0 PCMU/8000", 20, "", false, 200, 10000, 232, 20000)]
    [InlineData("8 PCMA/8000", 30, "", false, 280, 9333.3, 312, 30000)]
    [InlineData("9 G722/8000", 20, "", false, 200, 10000, 232, 20000)]
    [InlineData("96 G726-32/8000", 20, "", false, 120, 6000, 152, 20000)]
    [InlineData("97 iLBC/8000", 30, "", false, 90, 3000, 122, 30000)]
    [InlineData("0 PCMU/8000", 10, "AES_CM_128_HMAC_SHA1_80", false, 130, 13000, 162, 10000)]
    [InlineData("0 PCMU/8000", 20, "AES_CM_128_HMAC_SHA1_80", false, 210, 10500, 242, 20000)]
    [InlineData("0 PCMU/8000", 30, "AES_CM_128_HMAC_SHA1_80", false, 290, 9666.7, 322, 30000)]
    [InlineData("97 iLBC/8000", 30, "AES_CM_128_HMAC_SHA1_80", false, 100, 3333.3, 132, 30000)]
    [InlineData("0 PCMU/8000", 20, "AES_CM_128_HMAC_SHA1_80", true, 214, 10700, 246, 20000)]
    [InlineData("96 G726-32/8000", 20, "AES_CM_128_HMAC_SHA1_80", true, 134, 6700, 166, 20000)]
    [InlineData("0 PCMU/8000", 20, "AEAD_AES_128_GCM", false, 216, 10800, 248, 20000)]
    public void Constant_audio_alone_on_its_five_tuple_becomes_an_unsolicited_grant(
        string codec, int ptime, string suite, bool relay, uint ipBytes, double rate, int grant, uint interval)
    {
        string sdp = Audio(codec, ptime, suite);
        FlowPlan plan = Plan(Demand(sdp, sdp, relay));
        GateRequest up = plan.Gates.Single(g => g.Spec.Direction == GateDirection.Upstream);
        FlowSpec spec = up.Profile.First.FlowSpec;
        Assert.Equal((TrafficProfileType.FlowSpec, ResourceEnvelopes.Commit), (up.Profile.Type, up.Profile.Envelopes));
        Assert.Equal((ipBytes, ipBytes), (spec.MinPacket, spec.MaxPacket));
        Assert.Equal(rate, spec.BucketRate, 0.05);
        Assert.Equal(PcmmErrorCode.None, DocsisMapping.TryMap(up.Profile, ResourceEnvelopes.Committed, GateDirection.Upstream, true, false, out ServiceFlowParameters flow));
        Assert.Equal((SchedulingType.UnsolicitedGrant, grant, interval, 1), (flow.Scheduling, flow.Set.GrantSize, flow.Set.GrantInterval, flow.Set.GrantsPerInterval));
        Assert.Equal(2, plan.Gates.Count);
    }

    [Theory]
    [InlineData("a=rtcp-mux")] // RTCP may be larger than the grant.
    [InlineData("a=rtpmap:13 CN/8000")] // Silence is not constant.
    public void Audio_that_is_not_alone_or_not_constant_is_polled(string line)
    {
        string sdp = Audio("0 PCMU/8000", 20, "").Replace("m=audio 9 RTP/AVP 0", line.Contains("13", StringComparison.Ordinal) ? "m=audio 9 RTP/AVP 0 13" : "m=audio 9 RTP/AVP 0", StringComparison.Ordinal) + line + "\r\n";
        FlowPlan plan = Plan(Demand(sdp, sdp, false));
        Assert.Equal(TrafficProfileType.RealTimePolling, plan.Gates.Single(g => g.Spec.Direction == GateDirection.Upstream).Profile.Type);
    }

    [Fact]
    public void Opus_is_polled_unless_it_says_that_it_is_constant()
    {
        string variable = Audio("111 opus/48000/2", 20, "");
        string constant = variable + "a=fmtp:111 cbr=1;maxaveragebitrate=32000\r\n";
        Assert.Equal(TrafficProfileType.RealTimePolling, Plan(Demand(variable, variable, false)).Gates[0].Profile.Type);
        TrafficProfile profile = Plan(Demand(constant, constant, false)).Gates[0].Profile;
        Assert.Equal((TrafficProfileType.FlowSpec, 120u), (profile.Type, profile.First.FlowSpec.MaxPacket));
    }

    [Fact]
    public void A_camera_through_the_relay_is_one_polled_gate_upstream_for_what_leaves_the_modem()
    {
        string offer = Video("recvonly"), answer = Video("sendonly");
        FlowPlan plan = Plan(Demand(offer, answer, true));
        GateRequest gate = Assert.Single(plan.Gates);
        ParameterSet set = gate.Profile.First;
        const int ip = 1188 + 40 + 16 + 4; // RTP payload, IP UDP RTP, AES-GCM tag, channel header.
        double packets = 2_000_000 / 8.0 / 1188;
        Assert.Equal(TrafficProfileType.RealTimePolling, gate.Profile.Type);
        Assert.Equal((uint)Math.Ceiling(packets * (ip + 18) * 8 * 1.05), set.MinReservedRate);
        Assert.Equal(set.MinReservedRate, set.MaxSustainedRate);
        Assert.Equal((ushort)(ip + 18), set.MinPacketSize);
        Assert.Equal(0x1Fu, set.RequestPolicy);
        Assert.InRange(set.PollingInterval, 2300u, 2400u);
        Assert.Equal(24, gate.Spec.Tos >> 2);
        Assert.Equal(Given("10.1.0.7"), gate.Subscriber);
        Assert.True(gate.Classifiers[0].Matches(PacketTuple.Udp(new(System.Net.IPAddress.Parse(Home), 50000), System.Net.IPEndPoint.Parse(Relay))));
        Assert.False(gate.Classifiers[0].Matches(PacketTuple.Udp(new(System.Net.IPAddress.Parse(Home), 50001), System.Net.IPEndPoint.Parse(Relay))));
    }

    [Fact]
    public void A_bundle_shares_one_gate_in_each_direction_and_says_so()
    {
        string sdp = Bundle();
        FlowPlan plan = Plan(Demand(sdp, sdp, false));
        Assert.Equal([GateDirection.Upstream, GateDirection.Downstream], plan.Gates.Select(g => g.Spec.Direction));
        Assert.Equal([TrafficProfileType.RealTimePolling, TrafficProfileType.Downstream], plan.Gates.Select(g => g.Profile.Type));
        uint audioAlone = Plan(Demand(Audio("0 PCMU/8000", 20, "") + "a=rtcp-mux\r\n", Audio("0 PCMU/8000", 20, "") + "a=rtcp-mux\r\n", false)).Gates[0].Profile.First.MinReservedRate;
        Assert.True(plan.Gates[0].Profile.First.MinReservedRate > 2_000_000 + audioAlone);
        Assert.Contains(plan.Notes, n => n.Contains("share one five-tuple", StringComparison.Ordinal));
        Assert.False(plan.Gates[0].Spec.OverwritesDscp); // Audio and video keep their own marks.
    }

    [Fact]
    public void Before_the_answer_the_offer_decides_and_the_near_port_is_open()
    {
        FlowPlan plan = Plan(Demand(Video("recvonly"), null, true) with { NearEndpoint = null });
        GateRequest gate = Assert.Single(plan.Gates);
        Assert.Equal(GateDirection.Upstream, gate.Spec.Direction);
        Assert.Equal((0, 65535, 3478), (gate.Classifiers[0].SourcePortStart, gate.Classifiers[0].SourcePortEnd, gate.Classifiers[0].DestinationPortStart));
        Assert.Contains(plan.Notes, n => n.Contains("port is not known yet", StringComparison.Ordinal));
    }

    [Fact]
    public void A_relay_that_is_reached_over_TCP_is_classified_as_TCP()
    {
        FlowPlan plan = Plan(Demand(Video("recvonly"), Video("sendonly"), true) with { IsTcp = true, NearEndpoint = null });
        Assert.Equal((6, 3478), (plan.Gates[0].Classifiers[0].Protocol, plan.Gates[0].Classifiers[0].DestinationPortStart));
    }

    /// <summary>Codec, transport of the path, profile upstream.</summary>
    [Theory]
    [InlineData("camera", false, TrafficProfileType.RealTimePolling)]
    [InlineData("camera", true, TrafficProfileType.BestEffort)]
    [InlineData("G.711", false, TrafficProfileType.FlowSpec)]
    [InlineData("G.711", true, TrafficProfileType.BestEffort)]
    [InlineData("bundle", true, TrafficProfileType.BestEffort)]
    public void What_goes_inside_tcp_is_best_effort_with_the_rate_reserved(string media, bool isTcp, TrafficProfileType type)
    {
        (string offer, string answer) = media switch
        {
            "camera" => (Video("recvonly"), Video("sendonly")),
            "bundle" => (Bundle(), Bundle()),
            _ => (Audio("0 PCMU/8000", 20, ""), Audio("0 PCMU/8000", 20, "")),
        };
        TrafficProfile profile = Plan(Demand(offer, answer, true) with { IsTcp = isTcp }).Gates.Single(g => g.Spec.Direction == GateDirection.Upstream).Profile;
        Assert.Equal(type, profile.Type);
        if (type != TrafficProfileType.BestEffort) return;
        Assert.InRange(profile.First.MinReservedRate, media == "G.711" ? 80_000u : 2_000_000u, 2_400_000u);
        Assert.Equal((profile.First.MinReservedRate, 0u), (profile.First.MaxSustainedRate, profile.First.PollingInterval));
        Assert.Equal(PcmmErrorCode.None, DocsisMapping.TryMap(profile, ResourceEnvelopes.Committed, GateDirection.Upstream, true, false, out ServiceFlowParameters flow));
        Assert.Equal(SchedulingType.BestEffort, flow.Scheduling);
    }

    /// <summary>RFC 8837 table 1 for two-way media (EF, AF42, AF41), RFC 4594 section 4.5 for a camera (CS3); no mark where two kinds share a five-tuple.</summary>
    [Theory]
    [InlineData("audio", "sendrecv", false, 46)]
    [InlineData("audio", "sendrecv", true, 46)]
    [InlineData("video", "sendrecv", false, 36)]
    [InlineData("video", "sendrecv", true, 34)]
    [InlineData("video", "sendonly", false, 24)]
    [InlineData("video", "sendonly", true, 24)]
    [InlineData("bundle", "sendrecv", false, null)]
    [InlineData("bundle", "sendrecv", true, null)]
    public void Marks_follow_the_kind_of_media(string kind, string direction, bool isAlarm, int? dscp)
    {
        string sdp = kind switch
        {
            "audio" => Audio("0 PCMU/8000", 20, ""),
            "bundle" => Bundle(),
            _ => Video(direction),
        };
        string offer = direction == "sendonly" ? Video("recvonly") : sdp;
        Assert.All(Plan(Demand(offer, sdp, false) with { IsAlarm = isAlarm }).Gates, g =>
        {
            Assert.Equal(dscp is not null, g.Spec.OverwritesDscp);
            Assert.Equal((dscp ?? 0, dscp is null ? 0 : 0xFC), (g.Spec.Tos >> 2, (int)g.Spec.TosMask));
        });
    }

    [Fact]
    public void Behind_the_homes_nat_subscriber_and_classifier_are_what_the_cmts_sees()
    {
        FlowPlan plan = Plan(Demand(Video("recvonly"), Video("sendonly"), true) with { GatewayAddress = "203.0.113.9", NearEndpoint = "192.168.1.20:40000" });
        GateRequest gate = Assert.Single(plan.Gates);
        Assert.Equal(Given("203.0.113.9"), gate.Subscriber);
        Assert.Equal(Given("203.0.113.9").Address, gate.Classifiers[0].Source);
        Assert.Equal((0, 65535), (gate.Classifiers[0].SourcePortStart, gate.Classifiers[0].SourcePortEnd));
    }

    [Fact]
    public void Ipv6_costs_twenty_bytes_more_and_uses_the_ipv6_classifier()
    {
        string sdp = Audio("0 PCMU/8000", 20, "");
        FlowPlan plan = Plan(new GateDemand("s", sdp, sdp, "2001:db8:10::40", "[2001:db8:99::1]:3478", "[2001:db8:10::40]:50000", false, false));
        Assert.Equal(220u, plan.Gates[0].Profile.First.FlowSpec.MaxPacket);
        Assert.Equal(ClassifierKind.Ipv6, plan.Gates[0].Classifiers[0].Kind);
        Assert.Equal(128u, plan.Gates[0].Classifiers[0].SourceMask);
    }

    [Theory]
    [InlineData("no address", Relay, "addresses of the media path")]
    [InlineData(Home, "nowhere", "addresses of the media path")]
    [InlineData(Home, "[2001:db8::1]:3478", "translated on the way")]
    public void A_path_that_no_classifier_can_describe_gives_no_gates_and_says_why(string gateway, string far, string word)
    {
        FlowPlan plan = Plan(Demand(Video("recvonly"), Video("sendonly"), true) with { GatewayAddress = gateway, FarEndpoint = far });
        Assert.Empty(plan.Gates);
        Assert.Contains(word, Assert.Single(plan.Notes, n => n.Contains(word, StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public void An_alarm_gets_a_higher_session_class_that_may_preempt_and_others_none()
    {
        GateRequest alarm = Plan(Demand(Video("recvonly"), Video("sendonly"), true) with { IsAlarm = true }).Gates[0];
        GateRequest plain = Plan(Demand(Video("recvonly"), Video("sendonly"), true)).Gates[0];
        Assert.Equal((5, true), (alarm.Spec.SessionClass.Priority, alarm.Spec.SessionClass.MayPreempt));
        Assert.Equal((0, false), (plain.Spec.SessionClass.Priority, plain.Spec.SessionClass.MayPreempt));
    }

    [Fact]
    public void Stated_bandwidth_limits_video_and_the_plan_limits_everything()
    {
        string limited = Video("recvonly").Replace("a=recvonly", "b=TIAS:500000\r\na=recvonly", StringComparison.Ordinal);
        string huge = Video("recvonly").Replace("a=recvonly", "b=TIAS:90000000\r\na=recvonly", StringComparison.Ordinal);
        Assert.InRange(Plan(Demand(limited, Video("sendonly"), true)).Gates[0].Profile.First.MinReservedRate, 500_000u, 620_000u);
        Assert.Equal(8_000_000u, Plan(Demand(huge, Video("sendonly"), true)).Gates[0].Profile.First.MinReservedRate);
    }

    /// <summary>A plan whose descriptions could be read.</summary>
    private static FlowPlan Plan(GateDemand demand)
    {
        FlowPlan plan = Planner.Plan(demand);
        Assert.DoesNotContain(plan.Notes, n => n.Contains("cannot be read", StringComparison.Ordinal));
        return plan;
    }

    private static SubscriberId Given(string address) => SubscriberId.From(System.Net.IPAddress.Parse(address));

    private static GateDemand Demand(string offer, string? answer, bool relay) => new("s1", offer, answer, Home, Relay, $"{Home}:50000", relay, IsAlarm: false);

    private static string Head(string extra = "") => $"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n{extra}";

    private static string Audio(string codec, int ptime, string suite)
    {
        string number = codec.Split(' ')[0];
        string protocol = suite.Length == 0 ? "RTP/AVP" : "RTP/SAVP";
        string crypto = suite.Length == 0 ? "" : $"a=crypto:1 {suite} inline:{Convert.ToBase64String(new byte[suite.Contains("GCM", StringComparison.Ordinal) ? 28 : 30])}\r\n";
        return Head() + $"m=audio 9 {protocol} {number}\r\nc=IN IP4 0.0.0.0\r\na=sendrecv\r\na=rtpmap:{codec}\r\na=ptime:{ptime}\r\n{crypto}";
    }

    private static string Video(string direction) =>
        Head() + $"m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na={direction}\r\na=rtpmap:96 H264/90000\r\na=rtcp-mux\r\n{Dtls}a=mid:0\r\n";

    private static string Bundle() =>
        Head("a=group:BUNDLE 0 1\r\n")
        + "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=sendrecv\r\na=rtpmap:0 PCMU/8000\r\na=rtcp-mux\r\n" + Dtls + "a=mid:0\r\n"
        + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=sendrecv\r\na=rtpmap:96 H264/90000\r\na=rtcp-mux\r\n" + Dtls + "a=mid:1\r\n";
}
