namespace MediaRelay.Media.IO.Net;

/// <summary>Something with deadlines that lives on a loop's thread.</summary>
internal abstract class LoopMember
{
    /// <summary>When to be called; null when nothing is pending.</summary>
    public abstract TimeSpan? NextDeadline { get; }

    /// <summary>Earliest time this member stands in the loop's heap for; owned by the loop.</summary>
    internal TimeSpan ScheduledAt { get; set; } = TimeSpan.MaxValue;

    public abstract void HandleDeadline(TimeSpan now);
}
