namespace MediaRelay.Qos.Pcmm;

/// <summary>Gate command types, the second half of the TransactionID object (PCMM I05 section 6.4.2.1).</summary>
internal enum GateCommand : ushort
{
    None = 0,
    GateSet = 4,
    GateSetAck = 5,
    GateSetErr = 6,
    GateInfo = 7,
    GateInfoAck = 8,
    GateInfoErr = 9,
    GateDelete = 10,
    GateDeleteAck = 11,
    GateDeleteErr = 12,
    GateReportState = 15,
    GateCmdErr = 16,
    PdpConfig = 17,
    PdpConfigAck = 18,
    PdpConfigErr = 19,
    SynchRequest = 20,
    SynchReport = 21,
    SynchComplete = 22,
    MsgReceipt = 23,
}
