using MediaRelay.Stun;

namespace MediaRelay.Media.Ice;

/// <summary>One Binding request on a pair: a check with retransmissions, or a consent request without.</summary>
internal sealed class CheckTransaction(TransactionId id, CandidatePair pair, byte[] bytes, IceRole role, bool nominates, bool isConsent)
{
    public TransactionId Id { get; } = id;

    public CandidatePair Pair { get; } = pair;

    public byte[] Bytes { get; } = bytes;

    /// <summary>The role the request claimed; a 487 counts only against this role.</summary>
    public IceRole Role { get; } = role;

    /// <summary>The request carried USE-CANDIDATE.</summary>
    public bool Nominates { get; } = nominates;

    public bool IsConsent { get; } = isConsent;

    /// <summary>A newer check replaced it: it is not sent again and its time-out means nothing, its answer still counts.</summary>
    public bool IsCancelled { get; set; }

    public int Sends { get; set; }

    public TimeSpan LastSent { get; set; }

    /// <summary>First retransmission time; it doubles with every send.</summary>
    public TimeSpan Retransmission { get; set; }

    /// <summary>Next retransmission, or the end when all sends are used up.</summary>
    public TimeSpan Due { get; set; }
}
