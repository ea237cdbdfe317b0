namespace MediaRelay.Media.Congestion;

/// <summary>
/// Spreads bursts, which key frames are: the first 48 KiB leave at once, the rest at two and a half times what the path is thought to take. On a
/// path that was full lately it is 6 KiB and one and a fifth, because a burst alone would fill it again. Never slower than the smaller picture needs:
/// a pace below it would make the low estimate come true.
/// </summary>
public sealed class SendPacer(BandwidthEstimator estimator)
{
    /// <summary>Bytes that may leave in one moment.</summary>
    public const int Burst = 48 * 1024, StrainedBurst = 6 * 1024;

    private const long LeastPace = 200_000;
    private const double Pace = 2.5, StrainedPace = 1.2;

    private double _budget = Burst;
    private TimeSpan _at;

    /// <summary>True when a packet may leave now.</summary>
    public bool CanSend(TimeSpan now)
    {
        _budget = Math.Min(estimator.IsStrained(now) ? StrainedBurst : Burst, _budget + (now - _at).TotalSeconds * BytesPerSecond(now));
        _at = now;
        return _budget > 0;
    }

    /// <summary>A packet left; retransmissions count too.</summary>
    public void HandleSent(int bytes) => _budget -= bytes;

    /// <summary>When the next packet may leave after <see cref="CanSend"/> said no.</summary>
    public TimeSpan NextAt() => _at + TimeSpan.FromSeconds(Math.Max(0.001, (1 - _budget) / BytesPerSecond(_at)));

    private double BytesPerSecond(TimeSpan now) => Math.Max(LeastPace, estimator.BitsPerSecond * (estimator.IsStrained(now) ? StrainedPace : Pace)) / 8;
}
