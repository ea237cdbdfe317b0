namespace MediaRelay.Turn.Access;

/// <summary>What happens when a credential that lists its session's peers asks for another one.</summary>
public enum PeerScopeMode : byte
{
    /// <summary>Strangers are counted only; for networks where carrier NAT pools change the address.</summary>
    Observe,

    /// <summary>Strangers are refused with 403.</summary>
    Enforce,
}
