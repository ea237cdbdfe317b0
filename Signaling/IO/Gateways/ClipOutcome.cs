namespace MediaRelay.Signaling.IO.Gateways;

/// <summary>How a clip upload ended.</summary>
internal enum ClipResult
{
    Complete,
    Incomplete,
    Gap,
    TooLarge,
    QuotaReached,
    Busy,
}

/// <summary>The result and the octets that are there.</summary>
internal readonly record struct ClipOutcome(ClipResult Result, long Present);
