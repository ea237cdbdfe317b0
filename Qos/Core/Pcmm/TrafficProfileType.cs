namespace MediaRelay.Qos.Pcmm;

/// <summary>Forms of the traffic profile; the value is the S-Type (PCMM I05 section 6.4.2.7).</summary>
public enum TrafficProfileType : byte
{
    FlowSpec = 1,
    ServiceClassName = 2,
    BestEffort = 3,
    NonRealTimePolling = 4,
    RealTimePolling = 5,
    UnsolicitedGrant = 6,
    UnsolicitedGrantWithActivityDetection = 7,
    Downstream = 8,
    UpstreamDrop = 9,
}
