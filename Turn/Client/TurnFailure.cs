namespace MediaRelay.Turn.Client;

/// <summary>Why a request did not succeed.</summary>
public enum TurnFailure
{
    None = 0,

    /// <summary>The server answered with an error code.</summary>
    Refused,

    /// <summary>No answer after the last retransmission (39.5 s with the default RTO).</summary>
    TimedOut,

    /// <summary>Answers came, but none with valid integrity (RFC 8489 section 9.2.5).</summary>
    IntegrityViolated,

    /// <summary>The nonce announces PASSWORD-ALGORITHMS, but the answer has none: somebody removed it.</summary>
    Downgraded,

    /// <summary>None of the offered password algorithms is known.</summary>
    NoCommonAlgorithm,

    /// <summary>A redirect to a server that was tried within five minutes, or without a usable address.</summary>
    RedirectLoop,

    /// <summary>The server asks for credentials and the settings have none.</summary>
    CredentialsNeeded,

    /// <summary>A success answer without an attribute that it must have.</summary>
    BadAnswer,

    /// <summary>The connection to the server ended.</summary>
    ConnectionLost,
}
