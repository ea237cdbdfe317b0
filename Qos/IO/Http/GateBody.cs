using System.Net;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.IO.Http;

/// <summary>A gate in JSON, as a foreign application server asks for it. Exactly one of the traffic members is given.</summary>
internal sealed record GateBody
{
    public GateDirection Direction { get; init; }

    public string Subscriber { get; init; } = "";

    public ResourceEnvelopes Envelopes { get; init; } = ResourceEnvelopes.Commit;

    public string? ServiceClass { get; init; }

    public FlowSpecBody? FlowSpec { get; init; }

    public RateBody? BestEffort { get; init; }

    public RateBody? RealTimePolling { get; init; }

    public RateBody? Downstream { get; init; }

    public FlowBody[] Flows { get; init; } = [];

    public int Priority { get; init; }

    public bool MayPreempt { get; init; }

    public int? Dscp { get; init; }

    public ushort T1 { get; init; } = 200;

    public ushort T2 { get; init; } = 300;

    public ushort T3 { get; init; } = 60;

    public ushort T4 { get; init; } = 30;

    public uint? TimeLimitSeconds { get; init; }

    public ulong? VolumeLimitKilobytes { get; init; }

    public ushort ApplicationType { get; init; }

    public string? UserId { get; init; }

    internal sealed record FlowSpecBody(float BucketRate, float BucketSize, float PeakRate, uint MinPacket, uint MaxPacket, float ReservedRate, uint Slack, bool ControlledLoad = false);

    internal sealed record RateBody(uint ReservedRate, uint SustainedRate, uint Burst = 3044, ushort MinPacket = 64, uint PollingIntervalMicroseconds = 20000, byte Priority = 0);

    internal sealed record FlowBody(string Source, string Destination, byte Protocol = 17);

    /// <summary>The request, or a sentence that says what is wrong.</summary>
    public bool TryRead(out GateRequest request, out string fault)
    {
        request = null!;
        fault = "";
        if (!SubscriberId.TryParse(Subscriber, out SubscriberId subscriber)) fault = $"subscriber \"{Subscriber}\" is no IP address";
        else if (!TrafficProfileOf(out TrafficProfile profile)) fault = "give exactly one of serviceClass, flowSpec, bestEffort, realTimePolling and downstream, and one that fits the direction";
        else if (Flows.Length is 0 or > 4) fault = "give 1 to 4 flows";
        else if (Priority is < 0 or > 7) fault = "priority is 0 to 7";
        else if (Dscp is < 0 or > 63) fault = "dscp is 0 to 63";
        else if (UserId?.Length > 64) fault = "userId has at most 64 characters";
        else
        {
            var classifiers = new Classifier[Flows.Length];
            for (int i = 0; i < Flows.Length; i++)
            {
                bool isSound = IPEndPoint.TryParse(Flows[i].Source, out IPEndPoint? from) & IPEndPoint.TryParse(Flows[i].Destination, out IPEndPoint? to);
                if (!isSound || from!.Port == 0 || to!.Port == 0 || from.AddressFamily != to.AddressFamily)
                {
                    fault = "a flow has source and destination as address:port of one family, no wildcards";
                    return false;
                }
                classifiers[i] = Classifier.ForFlow((ushort)(i + 1), Flows[i].Protocol, from, to);
            }
            var spec = new GateSpec(Direction)
            {
                SessionClass = new SessionClass(Priority, MayPreempt), OverwritesDscp = Dscp is not null, Tos = (byte)((Dscp ?? 0) << 2),
                TosMask = Dscp is null ? (byte)0 : (byte)0xFC, T1 = T1, T2 = T2, T3 = T3, T4 = T4,
            };
            request = new GateRequest(spec, subscriber, profile, [.. classifiers])
            {
                TimeLimitSeconds = TimeLimitSeconds, VolumeLimitKilobytes = VolumeLimitKilobytes, ApplicationType = ApplicationType, UserId = UserId,
            };
        }
        return fault.Length == 0;
    }

    private bool TrafficProfileOf(out TrafficProfile profile)
    {
        profile = default;
        int given = (ServiceClass is null ? 0 : 1) + (FlowSpec is null ? 0 : 1) + (BestEffort is null ? 0 : 1) + (RealTimePolling is null ? 0 : 1) + (Downstream is null ? 0 : 1);
        if (given != 1 || (Downstream is not null && Direction == GateDirection.Upstream)) return false;
        if ((BestEffort ?? RealTimePolling) is not null && Direction == GateDirection.Downstream) return false;
        if (ServiceClass is { Length: > 0 and <= ServiceClassName.MaxLength }) profile = TrafficProfile.FromServiceClass(Envelopes, ServiceClass);
        else if (FlowSpec is { } f) profile = TrafficProfile.FromFlowSpec(Envelopes, new FlowSpec(f.BucketRate, f.BucketSize, f.PeakRate, f.MinPacket, f.MaxPacket, f.ReservedRate, f.Slack), f.ControlledLoad);
        else if (BestEffort is { } be) profile = TrafficProfile.Single(TrafficProfileType.BestEffort, Envelopes, Rates(be));
        else if (RealTimePolling is { } rt) profile = TrafficProfile.Single(TrafficProfileType.RealTimePolling, Envelopes, Rates(rt) with { RequestPolicy = 0x1F, Priority = 0, PollingInterval = rt.PollingIntervalMicroseconds });
        else if (Downstream is { } down) profile = TrafficProfile.Single(TrafficProfileType.Downstream, Envelopes, Rates(down) with { MaxConcatenatedBurst = 0 });
        return profile.Type != 0;
    }

    private static ParameterSet Rates(RateBody body) => new()
    {
        Priority = body.Priority, MinReservedRate = body.ReservedRate, MaxSustainedRate = body.SustainedRate, MaxBurst = body.Burst, MinPacketSize = body.MinPacket, MaxConcatenatedBurst = 1522,
    };
}
