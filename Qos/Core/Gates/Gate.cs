using System.Diagnostics;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Gates;

/// <summary>
/// One unidirectional gate's life at the CMTS: state, timers T1 to T4, usage (PCMM I05 section 6.1). A change of state happens only
/// when the request behind it has succeeded; <see cref="CanBecome"/> is asked before, <see cref="Become"/> is called after.
/// </summary>
/// <remarks><code>
///              envelope 1            3                      7
///   none ----> Authorized ----> Reserved &lt;---------> Committed &lt;----- 7 ----+
///                 | T1           | T2      (3: pause)   | T3, T4 > 0        |
///                 v              v                      +--------> CommittedRecovery
///               closed         closed     T3, T4 = 0: closed          | T4: closed
/// </code></remarks>
internal class Gate : IDeadline
{
    private const int Timers = 4;
    private readonly TimeSpan[] _timers = [TimeSpan.MaxValue, TimeSpan.MaxValue, TimeSpan.MaxValue, TimeSpan.MaxValue];
    private readonly double _timeScale;
    private readonly TimeSpan _defaultT1;
    private TimeSpan _committedTotal;
    private TimeSpan _committedSince;
    private ulong _bytes;
    private bool _volumeReported;

    /// <param name="id">Given by the CMTS.</param>
    /// <param name="defaultT1">T1 of a gate that does not say.</param>
    /// <param name="timeScale">Divides all timers; 1 in production, more in tests.</param>
    public Gate(GateId id, TimeSpan defaultT1, double timeScale = 1)
    {
        Id = id;
        _defaultT1 = defaultT1;
        _timeScale = timeScale;
    }

    public GateId Id { get; }

    public GateState State { get; private set; } = GateState.Closed;

    public required Amid Owner { get; init; }

    public required SubscriberId Subscriber { get; init; }

    public GateSpec Spec { get; set; }

    public TrafficProfile Profile { get; set; }

    public List<Classifier> Classifiers { get; set; } = [];

    public EventGenerationInfo? Events { get; init; }

    public ulong? Opaque { get; set; }

    public ulong VolumeLimit { get; private set; }

    public uint TimeLimit { get; set; }

    public byte[]? UserId { get; set; }

    /// <summary>Set when T2 took back what was reserved beyond the commitment.</summary>
    public bool IsReservationReduced { get; private set; }

    public ulong UsageKilobytes => _bytes / 1024;

    TimeSpan IDeadline.Deadline { get; set; }

    int IDeadline.HeapPlace { get; set; }

    public TimeSpan? NextDeadline
    {
        get
        {
            TimeSpan next = TimeSpan.MaxValue;
            foreach (TimeSpan timer in _timers)
            {
                if (timer < next) next = timer;
            }
            return next == TimeSpan.MaxValue ? null : next;
        }
    }

    public TimeSpan CommittedTime(TimeSpan now) => _committedTotal + (IsCommitted ? (now - _committedSince) * _timeScale : TimeSpan.Zero);

    public uint CommittedSeconds(TimeSpan now) => (uint)CommittedTime(now).TotalSeconds;

    private bool IsCommitted => State is GateState.Committed or GateState.CommittedRecovery;

    /// <summary>Whether a Gate-Set with these envelopes is a listed transition from the present state; otherwise it is error 12.</summary>
    public bool CanBecome(ResourceEnvelopes envelopes) => envelopes switch
    {
        ResourceEnvelopes.Authorize => State is GateState.Closed or GateState.Authorized or GateState.Reserved,
        ResourceEnvelopes.Reserve => State is not GateState.CommittedRecovery,
        _ => true,
    };

    public void Become(ResourceEnvelopes envelopes, TimeSpan now)
    {
        Debug.Assert(CanBecome(envelopes), "the caller asked CanBecome");
        GateState next = envelopes switch
        {
            ResourceEnvelopes.Authorize => GateState.Authorized,
            ResourceEnvelopes.Reserve => GateState.Reserved,
            _ => GateState.Committed,
        };
        CountTime(next, now);
        IsReservationReduced = false;
        Stop(GateTimer.T1);
        Stop(GateTimer.T2);
        Stop(GateTimer.T3);
        Stop(GateTimer.T4);
        switch (next)
        {
            case GateState.Authorized:
                Start(GateTimer.T1, Spec.T1 == 0 ? _defaultT1 : TimeSpan.FromSeconds(Spec.T1), now);
                break;
            case GateState.Reserved:
                Start(GateTimer.T2, TimeSpan.FromSeconds(Spec.T2), now);
                break;
            default:
                Start(GateTimer.T3, TimeSpan.FromSeconds(Spec.T3), now);
                if (ReservesMoreThanItCommits) Start(GateTimer.T2, TimeSpan.FromSeconds(Spec.T2), now);
                break;
        }
    }

    /// <summary>Carries out at most one timer that is due; call again until it returns nothing.</summary>
    public GateTransition HandleDeadline(TimeSpan now)
    {
        for (int i = 0; i < Timers; i++)
        {
            if (_timers[i] > now) continue;
            var timer = (GateTimer)i;
            Stop(timer);
            return timer switch
            {
                GateTimer.T1 => Close(GateReason.T1Expired, now),
                GateTimer.T2 when State == GateState.Reserved => Close(GateReason.T2Expired, now),
                GateTimer.T2 => ReduceReservation(now),
                GateTimer.T3 when Spec.T4 > 0 => Recover(now),
                GateTimer.T3 => Close(GateReason.T3Expired, now),
                _ => Close(GateReason.T4Expired, now),
            };
        }
        return default;
    }

    /// <summary>Data passed: T3 starts again. The bytes are those of the Ethernet frame: the IP packet plus 18.</summary>
    public GateTransition HandleTraffic(ulong bytes, TimeSpan now)
    {
        if (!IsCommitted) return default;
        _bytes += bytes;
        if (State == GateState.Committed) Start(GateTimer.T3, TimeSpan.FromSeconds(Spec.T3), now);
        return CheckVolume();
    }

    /// <summary>A new limit, 0 for none. One at or below the present count reports at once.</summary>
    public GateTransition SetVolumeLimit(ulong kilobytes)
    {
        VolumeLimit = kilobytes;
        _volumeReported = false;
        return CheckVolume();
    }

    public GateTransition Close(GateReason reason, TimeSpan now)
    {
        CountTime(GateState.Closed, now);
        for (int i = 0; i < Timers; i++) Stop((GateTimer)i);
        return new GateTransition(GateState.Closed, reason);
    }

    private bool ReservesMoreThanItCommits => Profile.Count == 3 && Profile.Second != Profile.Third;

    private GateTransition CheckVolume()
    {
        if (_volumeReported || VolumeLimit == 0 || UsageKilobytes < VolumeLimit || State == GateState.Closed) return default;
        _volumeReported = true;
        return new GateTransition(State, GateReason.VolumeLimitReached);
    }

    private GateTransition ReduceReservation(TimeSpan now)
    {
        IsReservationReduced = true;
        if (State == GateState.Committed) Start(GateTimer.T3, TimeSpan.FromSeconds(Spec.T3), now);
        return new GateTransition(State, GateReason.ReservationReduced);
    }

    private GateTransition Recover(TimeSpan now)
    {
        State = GateState.CommittedRecovery;
        Start(GateTimer.T4, TimeSpan.FromSeconds(Spec.T4), now);
        return new GateTransition(State, GateReason.T3Expired);
    }

    private void CountTime(GateState next, TimeSpan now)
    {
        if (IsCommitted) _committedTotal += (now - _committedSince) * _timeScale;
        State = next;
        if (IsCommitted) _committedSince = now;
    }

    private void Start(GateTimer timer, TimeSpan after, TimeSpan now) =>
        _timers[(int)timer] = after == TimeSpan.Zero ? TimeSpan.MaxValue : now + (after / _timeScale);

    private void Stop(GateTimer timer) => _timers[(int)timer] = TimeSpan.MaxValue;
}
