namespace MediaRelay.Qos.Cops;

/// <summary>Codes of the COPS Reason object in a Delete-Request-State (RFC 2748 section 2.2.5).</summary>
internal enum CopsReasonCode : ushort
{
    Unspecified = 1,
    Management = 2,
    Preempted = 3,
    Tear = 4,
    Timeout = 5,
    RouteChange = 6,
    InsufficientResources = 7,
    PdpDirective = 8,
    UnsupportedDecision = 9,
    HandleUnknown = 10,
    TransientHandle = 11,
    MalformedDecision = 12,
    UnknownObject = 13,
}
