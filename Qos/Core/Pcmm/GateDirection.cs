namespace MediaRelay.Qos.Pcmm;

/// <summary>Direction of a gate, seen from the home.</summary>
public enum GateDirection
{
    Downstream = 0,
    Upstream = 1,
}
