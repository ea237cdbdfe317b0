namespace MediaRelay.Media.Congestion;

/// <summary>
/// Decides what one viewer gets, from the estimate of its path and the rate of what it is sent now. Down when the path has taken less for most
/// of a second; up by trying, after a quiet time that doubles with every failed try from 5 s to 80 s.
/// <code>
/// Full --full path--> Reduced --full path--> KeyFrames         Reduced is passed over when no transcoder may run
///   ^----- quiet -------'  ^------ quiet -------'
/// </code>
/// </summary>
public sealed class QualityGovernor
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(700);
    private static readonly TimeSpan TrialPatience = TimeSpan.FromSeconds(2.5);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FirstQuiet = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestQuiet = TimeSpan.FromSeconds(80);
    private static readonly TimeSpan Trial = TimeSpan.FromSeconds(10);

    private TimeSpan? _shortSince;
    private TimeSpan? _changedAt;
    private TimeSpan? _flowingSince;
    private TimeSpan _quiet = FirstQuiet;
    private bool _wentUp;

    /// <summary>What the viewer gets.</summary>
    public ViewerQuality Quality { get; private set; }

    /// <summary>Times that the quality went down.</summary>
    public long Reductions { get; private set; }

    /// <summary>
    /// Looks at the path; call a few times a second. Returns true when <see cref="Quality"/> changed.
    /// </summary>
    /// <param name="estimate">What the path takes, for a peer that reports.</param>
    /// <param name="rate">Bits per second of the stream as the viewer gets it now, key frames alone excepted; 0 when unknown.</param>
    /// <param name="canReduce">Whether a smaller picture can be had.</param>
    /// <param name="now">Monotonic time.</param>
    public bool Handle(BandwidthEstimator estimate, long rate, bool canReduce, TimeSpan now)
    {
        if (!estimate.HasFeedback) return false;
        // A smaller picture takes seconds to begin; its rate says something some time after that.
        _flowingSince = rate > 0 ? _flowingSince ?? now : null;
        var isShort = rate > 0 && estimate.BitsPerSecond < rate * 9 / 10;
        _shortSince = isShort ? _shortSince ?? now : null;
        var isTrial = _wentUp && now - _changedAt < Trial;
        // A trial has to fill the path and the window of the measurement first; a peer's own limit (REMB) rises slowly.
        var patience = isTrial ? TrialPatience : Patience;
        if (Quality != ViewerQuality.KeyFrames && isShort && now - _shortSince >= patience && (_changedAt is null || now - _flowingSince >= Settle))
        {
            if (isTrial) _quiet = _quiet * 2 < LongestQuiet ? _quiet * 2 : LongestQuiet;
            else if (_wentUp) _quiet = FirstQuiet;
            Reductions++;
            return Change(Quality == ViewerQuality.Full && canReduce ? ViewerQuality.Reduced : ViewerQuality.KeyFrames, isUp: false, now);
        }
        if (Quality == ViewerQuality.Full) return false;
        var since = Later(Later(_changedAt, estimate.CongestedAt), _flowingSince);
        if ((isShort && Quality == ViewerQuality.Reduced) || now - since < _quiet) return false;
        estimate.BeginTrial();
        return Change(Quality == ViewerQuality.KeyFrames && canReduce ? ViewerQuality.Reduced : ViewerQuality.Full, isUp: true, now);
    }

    /// <summary>The smaller picture cannot be had after all.</summary>
    public void HandleReductionRefused() => Quality = Quality == ViewerQuality.Reduced ? ViewerQuality.KeyFrames : Quality;

    private static TimeSpan? Later(TimeSpan? a, TimeSpan? b) => a is null || b > a ? b : a;

    private bool Change(ViewerQuality quality, bool isUp, TimeSpan now)
    {
        (Quality, _wentUp, _changedAt, _shortSince, _flowingSince) = (quality, isUp, now, null, now);
        return true;
    }
}
