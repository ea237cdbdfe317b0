using System.Security.Cryptography;
using MediaRelay.Qos.Cops;

namespace MediaRelay.Qos.Gates;

/// <summary>
/// A decision point's end of one connection: dialling with back-off, the COPS session, and the transactions that wait for answers.
/// An answer is matched by transaction number, never by order.
/// </summary>
/// <typeparam name="T">What the owner keeps for a transaction.</typeparam>
internal sealed class PdpAssociation<T>
    where T : struct
{
    private readonly record struct Waiting(T State, uint Serial);

    private readonly record struct Timeout(ushort Transaction, uint Serial, TimeSpan At);

    private readonly CopsSettings _settings;
    private readonly RandomNumberGenerator _random;
    private readonly Backoff _backoff;
    private readonly TimeSpan _answerTimeout;
    private readonly Dictionary<ushort, Waiting> _waiting = [];
    private readonly Queue<Timeout> _timeouts = new();
    private ushort _last;
    private uint _serial;
    private TimeSpan _dialAt = TimeSpan.MaxValue;

    public PdpAssociation(CopsSettings settings, TimeSpan answerTimeout, RandomNumberGenerator random)
    {
        _settings = settings;
        _answerTimeout = answerTimeout;
        _random = random;
        _backoff = new Backoff(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(30), random);
    }

    public CopsConnection? Connection { get; private set; }

    public bool IsOpen => Connection is { IsOpen: true };

    /// <summary>A dial was commanded and its result is not known.</summary>
    public bool IsDialling { get; private set; }

    public int Outstanding => _waiting.Count;

    public TimeSpan? NextDeadline
    {
        get
        {
            TimeSpan next = Connection?.NextDeadline ?? TimeSpan.MaxValue;
            if (_dialAt < next) next = _dialAt;
            if (_timeouts.TryPeek(out Timeout first) && first.At < next) next = first.At;
            return next == TimeSpan.MaxValue ? null : next;
        }
    }

    public void DialNow(TimeSpan now) => _dialAt = now;

    /// <summary>Dials after the back-off.</summary>
    public void DialLater(TimeSpan now) => _dialAt = now + _backoff.Next();

    public void StopDialling() => _dialAt = TimeSpan.MaxValue;

    public bool TryTakeDial(TimeSpan now)
    {
        if (now < _dialAt) return false;
        _dialAt = TimeSpan.MaxValue;
        IsDialling = true;
        return true;
    }

    /// <param name="expectedName">PEPID that the peer has to give itself; null leaves it to the settings.</param>
    public void HandleConnected(TimeSpan now, string? expectedName = null)
    {
        IsDialling = false;
        Connection = new CopsConnection(CopsRole.DecisionPoint, expectedName is null ? _settings : _settings with { ExpectedName = expectedName }, _random, now);
    }

    public void HandleConnectFailed(TimeSpan now)
    {
        IsDialling = false;
        DialLater(now);
    }

    public void HandleOpened() => _backoff.Reset();

    /// <summary>Forgets the connection; the owner empties the transactions with <see cref="TryTakeAny"/>.</summary>
    public void Drop() => Connection = null;

    /// <summary>A number for a new transaction, never 0, never one that waits. An endless one is given up only with the connection.</summary>
    public ushort Add(in T state, TimeSpan now, bool isEndless = false)
    {
        do _last++;
        while (_last == 0 || _waiting.ContainsKey(_last));
        _serial++;
        _waiting.Add(_last, new Waiting(state, _serial));
        while (_timeouts.TryPeek(out Timeout first) && !IsCurrent(first)) _timeouts.Dequeue();
        if (!isEndless) _timeouts.Enqueue(new Timeout(_last, _serial, now + _answerTimeout));
        return _last;
    }

    public bool TryTake(ushort transaction, out T state)
    {
        bool found = _waiting.Remove(transaction, out Waiting waiting);
        state = waiting.State;
        return found;
    }

    /// <summary>For answers of several messages: looks without taking.</summary>
    public bool TryPeek(ushort transaction, out T state)
    {
        bool found = _waiting.TryGetValue(transaction, out Waiting waiting);
        state = waiting.State;
        return found;
    }

    /// <summary>A transaction whose answer has not come in time; it is taken.</summary>
    public bool TryTakeLate(TimeSpan now, out ushort transaction, out T state)
    {
        while (_timeouts.TryPeek(out Timeout first))
        {
            if (!IsCurrent(first))
            {
                _timeouts.Dequeue();
                continue;
            }
            if (first.At > now) break;
            _timeouts.Dequeue();
            transaction = first.Transaction;
            return TryTake(transaction, out state);
        }
        transaction = 0;
        state = default;
        return false;
    }

    /// <summary>Any transaction, taken; after the connection broke.</summary>
    public bool TryTakeAny(out T state)
    {
        foreach (KeyValuePair<ushort, Waiting> entry in _waiting)
        {
            state = entry.Value.State;
            _waiting.Remove(entry.Key);
            return true;
        }
        _timeouts.Clear();
        state = default;
        return false;
    }

    private bool IsCurrent(in Timeout timeout) => _waiting.TryGetValue(timeout.Transaction, out Waiting waiting) && waiting.Serial == timeout.Serial;
}
