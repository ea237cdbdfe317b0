namespace MediaRelay.Signaling.Access;

/// <summary>The policy's answer.</summary>
/// <param name="IsAllowed">Whether the action may be done now.</param>
/// <param name="Reason">Why, in one sentence for the asker and the audit.</param>
/// <param name="Grant">What it rests on: a role, an alarm or a grant's id.</param>
/// <param name="Until">When a running action has to be asked again or ends; null when it does not end by time.</param>
public sealed record AccessDecision(bool IsAllowed, string Reason, string Grant, DateTimeOffset? Until = null);
