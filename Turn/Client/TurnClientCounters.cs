namespace MediaRelay.Turn.Client;

/// <summary>Plain numbers of one <see cref="TurnClient"/>, read by its owner.</summary>
public sealed class TurnClientCounters
{
    public long Requests { get; internal set; }

    public long Retransmissions { get; internal set; }

    /// <summary>Messages that were no STUN, had a wrong fingerprint, or belong to no request of ours.</summary>
    public long Ignored { get; internal set; }

    /// <summary>Answers without valid integrity.</summary>
    public long Unverified { get; internal set; }

    /// <summary>Data from peers without permission or on unknown channels.</summary>
    public long StrangerData { get; internal set; }
}
