using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Cmts;

/// <summary>What a service flow is given: a scheduling type with its parameters.</summary>
public readonly record struct ServiceFlowParameters(SchedulingType Scheduling, ParameterSet Set)
{
    /// <summary>Bandwidth in bit/s that admission control counts for the flow.</summary>
    public double ReservedRate => Scheduling is SchedulingType.UnsolicitedGrant or SchedulingType.UnsolicitedGrantWithActivityDetection
        ? Set.GrantInterval == 0 ? 0 : Set.GrantSize * 8.0 * Math.Max((byte)1, Set.GrantsPerInterval) * 1e6 / Set.GrantInterval
        : Set.MinReservedRate;
}
