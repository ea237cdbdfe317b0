namespace MediaRelay.Stun;

/// <summary>The registered reason phrase of an error code, for logs and tools; answers of the relay carry none (they would amplify).</summary>
public static class StunReason
{
    public static string For(StunErrorCode code) => code switch
    {
        StunErrorCode.TryAlternate => "Try Alternate",
        StunErrorCode.BadRequest => "Bad Request",
        StunErrorCode.Unauthenticated => "Unauthenticated",
        StunErrorCode.Forbidden => "Forbidden",
        StunErrorCode.MobilityForbidden => "Mobility Forbidden",
        StunErrorCode.UnknownAttribute => "Unknown Attribute",
        StunErrorCode.AllocationMismatch => "Allocation Mismatch",
        StunErrorCode.StaleNonce => "Stale Nonce",
        StunErrorCode.AddressFamilyNotSupported => "Address Family not Supported",
        StunErrorCode.WrongCredentials => "Wrong Credentials",
        StunErrorCode.UnsupportedTransportProtocol => "Unsupported Transport Protocol",
        StunErrorCode.PeerAddressFamilyMismatch => "Peer Address Family Mismatch",
        StunErrorCode.ConnectionAlreadyExists => "Connection Already Exists",
        StunErrorCode.ConnectionTimeoutOrFailure => "Connection Timeout or Failure",
        StunErrorCode.AllocationQuotaReached => "Allocation Quota Reached",
        StunErrorCode.RoleConflict => "Role Conflict",
        StunErrorCode.ServerError => "Server Error",
        StunErrorCode.InsufficientCapacity => "Insufficient Capacity",
        _ => "Unknown",
    };
}
