using System.Buffers;
using System.IO.Pipelines;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Storage;
using Microsoft.AspNetCore.Http;

namespace MediaRelay.Signaling.IO.Gateways;

/// <summary>Hello and events.</summary>
internal sealed partial class GatewayEndpoints
{
    /// <summary>A body up to this size is read even when it is too large, so that its sender sees the refusal and not a broken connection.</summary>
    internal const int MostRead = 1024 * 1024;

    private static readonly TimeSpan s_bodyTime = TimeSpan.FromSeconds(15);

    private delegate bool ReadDocument<T>(ReadOnlySpan<byte> utf8, out T document, out SmaFault fault);

    private async Task SessionAsync(HttpContext context, GatewayLink link)
    {
        (bool isRead, Hello hello) = await ReadAsync<Hello>(context, SmaReader.TryReadHello).ConfigureAwait(false);
        if (!isRead)
            return;
        if (hello.Gateway != link.Gateway)
        {
            await RefuseAsync(context, 403, "identity", null, "Wrong identity", "The document names another gateway.").ConfigureAwait(false);
            return;
        }

        if (hello.Epoch == StoredEvent.ServerEpoch)
        {
            await RefuseReservedAsync(context).ConfigureAwait(false);
            return;
        }

        if (!hello.Majors.Contains((byte)1))
        {
            await RefuseAsync(context, 422, "version", null, "No common version", "This server speaks major version 1.").ConfigureAwait(false);
            return;
        }

        if (_links.IsDraining)
        {
            await BusyAsync(context, link).ConfigureAwait(false);
            return;
        }

        if (!TryAdmit(link, isAlarm: false, out TimeSpan later))
        {
            await RefuseAsync(context, 503, "busy", later, "Busy", "Many gateways return at once. Come back later.").ConfigureAwait(false);
            return;
        }

        ulong stored = await _storage.Events.ContiguousAsync(link.Gateway, hello.Epoch).ConfigureAwait(false);
        if (hello.FirstEvent > stored + 1)
        {
            await _storage.Events.ForgetBelowAsync(link.Gateway, hello.Epoch, hello.FirstEvent).ConfigureAwait(false);
            stored = await _storage.Events.ContiguousAsync(link.Gateway, hello.Epoch).ConfigureAwait(false);
        }

        if (hello.InstructionEpoch == link.InstructionEpoch)
        {
            if (hello.LastInstruction > link.LastInstruction)
            {
                string epoch = Convert.ToHexStringLower(System.Security.Cryptography.RandomNumberGenerator.GetBytes(4));
                LogRenumbered(link.Gateway, hello.LastInstruction, link.LastInstruction, epoch);
                link.Renumber(await _storage.Instructions.RenumberAsync(link.Gateway, epoch).ConfigureAwait(false));
            }
            else
            {
                Acknowledge(link, hello.LastInstruction);
            }
        }

        // More is stored than the gateway says it ever made: it lost its counter and kept its epoch. Under that epoch its next events would count as known.
        // An alarm that overtook the hello looks the same; the next hello clears it.
        link.IsCounterLost = stored > hello.LastEvent;
        if (link.IsCounterLost)
            LogCounterLost(link.Gateway, hello.Epoch, hello.LastEvent, stored);
        link.EventEpoch = hello.Epoch;
        link.ResetSent();
        await NoteHelloAsync(context, link, hello).ConfigureAwait(false);
        LogSession(link.Gateway, hello.Software, hello.LastEvent, stored);
        GatewayConfiguration? configuration = _storage.Gateways.Configuration(link.Gateway);
        XmlOutput x = Scratch;
        SmaWriter.WriteWelcome(x, new Welcome
        {
            Gateway = link.Gateway,
            Epoch = link.InstructionEpoch,
            Major = 1,
            Time = _clock.UtcNow,
            Heartbeat = link.Hold,
            Hold = link.Hold,
            Jitter = _options.ReconnectSpread,
            LastEvent = stored,
            LastInstruction = link.AcknowledgedInstruction,
            MaxEvents = SmaContract.MaxEvents,
            MaxBody = SmaContract.MaxBody,
            RenewBefore = RenewBefore(context),
            Config = configuration?.Version,
        });
        await AnswerAsync(context, 200, x).ConfigureAwait(false);
    }

    private async Task EventsAsync(HttpContext context, GatewayLink link, bool isOverRate)
    {
        (bool isRead, EventBatch batch) = await ReadAsync<EventBatch>(context, SmaReader.TryReadEvents).ConfigureAwait(false);
        if (!isRead)
            return;
        TimeSpan arrived = _clock.Now;
        if (batch.Gateway != link.Gateway)
        {
            await RefuseAsync(context, 403, "identity", null, "Wrong identity", "The document names another gateway.").ConfigureAwait(false);
            return;
        }

        if (batch.Epoch == StoredEvent.ServerEpoch)
        {
            await RefuseReservedAsync(context).ConfigureAwait(false);
            return;
        }

        if (link.EventEpoch is { } epoch && (epoch != batch.Epoch || link.IsCounterLost))
        {
            await RefuseAsync(context, 409, "epoch", TimeSpan.Zero, "Epoch conflict", "The epoch is not the one of the last hello, or that hello counted fewer events than are stored. Send a hello, with a new epoch when the counter was lost.").ConfigureAwait(false);
            return;
        }

        bool isAlarm = false;
        foreach (SmaEvent message in batch.Events)
            isAlarm |= message.Priority == EventPriority.Alarm;
        if (isOverRate && !isAlarm)
        {
            await RefuseRateAsync(context, TimeSpan.FromSeconds(1)).ConfigureAwait(false);
            return;
        }

        if (!TryAdmit(link, isAlarm, out TimeSpan later))
        {
            await RefuseAsync(context, 503, "busy", later, "Busy", "Many gateways return at once. Alarms are taken; come back with the rest.").ConfigureAwait(false);
            return;
        }

        if (!link.TryTakeEvents(batch.Events.Count, isAlarm, arrived, out TimeSpan wait))
        {
            await RefuseAsync(context, 429, "rate", wait, "Too many events", "This gateway sends more events than agreed. Alarms are taken.").ConfigureAwait(false);
            return;
        }

        AppendResult result = await _storage.Events.AppendAsync(Prepare(batch)).ConfigureAwait(false);
        TimeSpan now = _clock.Now;
        _metrics.RecordAcknowledge(now - arrived);
        _metrics.CountEvents(result.Stored.Count, result.Duplicates, batch.Rejected.Count, result.Faults.Count);
        foreach (string id in result.Faults)
            LogIdReused(link.Gateway, id);
        _links.Raise(result.Stored);
        await AnswerAcceptedAsync(context, link, batch, result, now).ConfigureAwait(false);
    }

    private async Task AnswerAcceptedAsync(HttpContext context, GatewayLink link, EventBatch batch, AppendResult result, TimeSpan now)
    {
        IReadOnlyList<RejectedEvent> rejected = batch.Rejected;
        if (result.Later.Count > 0)
            rejected = [.. rejected, .. result.Later.Select(seq => new RejectedEvent(seq, "later", 0, "Too far ahead of a gap; send it again when the gap is filled."))];
        IReadOnlyList<Instruction> instructions = link.Take(now, SmaContract.MaxInstructions);
        _metrics.CountInstructions(instructions.Count);
        XmlOutput x = Scratch;
        SmaWriter.WriteAccepted(x, new EventsAccepted
        {
            Gateway = link.Gateway,
            Epoch = batch.Epoch,
            UpTo = result.UpTo,
            Missing = result.Missing,
            Rejected = rejected,
            Instructions = instructions.Count == 0 ? null : new InstructionBatch(link.Gateway, link.InstructionEpoch, instructions),
        });
        try
        {
            await AnswerAsync(context, 202, x).ConfigureAwait(false);
        }
        catch (Exception) when (instructions.Count > 0 && context.RequestAborted.IsCancellationRequested)
        {
            link.Unsent(_clock.Now);
            throw;
        }
    }

    private EventAppend Prepare(EventBatch batch)
    {
        // An alarm of a batch is stored, and so acted upon, before the rest of it.
        var pending = new List<PendingEvent>(batch.Events.Count);
        XmlOutput scratch = Scratch;
        foreach (SmaEvent message in batch.Events)
        {
            if (message.Priority == EventPriority.Alarm)
                pending.Add(new PendingEvent(message, scratch));
        }

        foreach (SmaEvent message in batch.Events)
        {
            if (message.Priority != EventPriority.Alarm)
                pending.Add(new PendingEvent(message, scratch));
        }

        return new EventAppend(batch.Gateway, batch.Epoch, pending, _clock.UtcNow) { Refused = batch.Rejected.Count == 0 ? [] : [.. batch.Rejected.Select(one => one.Seq)] };
    }

    /// <summary>True when the gateway has a session or gets one; else it is told when to come back, and not missed until then.</summary>
    private bool TryAdmit(GatewayLink link, bool isAlarm, out TimeSpan later)
    {
        later = TimeSpan.Zero;
        if (link.HasSession)
            return true;
        lock (_admissionLock)
        {
            TimeSpan now = _clock.Now;
            bool isAdmitted = _admission.TryAdmit(isAlarm, link.Booked, now, out later, out TimeSpan? slot);
            link.Booked = slot;
            if (!isAdmitted)
            {
                link.Tell(now, later);
                return false;
            }
        }

        // An alarm passes, but does not open the door for the rest of the gateway's traffic.
        link.HasSession = !isAlarm;
        return true;
    }

    private Task RefuseReservedAsync(HttpContext context) => RefuseAsync(context, 422, SmaFault.Meaning, null, "Reserved epoch", "This epoch belongs to the server.");

    /// <summary>The node ends: the gateway is sent away for a random part of the time that all gateways of the node need to return.</summary>
    private Task BusyAsync(HttpContext context, GatewayLink link)
    {
        int part = System.Security.Cryptography.RandomNumberGenerator.GetInt32((int)_links.DrainSpread.TotalSeconds + 1);
        TimeSpan later = link.TellOnce(_clock.Now, ReturnPlan.LeastAtTheEnd + TimeSpan.FromSeconds(part));
        return RefuseAsync(context, 503, "draining", later, "Draining", "This node stops. Come back later; the time is spread so that not all return at once.");
    }

    private async Task NoteHelloAsync(HttpContext context, GatewayLink link, Hello hello)
    {
        GatewayRecord? record = _storage.Gateways.Find(link.Gateway);
        bool isClaimUsed = record?.ClaimDigest is not null && CertifiedGateway(context) is not null;
        if (record is null || (record.Software == hello.Software && record.ConfigActive == hello.Config && !isClaimUsed))
            return;
        await _storage.Gateways.ChangeAsync(link.Gateway, old => old with
        {
            Software = hello.Software,
            ConfigActive = hello.Config,
            ClaimDigest = isClaimUsed ? null : old.ClaimDigest,
            ClaimUntil = isClaimUsed ? null : old.ClaimUntil,
        }).ConfigureAwait(false);
    }

    private static DateTimeOffset? RenewBefore(HttpContext context)
    {
        if (context.Connection.ClientCertificate is not { } certificate)
            return null;
        TimeSpan life = certificate.NotAfter - certificate.NotBefore;
        TimeSpan ahead = life / 3 < TimeSpan.FromDays(30) ? life / 3 : TimeSpan.FromDays(30);
        return certificate.NotAfter.ToUniversalTime() - ahead;
    }

    private void Acknowledge(GatewayLink link, ulong upTo)
    {
        if (link.Acknowledge(upTo))
            _ = StoreAcknowledgementAsync(link.Gateway, upTo);
    }

    private async Task StoreAcknowledgementAsync(string gateway, ulong upTo)
    {
        try
        {
            await _storage.Instructions.AcknowledgeAsync(gateway, upTo).ConfigureAwait(false);
        }
        catch (StorageException e)
        {
            LogAcknowledgementNotStored(e, gateway);
        }
    }

    /// <summary>Reads and parses the body; false when an error was answered.</summary>
    private async Task<(bool IsRead, T Document)> ReadAsync<T>(HttpContext context, ReadDocument<T> read)
    {
        HttpRequest request = context.Request;
        if (!IsXml(request.ContentType) || request.Headers.ContainsKey("Content-Encoding"))
        {
            await RefuseAsync(context, 415, "media-type", null, "Unsupported media type", "Send application/xml or text/xml in UTF-8, without a content coding.").ConfigureAwait(false);
            return (false, default!);
        }

        if (request.ContentLength > SmaContract.MaxBody)
        {
            if (request.ContentLength > MostRead)
                context.Response.Headers.Connection = "close";
            await RefuseSizeAsync(context).ConfigureAwait(false);
            return (false, default!);
        }

        PipeReader body = request.BodyReader;
        ReadResult result = await ReadAllAsync(body, context.RequestAborted).ConfigureAwait(false);
        if (result.Buffer.Length > SmaContract.MaxBody)
        {
            body.AdvanceTo(result.Buffer.End);
            await RefuseSizeAsync(context).ConfigureAwait(false);
            return (false, default!);
        }

        bool isGood = Parse(result.Buffer, read, out T document, out SmaFault fault);
        body.AdvanceTo(result.Buffer.End);
        if (isGood)
            return (true, document);
        await RefuseAsync(context, 400, fault.Code, null, "Bad document", fault.Text, fault.Line).ConfigureAwait(false);
        return (false, default!);
    }

    private Task RefuseSizeAsync(HttpContext context) => RefuseAsync(context, 413, "too-large", null, "Too large", "A document has at most 256 KiB.");

    private static async ValueTask<ReadResult> ReadAllAsync(PipeReader body, CancellationToken aborted)
    {
        ReadResult result = await body.ReadAsync(aborted).ConfigureAwait(false);
        if (result.IsCompleted)
            return result;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        limit.CancelAfter(s_bodyTime);
        while (!result.IsCompleted)
        {
            body.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            result = await body.ReadAsync(limit.Token).ConfigureAwait(false);
        }

        return result;
    }

    private static bool Parse<T>(in ReadOnlySequence<byte> octets, ReadDocument<T> read, out T document, out SmaFault fault)
    {
        if (octets.IsSingleSegment)
            return read(octets.FirstSpan, out document, out fault);
        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)octets.Length);
        octets.CopyTo(buffer);
        bool isGood = read(buffer.AsSpan(0, (int)octets.Length), out document, out fault);
        ArrayPool<byte>.Shared.Return(buffer);
        return isGood;
    }

    private static bool IsXml(string? contentType)
    {
        if (contentType is null || !System.Net.Http.Headers.MediaTypeHeaderValue.TryParse(contentType, out System.Net.Http.Headers.MediaTypeHeaderValue? type))
            return false;
        return type.MediaType is "application/xml" or "text/xml" && (type.CharSet is null || type.CharSet.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase));
    }
}
