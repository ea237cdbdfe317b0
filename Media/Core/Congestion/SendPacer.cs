namespace MediaRelay.Media.Congestion;

/// <summary>
/// Spreads bursts, which key frames are: the first 48 KiB leave at once, the rest at two and a half times what the path is thought to take.
/// </summary>
public sealed class SendPacer
{
    /// <summary>Bytes that may leave in one moment.</summary>
    public const int Burst = 48 * 1024;

    private const double Pace = 2.5;

    private double _budget = Burst;
    private TimeSpan _at;

    /// <summary>True when a packet may leave now. <paramref name="bitsPerSecond"/> is the estimate of the path.</summary>
    public bool CanSend(long bitsPerSecond, TimeSpan now)
    {
        _budget = Math.Min(Burst, _budget + (now - _at).TotalSeconds * bitsPerSecond * Pace / 8);
        _at = now;
        return _budget > 0;
    }

    /// <summary>A packet left; retransmissions count too.</summary>
    public void HandleSent(int bytes) => _budget -= bytes;

    /// <summary>When the next packet may leave after <see cref="CanSend"/> said no.</summary>
    public TimeSpan NextAt(long bitsPerSecond) => _at + TimeSpan.FromSeconds(Math.Max(0.001, (1 - _budget) * 8 / (bitsPerSecond * Pace)));
}
