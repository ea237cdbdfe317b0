namespace MediaRelay.Gateway.Session;

/// <summary>The home's cameras and talk devices: takes media instructions, answers with media events.</summary>
public interface IGatewayMedia
{
    /// <summary>
    /// Handles <c>media.invite</c>, <c>media.offer</c>, <c>media.answer</c>, <c>media.candidate</c>, <c>media.end</c> and <c>clip.request</c>.
    /// Returns null when the instruction was taken, else a result that says why not; an instruction has no other result. A clip is taken when the
    /// server has it, which may take long: other instructions go on meanwhile. The rest returns soon; what takes time goes on behind it.
    /// </summary>
    Task<ResultBody?> HandleAsync(Instruction instruction, IGatewayMediaReplies replies, CancellationToken cancellation);
}
