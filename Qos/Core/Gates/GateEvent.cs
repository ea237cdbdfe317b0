using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Gates;

/// <summary>A notification about one gate.</summary>
public sealed record GateEvent(string Session, GateHandle Gate, GateEventKind Kind)
{
    /// <summary>State after the event.</summary>
    public GateState State { get; init; } = GateState.Closed;

    public GateReason Reason { get; init; }

    public PcmmError Error { get; init; }

    /// <summary>Committed seconds, when the CMTS said so.</summary>
    public uint CommittedSeconds { get; init; }

    /// <summary>Kilobytes of 1024, when the CMTS said so.</summary>
    public ulong UsageKilobytes { get; init; }
}
