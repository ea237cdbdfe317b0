namespace MediaRelay.Gateway.Session;

/// <summary>A home without cameras.</summary>
public sealed class NoMedia : IGatewayMedia
{
    public Task<ResultBody?> HandleAsync(Instruction instruction, IGatewayMediaReplies replies, CancellationToken cancellation) =>
        Task.FromResult<ResultBody?>(instruction.Kind == InstructionKinds.MediaEnd ? null : new ResultBody("failed", "no-media", "This gateway has no cameras."));
}
