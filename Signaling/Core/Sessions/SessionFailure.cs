namespace MediaRelay.Signaling.Sessions;

/// <summary>Why a look-in failed or ended, for a person and for a program.</summary>
/// <param name="Type">Stable reason, e.g. <c>gateway-timeout</c>.</param>
/// <param name="Status">HTTP status when the viewer still waits for the answer.</param>
/// <param name="Step">The step that failed.</param>
/// <param name="Words">One sentence.</param>
public sealed record SessionFailure(string Type, int Status, string Step, string Words);
