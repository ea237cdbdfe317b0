namespace MediaRelay.Turn.Peers;

/// <summary>Kinds of credentials an operator's peer rule applies to.</summary>
[Flags]
public enum CredentialKinds : byte
{
    None = 0,

    /// <summary>Name and password from the configuration.</summary>
    Static = 1,

    /// <summary>Timed credentials minted by signalling from the shared secret.</summary>
    Timed = 2,

    /// <summary>Third-party tokens (RFC 7635).</summary>
    Token = 4,

    All = Static | Timed | Token,
}
