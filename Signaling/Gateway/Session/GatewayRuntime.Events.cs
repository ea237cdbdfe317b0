using System.Globalization;
using System.Security.Cryptography;
using MediaRelay.Gateway.Home;
using MediaRelay.Gateway.Queue;

namespace MediaRelay.Gateway.Session;

/// <summary>Events on their way up: one uploader for alarms, one for the rest.</summary>
public sealed partial class GatewayRuntime
{
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
}
