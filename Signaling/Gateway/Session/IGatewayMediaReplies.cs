namespace MediaRelay.Gateway.Session;

/// <summary>Sends events about media sessions and clips; callable from any thread.</summary>
public interface IGatewayMediaReplies
{
    /// <summary>Queues an event, e.g. <see cref="SmaEventKinds.MediaAnswer"/> with a <see cref="MediaBody"/>.</summary>
    void Send(string kind, MessageBody body, string? cause = null);

    /// <summary>Uploads a clip that is ready as a file and reports <c>clip.stored</c>.</summary>
    Task UploadClipAsync(string file, ClipBody clip, string? cause, CancellationToken cancellation);
}
