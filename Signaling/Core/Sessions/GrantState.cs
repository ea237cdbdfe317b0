namespace MediaRelay.Signaling.Sessions;

/// <summary>State of the QoS grant of a session, as the viewer sees it.</summary>
public enum GrantState
{
    /// <summary>No gates are asked for (no Qos section, or the home is on no managed network).</summary>
    None,

    /// <summary>Asked for.</summary>
    Requested,

    /// <summary>Authorized by the policy server and the CMTS.</summary>
    Authorized,

    /// <summary>The service flows are active.</summary>
    Committed,

    /// <summary>Refused; media uses best effort.</summary>
    Refused,

    /// <summary>Was committed and was lost; media uses best effort.</summary>
    Lost,

    /// <summary>Deleted with the session.</summary>
    Released,
}
