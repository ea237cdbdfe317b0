namespace MediaRelay.Qos.Cops;

/// <summary>Codes of the COPS Error object (RFC 2748 section 2.2.8).</summary>
public enum CopsErrorCode : ushort
{
    None = 0,
    BadHandle = 1,
    InvalidHandleReference = 2,
    BadMessageFormat = 3,
    UnableToProcess = 4,
    MandatoryClientSpecificMissing = 5,
    UnsupportedClientType = 6,
    MandatoryObjectMissing = 7,
    ClientFailure = 8,
    CommunicationFailure = 9,
    Unspecified = 10,
    ShuttingDown = 11,
    RedirectToPreferredServer = 12,
    UnknownObject = 13,
    AuthenticationFailure = 14,
    AuthenticationRequired = 15,
}
