using System.Globalization;
using System.Security.Cryptography;
using MediaRelay.Gateway.Home;
using MediaRelay.Gateway.Queue;

namespace MediaRelay.Gateway.Session;

/// <summary>The network side: hello, the clock it brings, and two held GETs for instructions.</summary>
public sealed partial class GatewayRuntime
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);

    /// <summary>A hello at least this often keeps the clock at the server's time.</summary>
    private static readonly TimeSpan s_helloEvery = TimeSpan.FromHours(6);

    private static readonly TimeSpan s_hintEvery = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _needHello = new(1, 1);
    private readonly ServerChoice _servers = new();
    private bool _isAnnounced;
    private readonly SessionGate _session = new();
    private TimeSpan _hold = TimeSpan.FromSeconds(25);
    private TimeSpan? _hinted;
    private long _comeBack;

    private async Task SessionAsync(CancellationToken stopping)
    {
        var backoff = new RetryBackoff(_random);
        Wake(_needHello);
        while (!stopping.IsCancellationRequested)
        {
            await _needHello.WaitAsync(s_helloEvery, stopping).ConfigureAwait(false);
            // A server that ends says when to come back; an alarm does not wait for it.
            TimeSpan told = _time.GetElapsedTime(_time.GetTimestamp(), Interlocked.Read(ref _comeBack));
            if (told > TimeSpan.Zero)
            {
                await Task.Delay(told, _time, stopping).ConfigureAwait(false);
                // Both GETs heard of it; one hello is enough.
                _ = await _needHello.WaitAsync(TimeSpan.Zero, stopping).ConfigureAwait(false);
            }

            while (!stopping.IsCancellationRequested)
            {
                TimeSpan? retry = null;
                int server = BeginTry();
                bool isServerGood = false;
                try
                {
                    (byte[] hello, string epoch, ulong said) = await AskAsync(WriteHello).ConfigureAwait(false);
                    SmaAnswer answer = await _link.SendAsync("POST", Path("session"), hello, null, s_patience, stopping).ConfigureAwait(false);
                    TimeSpan arrived = Now;
                    bool isWelcome = SmaReader.TryReadWelcome(answer.Body, out Welcome welcome, out _) && answer.Status == 200;
                    isServerGood = isWelcome;
                    if (isWelcome && await AskAsync(() => TakeWelcome(welcome, epoch, said, arrived)).ConfigureAwait(false))
                    {
                        backoff.HandleSuccess();
                        EndTry(server, isGood: true);
                        if (!IsConnected)
                            LogConnected(_profile.Id, Backlog);
                        IsConnected = true;
                        if (!_isAnnounced)
                        {
                            // Once per start: the server learns what stands in the home without having to ask.
                            _isAnnounced = true;
                            Post(() => _home.HandleSession(UtcNow, Now, _commands));
                        }

                        _session.Open();
                        Wake(_alarmSignal);
                        Wake(_otherSignal);
                        break;
                    }

                    retry = answer.RetryAfter;
                    if (!isWelcome)
                        LogHelloRefused(_profile.Id, answer.Status);
                }
                catch (IOException)
                {
                    // Counted below; the other server is tried after two failures.
                }

                TimeSpan wait = backoff.HandleFailure(hasAlarm: Backlog > 0, retry);
                EndTry(server, isServerGood);
                await Task.Delay(wait, _time, stopping).ConfigureAwait(false);
            }
        }
    }

    private int BeginTry()
    {
        lock (_servers)
            return _servers.Current;
    }

    private void EndTry(int server, bool isGood)
    {
        lock (_servers)
        {
            if (isGood)
                _servers.HandleSuccess(server);
            else if (_servers.HandleFailure(server))
                _link.Alternate();
        }
    }

    private (byte[] Hello, string Epoch, ulong Said) WriteHello()
    {
        var x = new XmlOutput();
        SmaWriter.WriteHello(x, new Hello
        {
            Gateway = _profile.Id, Epoch = _queue.Epoch, Majors = [1], Software = _profile.Software, Capabilities = ["held-get", "clips"],
            LastEvent = _queue.LastEvent, FirstEvent = _queue.FirstEvent, LastInstruction = _queue.Instructions.Contiguous, InstructionEpoch = _queue.InstructionEpoch,
            Time = UtcNow, IsClockUnset = _clock.IsClockUnset,
        });
        return (x.Written.ToArray(), _queue.Epoch, _queue.LastEvent);
    }

    /// <summary>False when another hello is needed: events are counted anew, or one of them overtook the hello.</summary>
    private bool TakeWelcome(Welcome welcome, string epoch, ulong said, TimeSpan arrived)
    {
        TakeTime(welcome.Time, arrived);
        if (welcome.Epoch != _queue.InstructionEpoch)
        {
            _queue.StartInstructions(welcome.Epoch, welcome.LastInstruction);
            _waiting.Clear();
            _refused.Clear();
        }
        else if (welcome.LastInstruction > _queue.Instructions.Contiguous)
        {
            // The server was told that these are done, by a queue that has lost it since.
            _queue.SkipInstructionsBelow(welcome.LastInstruction + 1);
        }

        _hold = welcome.Hold;
        if (epoch != _queue.Epoch || IsCounterLost(welcome.LastEvent))
            return false;
        // An alarm that overtook the hello makes the server name a number above it, with events missing below.
        if (welcome.LastEvent > said)
            return false;
        _queue.AcknowledgeUpTo(welcome.LastEvent);
        return true;
    }

    /// <summary>
    /// The server's time. What this gateway has queued since its start gets its true time with the first; what waits from a former start
    /// and had no clock keeps its mark, because nobody knows its time any more, and is kept as long as if it were made now.
    /// </summary>
    private void TakeTime(DateTimeOffset server, TimeSpan arrived)
    {
        bool isFirst = !_clock.IsServerTime;
        TimeSpan behind = _clock.HandleServerTime(server, arrived);
        if (!isFirst)
            return;
        Carry();
        DateTimeOffset start = UtcNow - Now;
        DateTimeOffset Correct(DateTimeOffset time) => GatewayClock.IsUnset(time) ? start + (time - DateTimeOffset.UnixEpoch) : time + behind;
        foreach (QueuedEvent queued in _queue.Events.Where(one => GatewayClock.IsUnset(one.Made) || (behind != TimeSpan.Zero && one.Seq >= _firstOfLife)).ToList())
            _queue.Replace(queued.Seq >= _firstOfLife ? EventElement.Redate(queued, Correct) : queued with { Made = UtcNow });
        _home.HandleClock(Correct);
        if (behind != TimeSpan.Zero)
            LogClock(_profile.Id, behind.TotalSeconds);
    }

    /// <summary>
    /// True when the server knows numbers that this queue has neither held at the start nor sent since: the queue is an older one, and new events
    /// would pass for known ones. They are then counted anew (sma-sig-1 section 4).
    /// </summary>
    private bool IsCounterLost(ulong storedUpTo)
    {
        if (storedUpTo <= _known || storedUpTo < _queue.FirstEvent)
            return false;
        LogCounterLost(_profile.Id, storedUpTo, _known);
        int older = _queue.Events.Count(one => one.Seq < _firstOfLife);
        _queue.StartEpoch();
        _firstOfLife = (ulong)older + 1;
        _known = 0;
        return true;
    }

    /// <summary>The server wants the clocks compared. The hint itself may have waited, so only a hello tells the time; hints do not make more of them than one a minute.</summary>
    private void HandleTimeHint(Instruction hint)
    {
        if (!_clock.IsDoubtful(hint.Time) || Now - _hinted < s_hintEvery)
            return;
        _hinted = Now;
        Wake(_needHello);
    }

    private void LoseSession(TimeSpan? told = null)
    {
        if (told is { } wait)
            Interlocked.Exchange(ref _comeBack, _time.GetTimestamp() + (long)(wait.TotalSeconds * _time.TimestampFrequency));
        if (IsConnected)
            LogLost(_profile.Id);
        IsConnected = false;
        _session.Close();
        Wake(_needHello);
    }

    private async Task PollAsync(int lane, CancellationToken stopping)
    {
        var backoff = new RetryBackoff(_random);
        while (!stopping.IsCancellationRequested)
        {
            await _session.WhenOpen.WaitAsync(stopping).ConfigureAwait(false);
            TimeSpan? retry = null;
            try
            {
                ulong after = await AskAsync(() => _queue.Instructions.Contiguous).ConfigureAwait(false);
                string path = string.Create(CultureInfo.InvariantCulture, $"{Path("instructions")}?after={after}&wait={(int)_hold.TotalSeconds}");
                SmaAnswer answer = await _link.SendAsync("GET", path, default, null, _hold + s_patience, stopping).ConfigureAwait(false);
                bool isRead = SmaReader.TryReadInstructions(answer.Body, out InstructionBatch batch, out SmaFault fault);
                if (answer.Status == 200 && isRead)
                    await TakeInstructionsAsync(batch).ConfigureAwait(false);
                if (answer.Status == 204 || (answer.Status == 200 && isRead))
                {
                    backoff.HandleSuccess();
                    continue;
                }

                if (answer.Status == 200)
                    LogUnreadable(_profile.Id, fault.Text);
                retry = answer.RetryAfter;
                if (answer.Status is 409 or 503)
                    LoseSession(answer.Status == 503 ? retry : null);
            }
            catch (IOException)
            {
                LoseSession();
            }

            await Task.Delay(backoff.HandleFailure(hasAlarm: false, retry) + TimeSpan.FromMilliseconds(lane * 50), _time, stopping).ConfigureAwait(false);
        }
    }

    private Task<bool> TakeInstructionsAsync(InstructionBatch batch) => AskAsync(() =>
    {
        if (batch.Epoch != _queue.InstructionEpoch)
        {
            LoseSession();
            return false;
        }

        foreach (Instruction instruction in batch.Instructions)
        {
            if (!_queue.Instructions.Contains(instruction.Seq))
                _waiting.TryAdd(instruction.Seq, instruction);
        }

        foreach (RejectedInstruction bad in batch.Rejected)
        {
            // It takes its turn like the others and is answered with its fault.
            if (!_queue.Instructions.Contains(bad.Seq) && _waiting.TryAdd(bad.Seq, new Instruction { Id = bad.Id, Seq = bad.Seq, Time = UtcNow, Expires = UtcNow, Kind = "unreadable" }))
                _refused[bad.Seq] = bad.Fault;
        }

        return true;
    });

    private string Path(string resource) => $"/sma/1/gw/{_profile.Id}/{resource}";
}
