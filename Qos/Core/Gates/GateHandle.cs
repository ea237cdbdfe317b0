namespace MediaRelay.Qos.Gates;

/// <summary>The application manager's own name of a gate, unique over restarts; it travels in the gate's opaque data.</summary>
public readonly record struct GateHandle(ulong Value)
{
    public override string ToString() => Value.ToString("x16", System.Globalization.CultureInfo.InvariantCulture);
}
