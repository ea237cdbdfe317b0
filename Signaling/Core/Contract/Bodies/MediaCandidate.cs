namespace MediaRelay.Signaling.Contract;

/// <summary>One trickled ICE candidate (RFC 8838).</summary>
/// <param name="Text">The candidate attribute's value.</param>
/// <param name="Mid">Media identification it belongs to.</param>
/// <param name="Line">Index of the media line it belongs to.</param>
public sealed record MediaCandidate(string Text, string? Mid = null, byte? Line = null);
