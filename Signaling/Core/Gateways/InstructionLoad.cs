namespace MediaRelay.Signaling.Gateways;

/// <summary>What waits for one gateway.</summary>
/// <param name="Count">Instructions that are not acknowledged.</param>
/// <param name="Octets">Octets of their XML.</param>
/// <param name="Expired">How many of them are past their end.</param>
/// <param name="OldestEnd">The earliest end among them; null when nothing waits.</param>
public readonly record struct InstructionLoad(int Count, long Octets, int Expired, DateTimeOffset? OldestEnd);
