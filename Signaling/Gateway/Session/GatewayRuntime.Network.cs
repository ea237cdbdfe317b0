using System.Globalization;
using System.Security.Cryptography;
using MediaRelay.Gateway.Home;
using MediaRelay.Gateway.Queue;

namespace MediaRelay.Gateway.Session;

/// <summary>The network side: hello, two held GETs, two uploaders (alarms, the rest), clips and provisioning.</summary>
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

    private async Task UploadAsync(bool alarms, CancellationToken stopping)
    {
        var backoff = new RetryBackoff(_random);
        SemaphoreSlim signal = alarms ? _alarmSignal : _otherSignal;
        bool isSingle = false;
        while (!stopping.IsCancellationRequested)
        {
            // Alarms do not wait for a session: the server takes them even while it holds others off.
            if (!alarms)
                await _session.WhenOpen.WaitAsync(stopping).ConfigureAwait(false);
            (List<QueuedEvent> batch, byte[] document, string epoch) = await AskAsync(() => Next(alarms, isSingle ? 1 : SmaContract.MaxEvents)).ConfigureAwait(false);
            if (batch.Count == 0)
            {
                await signal.WaitAsync(stopping).ConfigureAwait(false);
                continue;
            }

            TimeSpan? retry = null;
            int server = BeginTry();
            bool isServerGood = false;
            try
            {
                SmaAnswer answer = await _link.SendAsync("POST", Path("events"), document, null, alarms ? backoff.AlarmPatience : s_patience, stopping).ConfigureAwait(false);
                isServerGood = answer.Status is 202 or 400 or 413 or 422;
                if (answer.Status == 202 && SmaReader.TryReadAccepted(answer.Body, out EventsAccepted accepted, out _))
                {
                    bool isAnyTaken = await AskAsync(() => TakeAccepted(batch, epoch, accepted)).ConfigureAwait(false);
                    if (accepted.Instructions is { } instructions)
                        await TakeInstructionsAsync(instructions).ConfigureAwait(false);
                    if (isAnyTaken)
                    {
                        EndTry(server, isGood: true);
                        backoff.HandleSuccess();
                        isSingle = false;
                        continue;
                    }
                }

                retry = answer.RetryAfter;
                if (answer.Status is 409 or 503)
                    LoseSession();
                if (answer.Status is 400 or 413 or 422)
                {
                    // The document as a whole was refused: sent one at a time, only the culprit is given up.
                    if (isSingle)
                        await AskAsync(() => Drop(batch[0], epoch, answer.Status)).ConfigureAwait(false);
                    isSingle = true;
                }
            }
            catch (IOException)
            {
                LoseSession();
            }

            TimeSpan wait = backoff.HandleFailure(alarms, retry);
            // The other lane waits for a session, so its failures are the session's.
            if (alarms)
                EndTry(server, isServerGood);
            await Task.Delay(wait, _time, stopping).ConfigureAwait(false);
        }
    }

    /// <summary>Alarms the newest first, the rest the oldest first (sma-sig-1 section 7, backlog).</summary>
    private (List<QueuedEvent> Batch, byte[] Document, string Epoch) Next(bool alarms, int max)
    {
        IEnumerable<QueuedEvent> mine = _queue.Events.Where(one => one.IsAlarm == alarms);
        if (alarms)
            mine = mine.Reverse();
        var batch = new List<QueuedEvent>();
        int octets = 0;
        foreach (QueuedEvent one in mine)
        {
            octets += one.Element.Length;
            if (batch.Count == max || (batch.Count > 0 && octets > 200_000))
                break;
            batch.Add(one);
        }

        batch.Sort((left, right) => left.Seq.CompareTo(right.Seq));
        if (batch.Count > 0)
            _known = Math.Max(_known, batch[^1].Seq);
        return (batch, batch.Count == 0 ? [] : Document(batch), _queue.Epoch);
    }

    private byte[] Document(IReadOnlyList<QueuedEvent> batch)
    {
        var x = new XmlOutput();
        SmaWriter.StartEvents(x, _profile.Id, _queue.Epoch);
        foreach (QueuedEvent one in batch)
            x.Raw(one.Element);
        x.End("events"u8);
        return x.Written.ToArray();
    }

    /// <summary>False when the batch has to be sent again, later: the server put off all of it, or it belongs to an epoch that is over.</summary>
    private bool TakeAccepted(List<QueuedEvent> batch, string epoch, EventsAccepted accepted)
    {
        if (epoch != _queue.Epoch || accepted.Epoch != epoch)
            return false;
        if (IsCounterLost(accepted.UpTo))
        {
            LoseSession();
            return false;
        }

        var later = accepted.Rejected.Where(one => one.Code == "later").Select(one => one.Seq).ToHashSet();
        foreach (RejectedEvent rejected in accepted.Rejected.Where(one => one.Code != "later"))
            LogRejected(_profile.Id, rejected.Seq, rejected.Code);
        foreach (QueuedEvent one in batch)
        {
            if (later.Contains(one.Seq))
                continue;
            Delivered++;
            if (one.Seq > accepted.UpTo)
                _queue.Acknowledge(one.Seq);
        }

        _queue.AcknowledgeUpTo(accepted.UpTo);
        // What the server misses and we do not hold any more will never come; a hello says so.
        bool isFar = later.Count > 0 && accepted.UpTo + 1 < _queue.FirstEvent;
        if (isFar || (accepted.Missing.Count > 0 && accepted.Missing[0].From < _queue.FirstEvent && (_queue.Events.Count == 0 || accepted.Missing[0].To < _queue.FirstEvent)))
            Wake(_needHello);
        return later.Count < batch.Count;
    }

    private bool Drop(QueuedEvent refused, string epoch, int status)
    {
        if (epoch != _queue.Epoch)
            return false;
        LogRejected(_profile.Id, refused.Seq, status.ToString(CultureInfo.InvariantCulture));
        _queue.Acknowledge(refused.Seq);
        return true;
    }

    public async Task UploadClipAsync(string file, ClipBody clip, string? cause, CancellationToken cancellation)
    {
        const int part = 512 * 1024;
        await using FileStream stream = File.OpenRead(file);
        byte[] digest = await SHA256.HashDataAsync(stream, cancellation).ConfigureAwait(false);
        var backoff = new RetryBackoff(_random);
        byte[] buffer = new byte[part];
        long from = 0;
        while (from < stream.Length)
        {
            stream.Position = from;
            int length = await stream.ReadAtLeastAsync(buffer, (int)Math.Min(part, stream.Length - from), false, cancellation).ConfigureAwait(false);
            TimeSpan? retry = null;
            try
            {
                var range = new Dictionary<string, string> { ["Content-Range"] = string.Create(CultureInfo.InvariantCulture, $"bytes {from}-{from + length - 1}/{stream.Length}") };
                SmaAnswer answer = await _link.SendAsync("PUT", Path("clips/" + clip.Id), buffer.AsMemory(0, length), range, s_patience * 3, cancellation).ConfigureAwait(false);
                if (answer.Status == 201)
                    break;
                if (answer.Status is 202 or 409 && answer.Headers.TryGetValue("Range", out string? have) && long.TryParse(have.AsSpan(have.LastIndexOf('-') + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long last))
                {
                    from = last + 1;
                    backoff.HandleSuccess();
                    continue;
                }

                // Asking again later changes nothing about what the server refuses for good.
                if (answer.Status == 507 || (answer.Status is >= 400 and < 500 and not (401 or 408 or 409 or 425 or 429)))
                {
                    LogClipRefused(_profile.Id, clip.Id, answer.Status);
                    Send(SmaEventKinds.ClipStored, clip with { Size = 0 }, cause);
                    return;
                }

                retry = answer.RetryAfter;
            }
            catch (IOException)
            {
                // The upload goes on where the server says it stopped.
            }

            await Task.Delay(backoff.HandleFailure(false, retry), _time, cancellation).ConfigureAwait(false);
        }

        Send(SmaEventKinds.ClipStored, clip with { Size = (ulong)stream.Length, Sha256 = Convert.ToHexStringLower(digest) }, cause);
    }

    private async Task ProvisionAsync(Instruction instruction)
    {
        ResultBody result = await DownloadAsync(instruction).ConfigureAwait(false);
        var wanted = instruction.Body as ProvisioningBody;
        Post(() =>
        {
            if (wanted is not null)
            {
                _commands.Add(new HomeCommand.Emit(new SmaEvent
                {
                    Id = "", Seq = 0, Time = UtcNow, Kind = SmaEventKinds.ProvisioningState, Cause = instruction.Id,
                    Body = new ProvisioningBody { Version = wanted.Version, State = result.Outcome == "done" ? "staged" : "degraded", Step = instruction.Kind, Detail = result.Text },
                }));
            }

            _commands.Add(HomeCore.Result(instruction.Id, result, UtcNow));
        });
    }

    private async Task<ResultBody> DownloadAsync(Instruction instruction)
    {
        if (instruction.Kind is InstructionKinds.Reboot)
        {
            LoseSession();
            return new ResultBody("done");
        }

        if (_profile.Folder is null || instruction.Body is not ProvisioningBody { Version: { } version } wanted)
            return new ResultBody("failed", "unsupported", "This gateway cannot do that.");
        string resource = instruction.Kind == InstructionKinds.ConfigApply ? "config" : "firmware/" + version;
        try
        {
            SmaAnswer answer = await _link.SendAsync("GET", Path(resource), default, null, s_patience * 6, _stopping).ConfigureAwait(false);
            if (answer.Status != 200)
                return new ResultBody("failed", "download", $"The server answered {answer.Status}.");
            if (wanted.Sha256 is { } digest && digest != Convert.ToHexStringLower(SHA256.HashData(answer.Body)))
                return new ResultBody("failed", "digest", "The content does not match its SHA-256.");
            Directory.CreateDirectory(_profile.Folder);
            await File.WriteAllBytesAsync(System.IO.Path.Combine(_profile.Folder, $"staged-{instruction.Kind}-{version}"), answer.Body, _stopping).ConfigureAwait(false);
            return new ResultBody("done");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogDownloadFailed(e, _profile.Id, resource);
            return new ResultBody("failed", "download", "The content could not be fetched or stored.");
        }
    }

    private string Path(string resource) => $"/sma/1/gw/{_profile.Id}/{resource}";
}
