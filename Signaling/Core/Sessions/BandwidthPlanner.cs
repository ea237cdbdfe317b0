using System.Collections.Immutable;
using System.Net;
using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Signaling.Sessions;

/// <summary>Bandwidth on demand as gates: one for each direction, with a classifier that takes every packet of the home.</summary>
public static class BandwidthPlanner
{
    /// <summary>Most that may be asked for in one direction: 1 Gbit/s.</summary>
    public const uint MaxBitsPerSecond = 1_000_000_000;

    /// <summary>Longest time: one day.</summary>
    public static readonly TimeSpan MaxLasts = TimeSpan.FromDays(1);

    /// <summary>The gates of a demand; none when its address is none or nothing is asked for.</summary>
    public static IReadOnlyList<GateRequest> Plan(BandwidthDemand demand)
    {
        ArgumentNullException.ThrowIfNull(demand);
        if (!IPAddress.TryParse(demand.Address, out IPAddress? address))
            return [];
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        var gates = new List<GateRequest>();
        if (demand.UpBitsPerSecond > 0)
            gates.Add(Gate(GateDirection.Upstream, address, Math.Min(demand.UpBitsPerSecond, MaxBitsPerSecond), demand));
        if (demand.DownBitsPerSecond > 0)
            gates.Add(Gate(GateDirection.Downstream, address, Math.Min(demand.DownBitsPerSecond, MaxBitsPerSecond), demand));
        return gates;
    }

    private static GateRequest Gate(GateDirection direction, IPAddress home, uint rate, BandwidthDemand demand)
    {
        bool isUp = direction == GateDirection.Upstream;
        var rates = new ParameterSet { MinReservedRate = rate, MaxSustainedRate = rate, MaxBurst = 3044, MinPacketSize = 64, MaxConcatenatedBurst = isUp ? (ushort)1522 : (ushort)0 };
        TrafficProfile profile = TrafficProfile.Single(isUp ? TrafficProfileType.BestEffort : TrafficProfileType.Downstream, ResourceEnvelopes.Commit, rates);
        // T3 is off: traffic that pauses must not cost the home what it was promised; the time limit ends the gate.
        var spec = new GateSpec(direction) { T1 = 200, T2 = 300 };
        return new GateRequest(spec, SubscriberId.From(home), profile, ImmutableArray.Create(Everything(home, isUp)))
        {
            TimeLimitSeconds = (uint)Math.Clamp(demand.Lasts.TotalSeconds, 1, MaxLasts.TotalSeconds),
        };
    }

    private static Classifier Everything(IPAddress home, bool isUp)
    {
        bool isV6 = SubscriberId.From(home).IsV6;
        var here = new IPEndPoint(home, 0);
        var anywhere = new IPEndPoint(isV6 ? IPAddress.IPv6Any : IPAddress.Any, 0);
        Classifier exact = Classifier.ForFlow(1, 0, isUp ? here : anywhere, isUp ? anywhere : here);
        return exact with
        {
            Protocol = isV6 ? (ushort)256 : (ushort)0, SourcePortEnd = ushort.MaxValue, DestinationPortEnd = ushort.MaxValue,
            SourceMask = isUp ? exact.SourceMask : 0, DestinationMask = isUp ? 0 : exact.DestinationMask,
        };
    }
}
