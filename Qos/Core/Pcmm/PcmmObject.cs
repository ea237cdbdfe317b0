namespace MediaRelay.Qos.Pcmm;

/// <summary>PCMM object numbers, the S-Num octet (PCMM I05 section 6.4.2).</summary>
internal enum PcmmObject : byte
{
    TransactionId = 1,
    Amid = 2,
    SubscriberId = 3,
    GateId = 4,
    GateSpec = 5,
    Classifier = 6,
    TrafficProfile = 7,
    EventGenerationInfo = 8,
    VolumeLimit = 9,
    TimeLimit = 10,
    OpaqueData = 11,
    GateTimeInfo = 12,
    GateUsageInfo = 13,
    Error = 14,
    GateState = 15,
    VersionInfo = 16,
    Psid = 17,
    SynchOptions = 18,
    MsgReceiptKey = 19,
    UserId = 21,
    SharedResourceId = 22,
}
