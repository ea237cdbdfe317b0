namespace MediaRelay.Media.Sdp;

/// <summary>What this end puts into its offers and answers.</summary>
/// <param name="SessionId">Session id of o=, below 2^63, from the random number generator, the same for the whole session.</param>
/// <param name="SessionVersion">Goes up by one with each description of the session.</param>
/// <param name="IceUfrag">At least 4 ice characters.</param>
/// <param name="IcePwd">At least 22 ice characters.</param>
/// <param name="Fingerprint">Hash of this end's DTLS certificate.</param>
/// <param name="Media">Tracks in order.</param>
public sealed record LocalEndpoint(ulong SessionId, ulong SessionVersion, string IceUfrag, string IcePwd, DtlsFingerprint Fingerprint, IReadOnlyList<LocalMedia> Media)
{
    /// <summary>This end only answers connectivity checks (RFC 8445 section 2.5).</summary>
    public bool IsIceLite { get; init; }

    /// <summary>Name that ties audio and video of this end together.</summary>
    public string Cname { get; init; } = "mediarelay";

    /// <summary>Raw candidates known already; they are written into the section that owns the transport.</summary>
    public IReadOnlyList<string> Candidates { get; init; } = [];

    /// <summary>No further candidates follow.</summary>
    public bool HasAllCandidates { get; init; }

    /// <summary>Role to take when the offer leaves the choice. Active saves half a round trip; passive lets this end choose the SRTP profile.</summary>
    public DtlsSetup AnswerSetup { get; init; } = DtlsSetup.Active;

    /// <summary>All accepted sections share one transport; what cannot be bundled is rejected.</summary>
    public bool RequiresBundle { get; init; } = true;

    /// <summary>Address for plain RTP toward cameras and telephones; null refuses plain RTP.</summary>
    public string? PlainAddress { get; init; }

    /// <summary>Port for plain RTP of section 0; section n has this port plus 2n.</summary>
    public int PlainPort { get; init; }
}
