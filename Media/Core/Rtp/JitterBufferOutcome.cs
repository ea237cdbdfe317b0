namespace MediaRelay.Media.Rtp;

/// <summary>What <see cref="JitterBuffer.Take"/> gives.</summary>
public enum JitterBufferOutcome
{
    /// <summary>Nothing is due.</summary>
    Nothing,

    /// <summary>A payload to decode.</summary>
    Packet,

    /// <summary>A packet is missing; conceal it.</summary>
    Lost,
}
