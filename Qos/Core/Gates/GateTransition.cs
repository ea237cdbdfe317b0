using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Gates;

/// <summary>What a timer or a counter did to a gate: the state and reason to report; reason None means nothing happened.</summary>
internal readonly record struct GateTransition(GateState State, GateReason Reason)
{
    public bool IsNone => Reason == GateReason.None;

    public bool IsClosed => State == GateState.Closed;
}
