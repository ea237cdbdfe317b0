namespace MediaRelay.Qos.Pcmm;

/// <summary>Why a gate is in its state (PCMM I05 section 6.4.2.15).</summary>
public enum GateReason : ushort
{
    None = 0,
    Preempted = 1,
    NoDocsisResponse = 2,
    T1Expired = 3,
    T2Expired = 4,
    T3Expired = 5,
    NoReservationMaintenance = 6,
    VolumeLimitReached = 7,
    T4Expired = 8,
    ReservationReduced = 9,
    TimeLimitReached = 10,
    ClosedByVolumeLimit = 11,
    ClosedByTimeLimit = 12,
    ClosedOther = 13,
    SharedResourceChanged = 14,
    SharedResourceLost = 15,
    Other = 65535,
}
