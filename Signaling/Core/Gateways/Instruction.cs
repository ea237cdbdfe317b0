using MediaRelay.Signaling.Contract;

namespace MediaRelay.Signaling.Gateways;

/// <summary>One instruction, or event of the Event Server, for a gateway (sma-sig-1 section 5).</summary>
public sealed record Instruction
{
    /// <summary>Unique text made by the server.</summary>
    public required string Id { get; init; }

    /// <summary>+1 per instruction of one gateway and epoch; 0 before it is queued.</summary>
    public ulong Seq { get; init; }

    /// <summary>Epoch of that number, as storage gave it; null before it is queued, and in a document, which says it for all.</summary>
    public string? Epoch { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>It must not be carried out after this time.</summary>
    public required DateTimeOffset Expires { get; init; }

    /// <summary>What to do; see <see cref="InstructionKinds"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>The message that led to this one.</summary>
    public string? Cause { get; init; }

    /// <summary>The device it is about.</summary>
    public DeviceBody? Device { get; init; }

    /// <summary>What else it carries.</summary>
    public MessageBody? Body { get; init; }
}
