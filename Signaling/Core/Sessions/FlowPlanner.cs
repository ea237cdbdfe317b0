using System.Collections.Immutable;
using System.Net;
using MediaRelay.Media.Sdp;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Signaling.Sessions;

/// <summary>
/// From session descriptions and the selected path to gates: one for each direction of the five-tuple at the CMTS. A stream of
/// constant packets that is alone on its five-tuple becomes an unsolicited grant; everything else gets polling upstream (inside TCP:
/// best effort with a reserved rate) and a reserved rate downstream. BUNDLE puts audio and video on one five-tuple, which no classifier can take apart: they share one gate for the sum.
/// </summary>
/// <param name="settings">Assumptions where the descriptions are silent.</param>
public sealed class FlowPlanner(FlowPlannerSettings settings)
{
    private const byte Udp = 17;
    private const byte Tcp = 6;
    private const uint PollPolicy = 0x1F;
    private const int Ethernet = 18;
    private const int BurstPackets = 20;
    private const double RtcpShare = 1.05;
    private const byte FlowPriority = 5;

    /// <summary>A STUN consent check with user name and integrity is about this large; a grant must be able to carry it.</summary>
    private const int ConsentBytes = 160;

    private const byte ExpeditedForwarding = 46;
    private const byte Surveillance = 24;
    private const byte InteractiveVideo = 36;
    private const byte InteractiveVideoHigh = 34;

    /// <summary>Plans the gates of a session. Descriptions that cannot be read, or a path of two address families, give no gates and a note.</summary>
    public FlowPlan Plan(GateDemand demand)
    {
        ArgumentNullException.ThrowIfNull(demand);
        var notes = new List<string>();
        if (!TryReadPath(demand, notes, out Path path)) return new FlowPlan([], notes);
        if (!SdpReader.TryRead(demand.Offer, out SessionDescription? offer, out SdpError error))
        {
            notes.Add($"The offer cannot be read ({error.Reason}); no gates are asked for.");
            return new FlowPlan([], notes);
        }
        SessionDescription? answer = null;
        if (demand.Answer is { } text && !SdpReader.TryRead(text, out answer, out error))
        {
            notes.Add($"The answer cannot be read ({error.Reason}); the gates are sized by the offer.");
        }
        List<Section> sections = Pair(offer, answer);
        List<Section> shared = OnOnePath(sections, answer ?? offer, demand.ThroughRelay, notes);
        var gates = new List<GateRequest>();
        AddGate(gates, GateDirection.Upstream, [.. shared.Where(s => s.Sends)], path, demand, notes);
        AddGate(gates, GateDirection.Downstream, [.. shared.Where(s => s.Receives)], path, demand, notes);
        return new FlowPlan(gates, notes);
    }

    /// <summary>The five-tuple as the CMTS sees it.</summary>
    private readonly record struct Path(SubscriberId Subscriber, IPAddress Near, int NearPort, IPEndPoint Far, byte Protocol)
    {
        public bool IsV6 => SubscriberId.From(Near).IsV6;
    }

    /// <summary>One m= section from the gateway's point of view.</summary>
    private sealed record Section(MediaDescription Offer, MediaDescription? Answer, bool Sends, bool Receives)
    {
        public bool UsesIce => (Answer ?? Offer).Attribute("ice-ufrag") is not null || (Answer ?? Offer).Candidates.Any();

        public bool MultiplexesRtcp => (Answer ?? Offer).HasAttribute("rtcp-mux");
    }

    private static bool TryReadPath(GateDemand demand, List<string> notes, out Path path)
    {
        path = default;
        if (!IPAddress.TryParse(demand.GatewayAddress, out IPAddress? gateway) || !IPEndPoint.TryParse(demand.FarEndpoint, out IPEndPoint? far) || far.Port == 0)
        {
            notes.Add("The addresses of the media path are not known; no gates are asked for.");
            return false;
        }
        if (gateway.IsIPv4MappedToIPv6) gateway = gateway.MapToIPv4();
        if (far.Address.IsIPv4MappedToIPv6) far = new IPEndPoint(far.Address.MapToIPv4(), far.Port);
        IPAddress near = gateway;
        int port = 0;
        if (demand.NearEndpoint is { } text && IPEndPoint.TryParse(text, out IPEndPoint? own))
        {
            IPAddress address = own.Address.IsIPv4MappedToIPv6 ? own.Address.MapToIPv4() : own.Address;
            if (IsPrivate(address) && !address.Equals(gateway))
            {
                // Behind the home's NAT: the CMTS sees the public address, and no port that anybody told us.
                notes.Add($"The gateway's own address {address} is private; the classifier uses {gateway} and any port of it.");
            }
            else
            {
                near = address;
                port = own.Port;
            }
        }
        else
        {
            notes.Add("The gateway's port is not known yet; the classifier takes any port of its address until the path is selected.");
        }
        if (SubscriberId.From(near).IsV6 != SubscriberId.From(far.Address).IsV6)
        {
            notes.Add($"The path goes from {near} to {far.Address}, which is translated on the way; no classifier can describe it.");
            return false;
        }
        path = new Path(SubscriberId.From(gateway), near, port, far, demand.IsTcp ? Tcp : Udp);
        return true;
    }

    private static List<Section> Pair(SessionDescription offer, SessionDescription? answer)
    {
        var sections = new List<Section>();
        for (int i = 0; i < offer.Media.Count; i++)
        {
            MediaDescription offered = offer.Media[i];
            MediaDescription? answered = answer is not null && i < answer.Media.Count ? answer.Media[i] : null;
            if (!offered.IsRtp || offered.IsRejected || (answer is not null && answered is not { IsRejected: false })) continue;
            // The gateway answers: it sends what its own section sends, or before that what the viewer wants to receive.
            MediaDirection direction = answered is not null ? answer!.Direction(answered) : offer.Direction(offered);
            bool first = direction is MediaDirection.SendRecv or MediaDirection.SendOnly, second = direction is MediaDirection.SendRecv or MediaDirection.RecvOnly;
            sections.Add(answered is not null ? new Section(offered, answered, first, second) : new Section(offered, null, second, first));
        }
        return sections;
    }

    /// <summary>The sections that the known path carries: all of a bundle, or all inside one relay allocation, else the first alone.</summary>
    private static List<Section> OnOnePath(List<Section> sections, SessionDescription description, bool throughRelay, List<string> notes)
    {
        if (sections.Count < 2 || throughRelay) return sections;
        string[]? bundle = description.BundleGroups is [var group, ..] ? group : null;
        List<Section> bundled = bundle is null ? [] : [.. sections.Where(s => (s.Answer ?? s.Offer).Mid is { } mid && bundle.Contains(mid, StringComparer.Ordinal))];
        if (bundled.Count == sections.Count) return sections;
        List<Section> carried = bundled.Count > 0 ? bundled : [sections[0]];
        notes.Add($"Only {carried.Count} of {sections.Count} media sections use the selected path; the others stay on best effort.");
        return carried;
    }

    private void AddGate(List<GateRequest> gates, GateDirection direction, List<Section> sections, Path path, GateDemand demand, List<string> notes)
    {
        if (sections.Count == 0) return;
        bool isUp = direction == GateDirection.Upstream;
        List<StreamEstimate> streams = [.. sections.Select(s => StreamEstimate.Of(
            isUp ? s.Answer ?? s.Offer : s.Offer, isUp ? (s.Answer is null ? null : s.Offer) : s.Answer, path.IsV6, demand.ThroughRelay, settings))];
        bool isAlone = sections.Count == 1 && !sections[0].MultiplexesRtcp && (!sections[0].UsesIce || streams[0].IpBytes >= ConsentBytes);
        bool isGrant = isAlone && streams[0].IsConstant && path.Protocol == Udp;
        if (sections.Count > 1 && isUp) notes.Add("Audio and video share one five-tuple (BUNDLE or one relay allocation); one gate carries their sum.");
        ResourceEnvelopes envelopes = demand.IsCommitted ? ResourceEnvelopes.Commit : ResourceEnvelopes.Authorize;
        TrafficProfile profile = isGrant
            ? TrafficProfile.FromFlowSpec(envelopes, FlowSpec.Constant((uint)streams[0].IpBytes, streams[0].PacketsPerSecond))
            : Variable(direction, envelopes, streams, path.Protocol);
        byte? dscp = DscpOf(sections, demand.IsAlarm);
        var spec = new GateSpec(direction)
        {
            SessionClass = demand.IsAlarm ? new SessionClass(settings.AlarmPriority, mayPreempt: true) : default,
            OverwritesDscp = dscp is not null, Tos = (byte)((dscp ?? 0) << 2), TosMask = dscp is null ? (byte)0 : (byte)0xFC,
            T1 = settings.Timers.T1, T2 = settings.Timers.T2, T3 = settings.Timers.T3, T4 = settings.Timers.T4,
        };
        gates.Add(new GateRequest(spec, path.Subscriber, profile, ImmutableArray.Create(ClassifierOf(direction, path))) { ApplicationType = settings.ApplicationType });
    }

    /// <summary>Polling for the home's own packets, a reserved rate for those to it; RTCP and consent checks are in the rate.</summary>
    private TrafficProfile Variable(GateDirection direction, ResourceEnvelopes envelopes, List<StreamEstimate> streams, byte protocol)
    {
        double onCable = streams.Sum(s => s.PacketsPerSecond * (s.IpBytes + Ethernet)) * 8 * RtcpShare;
        var rate = (uint)Math.Ceiling(Math.Min(onCable, settings.MaxBitsPerSecond));
        StreamEstimate largest = streams.MaxBy(s => s.IpBytes);
        var burst = (uint)Math.Max(1522, (largest.IpBytes + Ethernet) * (largest.IsConstant ? 2 : BurstPackets));
        var smallest = (ushort)(streams.Min(s => s.IpBytes) + Ethernet);
        if (direction == GateDirection.Downstream)
        {
            return TrafficProfile.Single(TrafficProfileType.Downstream, envelopes, new ParameterSet
            {
                Priority = FlowPriority, MinReservedRate = rate, MaxSustainedRate = rate, PeakRate = (uint)Math.Min(2L * rate, uint.MaxValue), MaxBurst = burst, MinPacketSize = smallest,
            });
        }
        if (protocol == Tcp)
        {
            // TCP joins and cuts what it carries and waits for acknowledgements: no pace to poll at, only a rate to keep.
            return TrafficProfile.Single(TrafficProfileType.BestEffort, envelopes, new ParameterSet
            {
                Priority = FlowPriority, MinReservedRate = rate, MaxSustainedRate = rate, MaxBurst = burst, MinPacketSize = smallest, MaxConcatenatedBurst = 1522,
            });
        }
        // Polled at twice the packet rate, so that a burst drains; the slowest stream alone would be polled at its own pace.
        double packets = streams.Max(s => s.IsConstant ? s.PacketsPerSecond : 2 * s.PacketsPerSecond);
        return TrafficProfile.Single(TrafficProfileType.RealTimePolling, envelopes, new ParameterSet
        {
            RequestPolicy = PollPolicy, MinReservedRate = rate, MaxSustainedRate = rate, MaxBurst = burst, MinPacketSize = smallest, MaxConcatenatedBurst = 1522,
            PollingInterval = (uint)Math.Round(1e6 / packets),
        });
    }

    /// <summary>RFC 8837 for two-way media, RFC 4594 (surveillance video) for a camera alone; a mixed five-tuple keeps its own marks.</summary>
    private static byte? DscpOf(List<Section> sections, bool isAlarm)
    {
        if (sections.Count > 1) return null;
        Section only = sections[0];
        if (only.Offer.Kind == "audio") return ExpeditedForwarding;
        return only.Sends && only.Receives ? (isAlarm ? InteractiveVideoHigh : InteractiveVideo) : Surveillance;
    }

    private static Classifier ClassifierOf(GateDirection direction, Path path)
    {
        IPEndPoint near = new(path.Near, path.NearPort);
        bool isUp = direction == GateDirection.Upstream;
        Classifier exact = Classifier.ForFlow(1, path.Protocol, isUp ? near : path.Far, isUp ? path.Far : near);
        if (path.NearPort != 0) return exact;
        return isUp ? exact with { SourcePortEnd = ushort.MaxValue } : exact with { DestinationPortEnd = ushort.MaxValue };
    }

    private static bool IsPrivate(IPAddress address)
    {
        if (SubscriberId.From(address).IsV6) return address.IsIPv6UniqueLocal || address.IsIPv6LinkLocal || IPAddress.IsLoopback(address);
        byte[] b = address.GetAddressBytes();
        return b[0] == 10 || b[0] == 127 || (b[0] == 172 && b[1] is >= 16 and < 32) || (b[0] == 192 && b[1] == 168) || (b[0] == 169 && b[1] == 254) || (b[0] == 100 && b[1] is >= 64 and < 128);
    }
}
