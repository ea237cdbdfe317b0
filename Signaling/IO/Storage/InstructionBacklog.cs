using MediaRelay.Signaling.Gateways;
namespace MediaRelay.Signaling.IO.Storage;

/// <summary>A gateway's waiting instructions.</summary>
/// <param name="Epoch">Epoch of the numbers.</param>
/// <param name="Last">The last number given.</param>
/// <param name="Waiting">Not acknowledged, ascending.</param>
public sealed record InstructionBacklog(string Epoch, ulong Last, IReadOnlyList<Instruction> Waiting);
