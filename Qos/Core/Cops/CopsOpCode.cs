namespace MediaRelay.Qos.Cops;

/// <summary>COPS operation codes (RFC 2748 section 2.1); PCMM uses all but the two synchronisation codes.</summary>
internal enum CopsOpCode : byte
{
    Request = 1,
    Decision = 2,
    ReportState = 3,
    DeleteRequestState = 4,
    SynchronizeStateRequest = 5,
    ClientOpen = 6,
    ClientAccept = 7,
    ClientClose = 8,
    KeepAlive = 9,
    SynchronizeComplete = 10,
}
