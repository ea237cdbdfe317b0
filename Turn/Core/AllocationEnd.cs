namespace MediaRelay.Turn;

/// <summary>Why an allocation ended.</summary>
public enum AllocationEnd : byte
{
    None,

    /// <summary>Not refreshed in time.</summary>
    Expired,

    /// <summary>Refresh with lifetime 0.</summary>
    Deleted,

    /// <summary>The client's TCP, TLS or DTLS connection closed.</summary>
    ClientClosed,

    /// <summary>Ended by the operator or by signalling.</summary>
    Revoked,

    /// <summary>No relay port could be opened.</summary>
    PortFailed,
}
