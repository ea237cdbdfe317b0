namespace MediaRelay.Media.IO.Cameras;

/// <summary>Takes a viewer's voice: a camera's back-channel, a loudspeaker, a file. One caller at a time; never blocks; drops when the taker is slow.</summary>
public interface ITalkBack
{
    /// <summary>RTP encoding name that is taken without conversion: PCMU, PCMA or OPUS.</summary>
    string Codec { get; }

    /// <summary>One RTP packet in <see cref="Codec"/>, header included.</summary>
    void HandleRtp(ReadOnlySpan<byte> packet);
}
