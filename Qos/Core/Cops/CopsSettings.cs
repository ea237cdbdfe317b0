using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Cops;

/// <summary>Parameters of one COPS session, the same for all sessions of an engine.</summary>
/// <param name="Name">PEPID text of an enforcement point, 1 to 64 ASCII characters.</param>
public sealed record CopsSettings(string Name = "mediarelay")
{
    /// <summary>Versions an enforcement point offers, best first.</summary>
    public IReadOnlyList<PcmmVersion> Offered { get; init; } = [PcmmVersion.V4, PcmmVersion.V3, PcmmVersion.V2];

    /// <summary>Lowest major version a decision point accepts.</summary>
    public ushort LowestMajor { get; init; } = 1;

    /// <summary>Highest major version a decision point accepts.</summary>
    public ushort HighestMajor { get; init; } = 5;

    /// <summary>Longest silence the decision point allows; zero switches keep-alives off, at most 65535 s.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time from the transport to the request; then the session is given up.</summary>
    public TimeSpan OpenTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Time to complete a frame that has begun.</summary>
    public TimeSpan FrameTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Bytes that may wait for the transport; a peer that does not read is dropped beyond it.</summary>
    public int MaxOutput { get; init; } = 64 << 20;

    /// <summary>The PEPID that a decision point expects of its peer, or null for any; another one is refused with error 14.</summary>
    public string? ExpectedName { get; init; }

    /// <summary>Flags of the decision object; receivers ignore them, but one foreign emulator acts only on 1.</summary>
    public ushort DecisionFlags { get; init; }
}
