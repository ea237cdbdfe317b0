using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Policy;

/// <content>
/// What subscribers have and recently had. Without gates a subscriber stays in the table only as long as its past counts: until a minute
/// after the first new gate of its window, and a minute after a CMTS last forgot a gate of it.
/// </content>
public sealed partial class PolicyServer
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly Dictionary<SubscriberId, SubscriberLoad> _subscribers = [];

    /// <summary>Subscribers without gates, by the time when nothing of theirs counts any more.</summary>
    private readonly DeadlineHeap<SubscriberLoad> _idle = new();

    /// <summary>Subscribers with gates, and those whose past still counts.</summary>
    internal int SubscriberCount => _subscribers.Count;

    private SubscriberLoad LoadOf(SubscriberId subscriber)
    {
        if (!_subscribers.TryGetValue(subscriber, out SubscriberLoad? load)) _subscribers.Add(subscriber, load = new SubscriberLoad(subscriber));
        return load;
    }

    /// <summary>Counts a gate from the moment its request is forwarded until it is gone or refused.</summary>
    private void Count(DecidedGate gate, int sign)
    {
        int direction = (int)gate.Asked.Direction;
        SubscriberLoad load = LoadOf(gate.Subscriber);
        CmtsLink link = _south[gate.Cmts];
        load.Gates += sign;
        load.Rate[direction] += sign * gate.Rate;
        link.GateCount += sign;
        link.Rate[direction] += sign * gate.Rate;
        _perPriority[gate.Asked.SessionClass.Priority] += sign;
        KeepOrRemove(load);
    }

    private void CountNew(SubscriberId subscriber, TimeSpan now)
    {
        bool hasLimit = _rules.NewGatesPerMinute is not null || _rules.Subscribers.Count > 0;
        if (!hasLimit) return;
        SubscriberLoad load = LoadOf(subscriber);
        if (IsReturning(load, now))
        {
            load.Forgotten--;
            return;
        }
        if (now - load.WindowStart >= Minute)
        {
            load.WindowStart = now;
            load.NewInWindow = 0;
        }
        load.NewInWindow++;
    }

    /// <summary>The application manager asks again for gates that a CMTS forgot, all at once: they are not new.</summary>
    private static bool IsReturning(SubscriberLoad? load, TimeSpan now) => load is { Forgotten: > 0 } && now < load.ForgottenUntil;

    private void NoteForgotten(SubscriberId subscriber, TimeSpan now)
    {
        if (_rules.NewGatesPerMinute is null && _rules.Subscribers.Count == 0) return;
        SubscriberLoad load = LoadOf(subscriber);
        load.Forgotten = IsReturning(load, now) ? load.Forgotten + 1 : 1;
        load.ForgottenUntil = now + Minute;
        KeepOrRemove(load);
    }

    private void KeepOrRemove(SubscriberLoad load)
    {
        if (load.Gates > 0) _idle.Remove(load);
        else if (load.NewInWindow > 0 || load.Forgotten > 0)
        {
            TimeSpan windowEnd = load.NewInWindow > 0 ? load.WindowStart + Minute : TimeSpan.Zero;
            TimeSpan returnEnd = load.Forgotten > 0 ? load.ForgottenUntil : TimeSpan.Zero;
            _idle.Set(load, windowEnd > returnEnd ? windowEnd : returnEnd);
        }
        else
        {
            _idle.Remove(load);
            _subscribers.Remove(load.Subscriber);
        }
    }
}
