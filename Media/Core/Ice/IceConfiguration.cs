namespace MediaRelay.Media.Ice;

/// <summary>Everything an <see cref="IceAgent"/> is told once.</summary>
public sealed record IceConfiguration
{
    /// <summary>Full or lite; lite agents must have public addresses.</summary>
    public IceMode Mode { get; init; } = IceMode.Full;

    /// <summary>The role to start with: the offerer controls. A lite agent is always controlled.</summary>
    public IceRole Role { get; init; } = IceRole.Controlling;

    /// <summary>STUN and TURN servers, best first; at most 8 are used.</summary>
    public IReadOnlyList<IceServer> Servers { get; init; } = [];

    /// <summary>Only relayed candidates are told and used, so that the peer never learns an address of this host.</summary>
    public bool RelayOnly { get; init; }

    /// <summary>Which remote addresses may be checked.</summary>
    public CheckTargets Targets { get; init; } = CheckTargets.SameHome;

    /// <summary>Limits.</summary>
    public IceLimits Limits { get; init; } = new();

    /// <summary>Times.</summary>
    public IceTimings Timings { get; init; } = new();
}
