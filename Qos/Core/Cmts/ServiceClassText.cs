using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Qos.Policy;

namespace MediaRelay.Qos.Cmts;

/// <summary>A service class as one text: <c>G711:ugs:grant=232,interval=20000,jitter=800</c>.</summary>
public static class ServiceClassText
{
    private const uint GrantPolicy = 0x37F;
    private const uint PollPolicy = 0x1F;

    public static bool TryParse(string text, [NotNullWhen(true)] out ServiceClass? result)
    {
        result = null;
        string[] parts = text.Split(':');
        if (parts.Length is < 2 or > 3 || parts[0].Length is 0 or > ServiceClassName.MaxLength) return false;
        (SchedulingType Scheduling, ParameterSet Set)? start = parts[1] switch
        {
            "ugs" => (SchedulingType.UnsolicitedGrant, new ParameterSet { RequestPolicy = GrantPolicy, GrantsPerInterval = 1, GrantJitter = 800 }),
            "ugs-ad" => (SchedulingType.UnsolicitedGrantWithActivityDetection, new ParameterSet { RequestPolicy = GrantPolicy, GrantsPerInterval = 1, GrantJitter = 800 }),
            "rtps" => (SchedulingType.RealTimePolling, new ParameterSet { RequestPolicy = PollPolicy }),
            "nrtps" => (SchedulingType.NonRealTimePolling, new ParameterSet { RequestPolicy = PollPolicy }),
            "be" => (SchedulingType.BestEffort, new ParameterSet()),
            "down" => (SchedulingType.Downstream, new ParameterSet()),
            _ => null,
        };
        if (start is not { } known) return false;
        ParameterSet set = known.Set;
        foreach (string pair in parts.Length == 3 ? parts[2].Split(',', StringSplitOptions.RemoveEmptyEntries) : [])
        {
            int equal = pair.IndexOf('=', StringComparison.Ordinal);
            if (equal < 1 || !TrySet(pair[..equal], pair[(equal + 1)..], ref set)) return false;
        }
        result = new ServiceClass(parts[0], known.Scheduling == SchedulingType.Downstream ? GateDirection.Downstream : GateDirection.Upstream, new ServiceFlowParameters(known.Scheduling, set));
        return true;
    }

    private static bool TrySet(string key, string value, ref ParameterSet set)
    {
        if (key is "msr" or "mrr")
        {
            if (!BitRateConverter.TryParse(value, out double rate) || rate > uint.MaxValue) return false;
            set = key == "msr" ? set with { MaxSustainedRate = (uint)rate } : set with { MinReservedRate = (uint)rate };
            return true;
        }
        bool isHex = value.StartsWith("0x", StringComparison.Ordinal);
        if (!uint.TryParse(isHex ? value[2..] : value, isHex ? NumberStyles.HexNumber : NumberStyles.None, CultureInfo.InvariantCulture, out uint number)) return false;
        switch (key)
        {
            case "grant" when number <= ushort.MaxValue: set = set with { GrantSize = (ushort)number }; return true;
            case "interval": set = set with { GrantInterval = number }; return true;
            case "jitter": set = set with { GrantJitter = number }; return true;
            case "policy": set = set with { RequestPolicy = number }; return true;
            case "burst": set = set with { MaxBurst = number }; return true;
            case "priority" when number <= 7: set = set with { Priority = (byte)number }; return true;
            case "latency": set = set with { MaxLatency = number }; return true;
            case "poll": set = set with { PollingInterval = number }; return true;
            default: return false;
        }
    }
}
