namespace MediaRelay.Media.Sdp;

/// <summary>What offer and answer have agreed upon, one entry for each m= section.</summary>
/// <param name="Media">Sections in the order of the offer.</param>
/// <param name="Fingerprints">Acceptable fingerprints of the peer; empty only for plain RTP.</param>
public sealed record NegotiatedSession(IReadOnlyList<NegotiatedMedia> Media, IReadOnlyList<DtlsFingerprint> Fingerprints)
{
    /// <summary>The first accepted section, whose transport carries the bundle; null when all were rejected.</summary>
    public NegotiatedMedia? First => Media.FirstOrDefault(m => !m.IsRejected);
}
