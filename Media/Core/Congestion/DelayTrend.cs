namespace MediaRelay.Media.Congestion;

/// <summary>
/// Sees a queue grow on the path: packets are grouped into bursts of 5 ms, and a line is laid through the accumulated difference between how
/// far apart bursts arrived and how far apart they were sent. Nothing is allocated after construction.
/// </summary>
public sealed class DelayTrend
{
    private const int Points = 20;
    private const double Smoothing = 0.9, Gain = 4, ThresholdMs = 12.5;
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly double[] _x = new double[Points];
    private readonly double[] _y = new double[Points];
    private TimeSpan _burstStart, _sent, _arrived, _lastSent, _lastArrived, _origin;
    private double _accumulated, _smoothed;
    private int _bursts, _over;
    private bool _hasBurst, _hasLast;

    /// <summary>True while the queue grows; two bursts in a row have to say so.</summary>
    public bool IsGrowing => _over >= 2;

    /// <summary>Milliseconds that the queue grew by since the trend began, smoothed.</summary>
    public double QueueMs => _smoothed;

    /// <summary>A packet that arrived; in the order of sending. Both clocks may have any origin.</summary>
    public void Handle(TimeSpan sent, TimeSpan arrived)
    {
        // What was seen before a pause says nothing about the path now.
        if (_hasBurst && sent - _sent > Pause) Reset();
        if (_hasBurst && sent - _burstStart <= Burst)
        {
            (_sent, _arrived) = (sent, arrived > _arrived ? arrived : _arrived);
            return;
        }
        if (_hasBurst) EndBurst();
        (_burstStart, _sent, _arrived, _hasBurst) = (sent, sent, arrived, true);
    }

    /// <summary>Begins anew, after the path changed.</summary>
    public void Reset() => (_hasBurst, _hasLast, _bursts, _over, _accumulated, _smoothed) = (false, false, 0, 0, 0, 0);

    private void EndBurst()
    {
        if (!_hasLast)
        {
            (_lastSent, _lastArrived, _origin, _hasLast) = (_sent, _arrived, _arrived, true);
            return;
        }
        _accumulated += ((_arrived - _lastArrived) - (_sent - _lastSent)).TotalMilliseconds;
        (_lastSent, _lastArrived) = (_sent, _arrived);
        _smoothed = Smoothing * _smoothed + (1 - Smoothing) * _accumulated;
        _x[_bursts % Points] = (_arrived - _origin).TotalMilliseconds;
        _y[_bursts % Points] = _smoothed;
        _bursts++;
        var trend = _bursts < Points ? 0 : Slope() * Math.Min(_bursts, 60) * Gain;
        _over = trend > ThresholdMs ? _over + 1 : 0;
    }

    private double Slope()
    {
        double meanX = 0, meanY = 0;
        for (var i = 0; i < Points; i++) (meanX, meanY) = (meanX + _x[i] / Points, meanY + _y[i] / Points);
        double top = 0, bottom = 0;
        for (var i = 0; i < Points; i++)
        {
            top += (_x[i] - meanX) * (_y[i] - meanY);
            bottom += (_x[i] - meanX) * (_x[i] - meanX);
        }
        return bottom == 0 ? 0 : top / bottom;
    }
}
