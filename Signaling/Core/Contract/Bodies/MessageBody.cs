namespace MediaRelay.Signaling.Contract;

/// <summary>What a message carries beside its envelope; one of the sealed records of this folder.</summary>
public abstract record MessageBody;
