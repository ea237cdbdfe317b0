using MediaRelay.Media.Rtp;

namespace MediaRelay.Media.Congestion;

/// <summary>
/// What the path to one peer takes, from what the peer reports: transport-wide feedback (delay and loss of each packet), else REMB, else the
/// loss of receiver reports. After the ideas of draft-ietf-rmcat-gcc-02; unlike it, nothing is sent to probe, so the estimate is at most one and a
/// half times what was shown to pass.
/// <code>
/// sent packets ----> HandleSent                         estimate = highest arrival rate x 0.85     when a queue grows
/// feedback --------> HandleTransportFeedback            estimate = what arrived, or a little more   above 10 % loss
/// REMB, RR --------> HandleRemb, HandleReport           estimate + 8 % per second                  below 2 % loss
/// </code>
/// Nothing is allocated after construction.
/// </summary>
public sealed class BandwidthEstimator
{
    /// <summary>Assumed until the peer says something, in bit/s.</summary>
    public const long Start = 4_000_000;

    /// <summary>Least and greatest estimate in bit/s.</summary>
    public const long Least = 50_000, Most = 50_000_000;

    private const int Window = 2048;
    private const int MostPerFeedback = 1024;
    private static readonly TimeSpan LossInterval = TimeSpan.FromMilliseconds(250), LongLossInterval = TimeSpan.FromSeconds(1), LossMemory = TimeSpan.FromSeconds(0.7);
    private static readonly TimeSpan Reaction = TimeSpan.FromMilliseconds(300);

    private static readonly TimeSpan Strain = TimeSpan.FromSeconds(30);

    private readonly (ushort Sequence, int Bytes, TimeSpan At, bool Known)[] _sent = new (ushort, int, TimeSpan, bool)[Window];
    private readonly int[] _deltas = new int[MostPerFeedback];
    private readonly DelayTrend _trend = new();
    private readonly RateMeter _arrived = new();
    private readonly PeakMeter _peak = new();
    private double _estimate = Start;
    private TimeSpan? _lastIncrease, _lastDecrease, _lossSince;
    private long? _remb;
    private int _lost, _reported;
    private ushort _next;

    /// <summary>The estimate in bit/s.</summary>
    public long BitsPerSecond => Math.Clamp(_remb is { } limit ? Math.Min(limit, (long)_estimate) : (long)_estimate, Least, Most);

    /// <summary>False until the peer reported anything; the estimate is only an assumption then.</summary>
    public bool HasFeedback { get; private set; }

    /// <summary>When the path last showed that it is full; null when never.</summary>
    public TimeSpan? CongestedAt { get; private set; }

    /// <summary>True for half a minute after the path was full.</summary>
    public bool IsStrained(TimeSpan now) => now - CongestedAt < Strain;

    /// <summary>Share of packets lost lately, 0 to 1.</summary>
    public double Loss { get; private set; }

    /// <summary>Feedback messages that were taken.</summary>
    public long Feedbacks { get; private set; }

    /// <summary>Rate that arrived at the peer, by its feedback, in bit/s; 0 when unknown.</summary>
    public long Arrived(TimeSpan now) => _arrived.BitsPerSecond(now);

    /// <summary>The number for the header extension of the packet that is about to leave.</summary>
    public ushort HandleSent(int bytes, TimeSpan now)
    {
        var sequence = _next++;
        _sent[sequence % Window] = (sequence, bytes, now, true);
        return sequence;
    }

    /// <summary>Takes the content of transport-wide feedback, behind the two sources. Malformed and repeated ones change nothing.</summary>
    public void HandleTransportFeedback(ReadOnlySpan<byte> content, TimeSpan now)
    {
        if (!TransportWideFeedback.TryRead(content, _deltas, out var first, out var count, out var reference, out _)) return;
        var arrival = TimeSpan.FromMilliseconds(64L * reference);
        var known = false;
        for (var i = 0; i < count; i++)
        {
            var isArrived = _deltas[i] != TransportWideFeedback.NotReceived;
            if (isArrived) arrival += TimeSpan.FromMicroseconds(250L * _deltas[i]);
            ref var packet = ref _sent[(ushort)(first + i) % Window];
            if (packet.Sequence != (ushort)(first + i) || !packet.Known) continue;
            known = true;
            _reported++;
            if (!isArrived)
            {
                _lost++;
                continue;
            }
            packet.Known = false;
            _trend.Handle(packet.At, arrival);
            _arrived.Add(packet.Bytes, now);
            _peak.Add(packet.Bytes, arrival);
        }
        if (!known) return;
        (HasFeedback, Feedbacks) = (true, Feedbacks + 1);
        _lossSince ??= now;
        // A small stream has few packets, and its loss must not be that of the large one before it for long.
        var interval = now - _lossSince;
        if ((interval >= LossInterval && _reported >= 30) || (interval >= LongLossInterval && _reported >= 5)) TakeLoss(now, _lost / (double)_reported);
        // Never below what arrives: the path takes that much.
        var arrived = _arrived.BitsPerSecond(now);
        if (_trend.IsGrowing && arrived > 0) Decrease(now, Math.Max(arrived, _peak.BitsPerSecond() * 0.85));
        else if (Loss <= 0.1) Increase(now, grows: Loss < 0.02);
    }

    /// <summary>
    /// More is about to be sent, to see whether the path takes it: what little was sent before says nothing about that, so the estimate starts anew.
    /// </summary>
    public void BeginTrial()
    {
        (_estimate, _remb) = (Math.Max(_estimate, Start), null);
        (Loss, _lost, _reported) = (0, 0, 0);
        _trend.Reset();
    }

    /// <summary>Takes the limit that the peer names.</summary>
    public void HandleRemb(long bitsPerSecond, TimeSpan now)
    {
        if (bitsPerSecond <= 0) return;
        if (_remb is { } before && bitsPerSecond < before * 0.9) CongestedAt = now;
        (_remb, HasFeedback, Feedbacks) = (bitsPerSecond, true, Feedbacks + 1);
    }

    /// <summary>Takes the loss of a receiver report; of use only for peers without transport-wide feedback. <paramref name="sending"/> is the rate sent in bit/s.</summary>
    public void HandleReport(byte fractionLost, long sending, TimeSpan now)
    {
        if (_lossSince is not null || sending <= 0) return;
        Loss = fractionLost / 256.0;
        if (Loss > 0.1)
        {
            HasFeedback = true;
            Decrease(now, Math.Min(_estimate, sending) * (1 - Loss / 2));
        }
        else if (HasFeedback && Loss < 0.02)
        {
            Increase(now, grows: true);
        }
    }

    private void TakeLoss(TimeSpan now, double loss)
    {
        var kept = Math.Exp(-(now - _lossSince!.Value) / LossMemory);
        // Few packets tell that loss is over, but not what the path takes: so little was sent.
        var isTelling = loss > 0.05 && _reported >= 30;
        (Loss, _lost, _reported, _lossSince) = (kept * Loss + (1 - kept) * loss, 0, 0, now);
        // Without a rate, just after a pause, loss is that of before it.
        var arrived = _arrived.BitsPerSecond(now);
        if (Loss > 0.1 && isTelling && arrived > 0) Decrease(now, Math.Max(arrived, Math.Min(_estimate, arrived * 1.2) * (1 - Loss / 2)));
    }

    private void Decrease(TimeSpan now, double to)
    {
        CongestedAt = now;
        _lastIncrease = now;
        // One overload is answered once: its reports come in for a round trip.
        if (_lastDecrease is { } at && now - at < Reaction) return;
        _lastDecrease = now;
        _estimate = Math.Clamp(to, Least, _estimate);
    }

    private void Increase(TimeSpan now, bool grows)
    {
        var passed = _lastIncrease is { } at ? Math.Min((now - at).TotalSeconds, 1) : 0;
        _lastIncrease = now;
        if (_arrived.BitsPerSecond(now) is not (> 0 and var arrived)) return;
        var limit = Math.Max(_estimate, 1.5 * arrived + 10_000);
        // What arrives without much loss and without a queue is shown to pass.
        _estimate = Math.Clamp(Math.Max(grows ? _estimate * Math.Pow(1.08, passed) : _estimate, arrived), Least, Math.Min(limit, Most));
    }
}
