namespace MediaRelay.Stun;

/// <summary>The feature bits that a server announces inside its nonce (RFC 8489 sections 9.2 and 18.1).</summary>
[Flags]
public enum SecurityFeatures
{
    None = 0,

    /// <summary>PASSWORD-ALGORITHMS is offered; an answer without it was tampered with.</summary>
    PasswordAlgorithms = 1,

    /// <summary>USERHASH is accepted in place of USERNAME.</summary>
    UsernameAnonymity = 2,
}
