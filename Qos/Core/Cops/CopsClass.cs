namespace MediaRelay.Qos.Cops;

/// <summary>COPS object classes, the C-Num octet (RFC 2748 section 2.2).</summary>
internal enum CopsClass : byte
{
    Handle = 1,
    Context = 2,
    InInterface = 3,
    OutInterface = 4,
    Reason = 5,
    Decision = 6,
    LocalDecision = 7,
    Error = 8,
    ClientSpecific = 9,
    KeepAliveTimer = 10,
    PepId = 11,
    ReportType = 12,
    PdpRedirectAddress = 13,
    LastPdpAddress = 14,
    AccountingTimer = 15,
    Integrity = 16,
}
