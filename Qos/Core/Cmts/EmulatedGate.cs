using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Cmts;

/// <summary>A gate with what the CMTS keeps about it: modem, service flow, bandwidth, and who set it.</summary>
internal sealed class EmulatedGate(GateId id, TimeSpan defaultT1, double timeScale) : Gate(id, defaultT1, timeScale)
{
    public required Modem Modem { get; init; }

    /// <summary>The connection that set it, and what identifies its peer after that one is gone.</summary>
    public int Link { get; set; }

    public string Peer { get; set; } = "";

    public Psid? Psid { get; set; }

    /// <summary>The service flow's number; 0 while the gate is only authorised.</summary>
    public uint ServiceFlow { get; set; }

    /// <summary>Bandwidth in bit/s that admission control has given.</summary>
    public double Reserved { get; set; }

    /// <summary>Bandwidth of the committed envelope, to which T2 reduces the reservation.</summary>
    public double Committed { get; set; }

    public SchedulingType Scheduling { get; set; }

    public bool HoldsSid { get; set; }

    public uint? SharedResource { get; set; }

    /// <summary>An exchange with the modem is running; a second command must wait.</summary>
    public bool IsChanging { get; set; }

    /// <summary>When a gate far over its time limit is closed.</summary>
    public TimeSpan? EnforceAt { get; set; }

    public TimeSpan? NextEvent => NextDeadline is { } timer ? (EnforceAt < timer ? EnforceAt : timer) : EnforceAt;
}
