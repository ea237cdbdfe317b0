using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Cmts;

/// <summary>A Gate-Set that passed all checks and waits for the modem, with all that is needed to finish or undo it.</summary>
internal sealed class PendingSet : IDeadline
{
    public required EmulatedGate Gate { get; init; }

    public required bool IsNew { get; init; }

    public required int Link { get; init; }

    public required ushort Transaction { get; init; }

    public required GateSpec Spec { get; init; }

    public required TrafficProfile Profile { get; init; }

    public required List<Classifier> Classifiers { get; init; }

    public ulong? VolumeLimit { get; init; }

    public uint? TimeLimit { get; init; }

    public ulong? Opaque { get; init; }

    public byte[]? UserId { get; init; }

    public double ReservedBefore { get; init; }

    public double Committed { get; init; }

    public SchedulingType Scheduling { get; init; }

    public bool TookSid { get; init; }

    /// <summary>The modem will not answer, or answers no.</summary>
    public bool Fails { get; set; }

    /// <summary>The gate was deleted meanwhile.</summary>
    public bool IsCancelled { get; set; }

    TimeSpan IDeadline.Deadline { get; set; }

    int IDeadline.HeapPlace { get; set; }
}
