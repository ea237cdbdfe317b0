using MediaRelay.Qos.Cops;

namespace MediaRelay.Qos.Gates;

/// <summary>Parameters of an application manager.</summary>
/// <param name="Tag">Application manager tag, unique for the operator; second half of every AMID.</param>
public sealed record ApplicationManagerSettings(ushort Tag)
{
    /// <summary>Application types that are used besides 0; all are declared by PDP-Config.</summary>
    public IReadOnlyList<ushort> ApplicationTypes { get; init; } = [0];

    /// <summary>Number of policy servers; they are tried in order.</summary>
    public int PolicyServers { get; init; } = 1;

    /// <summary>PEPID that each policy server has to give itself, in their order; null or missing = any.</summary>
    public IReadOnlyList<string?> PolicyServerNames { get; init; } = [];

    /// <summary>By when a request has an outcome.</summary>
    public TimeSpan RequestDeadline { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>By when a command has an answer; then the gate's fate is asked by synchronisation.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Commands that may wait for answers; more wait in the application manager.</summary>
    public int MaxOutstanding { get; init; } = 1000;

    /// <summary>How long a gate of an earlier run waits for its session before it is deleted.</summary>
    public TimeSpan OrphanGrace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time between full synchronisations while connected; finds gates whose end was reported where nobody listened.</summary>
    public TimeSpan SynchInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Event element id that goes into the journal; 0 = none.</summary>
    public int ElementId { get; init; }

    public CopsSettings Cops { get; init; } = new();
}
