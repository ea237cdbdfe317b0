namespace MediaRelay.Media.Ice;

/// <summary>Plain numbers of one agent for statistics; all count since its creation.</summary>
public sealed class IceCounters
{
    /// <summary>Check requests sent, retransmissions included.</summary>
    public long ChecksSent { get; internal set; }

    /// <summary>Check answers accepted.</summary>
    public long AnswersReceived { get; internal set; }

    /// <summary>Valid check requests received.</summary>
    public long ChecksReceived { get; internal set; }

    /// <summary>Consent requests sent.</summary>
    public long ConsentSent { get; internal set; }

    /// <summary>STUN messages dropped: malformed, wrong integrity, unknown transaction or unknown user.</summary>
    public long StunDropped { get; internal set; }

    /// <summary>Data dropped because its source is not an address that a check has proved.</summary>
    public long DataFromStrangers { get; internal set; }

    /// <summary>Remote candidates ignored: unusable, refused or over the limit.</summary>
    public long CandidatesIgnored { get; internal set; }

    /// <summary>Role conflicts met.</summary>
    public long RoleConflicts { get; internal set; }
}
