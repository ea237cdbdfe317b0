namespace MediaRelay.Signaling.Access;

/// <summary>What a nonce is worth.</summary>
public enum DigestNonceState
{
    /// <summary>Ours and young enough.</summary>
    Valid,

    /// <summary>Ours, but too old; the client may repeat the request with a new one.</summary>
    Stale,

    /// <summary>Not ours.</summary>
    Forged,
}
