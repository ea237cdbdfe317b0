namespace MediaRelay.Signaling.Contract;

/// <summary>How an instruction ended; the event's cause names the instruction.</summary>
/// <param name="Outcome"><c>done</c>, <c>failed</c>, <c>expired</c> or <c>refused</c>.</param>
/// <param name="Code">Stable reason, e.g. <c>unknown-device</c>.</param>
/// <param name="Text">One sentence for people.</param>
public sealed record ResultBody(string Outcome, string? Code = null, string Text = "") : MessageBody;
