namespace MediaRelay.Qos.Cmts;

/// <summary>DOCSIS upstream scheduling types, and downstream.</summary>
public enum SchedulingType
{
    Downstream = 0,
    BestEffort = 2,
    NonRealTimePolling = 3,
    RealTimePolling = 4,
    UnsolicitedGrantWithActivityDetection = 5,
    UnsolicitedGrant = 6,
}
