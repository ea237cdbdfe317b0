namespace MediaRelay.Signaling.Contract;

/// <summary>Plain text, e.g. of a log event.</summary>
/// <param name="Text">At most 65536 characters.</param>
public sealed record TextBody(string Text) : MessageBody;
