using MediaRelay.Signaling.Gateways;
namespace MediaRelay.Signaling.IO.Storage;

/// <summary>Instructions that are not acknowledged by their gateway.</summary>
public interface IInstructionQueue
{
    /// <summary>Gives the instruction its number, of the epoch that it names, and stores it; when the task completes it is durable.</summary>
    /// <param name="gateway">The gateway.</param>
    /// <param name="instruction">The instruction, without a number.</param>
    /// <param name="bounds">How much may wait. What is past its end at the instruction's own time is cut down to its envelope before anything is refused.</param>
    /// <exception cref="StorageException">The gateway is unknown, its queue is full (<see cref="StorageException.IsQueueFull"/>), or the write failed.</exception>
    Task<Instruction> EnqueueAsync(string gateway, Instruction instruction, InstructionBounds bounds);

    /// <summary>How much waits for a gateway; nothing for an unknown one.</summary>
    InstructionLoad Load(string gateway, DateTimeOffset utcNow);

    /// <summary>The epoch of the gateway's numbers, the last number given, and what waits, ascending.</summary>
    Task<InstructionBacklog> BacklogAsync(string gateway);

    /// <summary>Removes everything up to the number. A lost acknowledgement only means that the gateway sees an instruction again.</summary>
    Task AcknowledgeAsync(string gateway, ulong upTo);

    /// <summary>Starts a new epoch: the gateway claims to have carried out more than was ever sent. What waits is numbered anew.</summary>
    Task<InstructionBacklog> RenumberAsync(string gateway, string epoch);
}
