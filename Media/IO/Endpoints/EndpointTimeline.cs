namespace MediaRelay.Media.IO.Endpoints;

/// <summary>When each step of an endpoint's start was reached, in loop time; null when not yet.</summary>
internal sealed class EndpointTimeline
{
    public TimeSpan Created { get; set; }

    public TimeSpan? Gathered { get; set; }

    public TimeSpan? PairFound { get; set; }

    public TimeSpan? Secured { get; set; }

    public TimeSpan? FirstPacketSent { get; set; }

    public TimeSpan? FirstKeyFrameSent { get; set; }
}
