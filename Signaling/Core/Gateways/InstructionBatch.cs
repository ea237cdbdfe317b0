namespace MediaRelay.Signaling.Gateways;

/// <summary>Instructions for one gateway in one answer.</summary>
/// <param name="Gateway">The gateway.</param>
/// <param name="Epoch">Token of the server's counter for this gateway.</param>
/// <param name="Instructions">In the order of their sequence numbers.</param>
public sealed record InstructionBatch(string Gateway, string Epoch, IReadOnlyList<Instruction> Instructions)
{
    /// <summary>Those that could not be read; they are answered with a result like the others, so that they do not come again for ever.</summary>
    public IReadOnlyList<RejectedInstruction> Rejected { get; init; } = [];
}
