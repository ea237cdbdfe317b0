namespace MediaRelay.Stun;

/// <summary>Fixed limits on what is read (RFC 8489 section 14; the tighter ones protect the server's memory and answer size).</summary>
public static class StunLimits
{
    public const int HeaderLength = 20;
    public const uint MagicCookie = 0x2112A442;
    public const int MaxAttributes = 64;

    /// <summary>Largest STUN message a server takes in one datagram, in bytes.</summary>
    public const int MaxDatagramMessage = 1500;

    /// <summary>Largest STUN message a server takes from a stream, in bytes.</summary>
    public const int MaxStreamMessage = 4096;

    public const int MaxUsername = 508;
    public const int MaxRealm = 128;
    public const int MaxNonce = 128;
    public const int MaxSoftware = 763;

    /// <summary>What a client takes as REALM or NONCE from a foreign server, in bytes.</summary>
    public const int MaxForeignText = 763;
}
