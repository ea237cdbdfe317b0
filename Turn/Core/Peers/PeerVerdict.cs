namespace MediaRelay.Turn.Peers;

/// <summary>What the peer policy says about an address.</summary>
public enum PeerVerdict : byte
{
    Refused,

    Allowed,

    /// <summary>The address is one of ours or holds a back end: allowed as an address, but each port must be asked for again.</summary>
    AllowedByPort,
}
