using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Policy;

/// <summary>A gate that the policy server has let through: who asked, what was decided, and what a bill would need.</summary>
internal sealed class DecidedGate : IDeadline
{
    public required int Cmts { get; init; }

    /// <summary>Learned from the owner's synchronisation: another policy server's PSID is on it.</summary>
    public bool IsForeign { get; set; }

    public GateId Id { get; set; }

    public required Amid Owner { get; init; }

    public required SubscriberId Subscriber { get; init; }

    /// <summary>As the application manager asked; answers are translated back to it.</summary>
    public GateSpec Asked { get; set; }

    /// <summary>As it was sent to the CMTS.</summary>
    public GateSpec Sent { get; set; }

    /// <summary>Authorised rate in bit/s that counts against the limits.</summary>
    public double Rate { get; set; }

    public EventGenerationInfo? Events { get; init; }

    public int ElementId { get; init; }

    public ulong? Opaque { get; set; }

    public uint TimeLimit { get; set; }

    public GateState State { get; set; }

    /// <summary>Why this server is ending the gate.</summary>
    public GateReason CloseReason { get; set; }

    public uint CommittedSeconds { get; set; }

    public ulong UsageKilobytes { get; set; }

    /// <summary>The application manager's connection at the last command.</summary>
    public int NorthLink { get; set; }

    public int SeenIn { get; set; }

    /// <summary>Number of the last synchronisation of its owner that named it.</summary>
    public int SeenInMerge { get; set; }

    TimeSpan IDeadline.Deadline { get; set; }

    int IDeadline.HeapPlace { get; set; }
}
