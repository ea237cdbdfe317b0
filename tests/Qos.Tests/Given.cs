using System.Collections.Immutable;
using System.Net;
using MediaRelay.Qos.Cmts;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Tests;

/// <summary>Things most tests begin with.</summary>
internal static class Given
{
    public static CmtsSettings Cmts => new()
    {
        Modems = [Prefix("10.0.0.0/8")],
        ServiceClasses = [new ServiceClass("G711", GateDirection.Upstream, new ServiceFlowParameters(SchedulingType.UnsolicitedGrant, new ParameterSet
        {
            RequestPolicy = 0x37F, GrantSize = 232, GrantsPerInterval = 1, GrantInterval = 20000, GrantJitter = 800,
        }))],
    };

    public static ApplicationManagerSettings Manager => new(Tag: 0x5678) { ApplicationTypes = [0, 3] };

    public static GateSpec Upstream => new(GateDirection.Upstream) { T1 = 200, T2 = 300, T3 = 60, T4 = 30 };

    public static TrafficProfile G711(ResourceEnvelopes envelopes = ResourceEnvelopes.Commit) => TrafficProfile.FromFlowSpec(envelopes, FlowSpec.Constant(200, 50));

    /// <summary>A best effort profile with a reserved rate.</summary>
    public static TrafficProfile Reserving(uint bitsPerSecond, ResourceEnvelopes envelopes = ResourceEnvelopes.Commit) => TrafficProfile.Single(
        TrafficProfileType.BestEffort, envelopes, new ParameterSet { MinReservedRate = bitsPerSecond, MaxSustainedRate = bitsPerSecond, MaxBurst = 3044, MaxConcatenatedBurst = 1522 });

    public static GateRequest Request(string subscriber = "10.1.0.7", TrafficProfile? profile = null, GateSpec? spec = null, ushort port = 16384)
    {
        GateSpec which = spec ?? Upstream;
        IPEndPoint home = new(IPAddress.Parse(subscriber), port), far = new(IPAddress.Parse("198.51.100.7"), 40000);
        bool isUp = which.Direction == GateDirection.Upstream;
        return new GateRequest(which, Subscriber(subscriber), profile ?? G711(), [Classifier.ForFlow(1, 17, isUp ? home : far, isUp ? far : home)]);
    }

    public static SubscriberId Subscriber(string text) => SubscriberId.From(IPAddress.Parse(text));

    public static SubscriberPrefix Prefix(string text) => SubscriberPrefix.TryParse(text, out SubscriberPrefix prefix) ? prefix : throw new FormatException(text);
}
