using System.Collections.Concurrent;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.Incidents;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Storage;
using Microsoft.AspNetCore.Http;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>
/// Sends people's instructions to gateways, with the right asked and the audit written first, and hears how they ended. An instruction is
/// never a request with an answer: its result is an event that comes later, so a caller waits only as long as it wants to.
/// </summary>
public sealed class InstructionDesk : IDisposable
{
    private static readonly TimeSpan s_expires = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_handledExpires = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(10);
    private readonly ConcurrentDictionary<string, Waiting> _waiting = new(StringComparer.Ordinal);
    private readonly HomeRecords _homes;
    private readonly GatewayLinks _links;
    private readonly AccessGate _gate;
    private readonly TimeProvider _time;
    private readonly IDisposable _events;

    /// <summary>Prepares the desk; it hears results until disposed.</summary>
    public InstructionDesk(HomeRecords homes, GatewayLinks links, AccessGate gate, TimeProvider time)
    {
        (_homes, _links, _gate, _time) = (homes, links, gate, time);
        _events = links.OnEvents(HandleEvents);
    }

    public void Dispose() => _events.Dispose();

    /// <summary>
    /// Sends and answers 202 at once; with <c>Prefer: wait=SECONDS</c> (RFC 7240) 200 when the home has done it, 409 with its words when it
    /// refused, and 202 when it has not said so in time.
    /// </summary>
    public async Task<IResult> InstructAsync(HttpContext context, HomeAction action, string home, string? camera, string detail, Func<HomeRecord, Instruction> make)
    {
        TimeSpan patience = PatienceOf(context);
        string kind = "";
        (IResult? refusal, string id, ResultBody? result) = await SendAsync(context, action, home, camera, detail, record =>
        {
            Instruction made = make(record);
            kind = made.Kind;
            return made;
        }, patience).ConfigureAwait(false);
        if (refusal is not null)
            return refusal;
        return result is null ? Results.Json(new { instruction = id, kind }, statusCode: StatusCodes.Status202Accepted)
            : result.Outcome == "done" ? Results.Json(new { instruction = id, kind, outcome = result.Outcome, words = result.Text })
            : RefusedByHome(result);
    }

    /// <summary>Sends and waits: a refusal for the asker, or the id and the result, null when none came in time.</summary>
    public async Task<(IResult? Refusal, string Id, ResultBody? Result)> SendAsync(
        HttpContext context, HomeAction action, string home, string? camera, string detail, Func<HomeRecord, Instruction> make, TimeSpan patience)
    {
        AccessDecision decision = await _gate.AskAsync(PortalGuard.ActorOf(context), action, home, camera, PortalGuard.SourceOf(context), detail).ConfigureAwait(false);
        if (!decision.IsAllowed)
            return (Problem.Refused(decision.Reason), "", null);
        if (_homes.Find(home) is not { } record)
            return (Problem.Unknown("There is no such home."), "", null);
        if (_links.Presence(record.Gateway) is not (PresenceState.Connected or PresenceState.Suspect))
            return (Problem.Of(StatusCodes.Status503ServiceUnavailable, "gateway-offline", "The gateway of the home is out of reach; nothing was sent."), "", null);
        DateTimeOffset now = _time.GetUtcNow();
        Instruction instruction = make(record) with { Id = $"es-{Guid.NewGuid():N}", Time = now, Expires = now + s_expires };
        var waiting = new Waiting(record.Gateway, new TaskCompletionSource<ResultBody>(TaskCreationOptions.RunContinuationsAsynchronously));
        if (patience > TimeSpan.Zero)
            _waiting[instruction.Id] = waiting;
        try
        {
            await _links.SendAsync(record.Gateway, instruction).ConfigureAwait(false);
            if (patience <= TimeSpan.Zero)
                return (null, instruction.Id, null);
            Task first = await Task.WhenAny(waiting.Result.Task, Task.Delay(patience, _time, context.RequestAborted)).ConfigureAwait(false);
            return (null, instruction.Id, first == waiting.Result.Task ? await waiting.Result.Task.ConfigureAwait(false) : null);
        }
        catch (ArgumentException e)
        {
            return (Problem.Invalid(e.Message), instruction.Id, null);
        }
        catch (StorageException e) when (e.IsQueueFull)
        {
            return (Problem.Of(StatusCodes.Status503ServiceUnavailable, "queue-full", e.Message), instruction.Id, null);
        }
        catch (StorageException)
        {
            return (Problem.Of(StatusCodes.Status503ServiceUnavailable, "storage", "The instruction could not be stored; nothing was sent."), instruction.Id, null);
        }
        finally
        {
            _waiting.TryRemove(instruction.Id, out _);
        }
    }

    /// <summary>Tells the home that an operator works its alarm; nobody waits for it, and a home out of reach is told when it returns in time.</summary>
    public void TellHandled(Incident incident)
    {
        string? alarm = incident.Entries.FirstOrDefault(entry => entry is { Kind: IncidentEntryKind.Alarm, Reference: not null })?.Reference;
        if (alarm is not null && _homes.Find(incident.Home) is { Gateway.Length: > 0 } home)
            _ = TellAsync(home.Gateway, new Instruction { Id = $"es-{Guid.NewGuid():N}", Time = _time.GetUtcNow(), Expires = _time.GetUtcNow() + s_handledExpires, Kind = InstructionKinds.EventHandled, Cause = alarm });
    }

    private async Task TellAsync(string gateway, Instruction instruction)
    {
        try
        {
            await _links.SendAsync(gateway, instruction).ConfigureAwait(false);
        }
        catch (StorageException)
        {
            // The claim stands without it; that storage refuses is said by those who need it.
        }
    }

    /// <summary>The home's own words as a problem.</summary>
    public static IResult RefusedByHome(ResultBody result) =>
        Problem.Of(StatusCodes.Status409Conflict, "refused-by-home", result.Text.Length > 0 ? result.Text : $"The home did not do it ({result.Outcome}).");

    /// <summary>The gateway said nothing in time.</summary>
    public static IResult Unanswered() =>
        Problem.Of(StatusCodes.Status504GatewayTimeout, "gateway-timeout", "The home did not answer in time; the order lapses after 30 s. Look at the timeline.");

    private static TimeSpan PatienceOf(HttpContext context)
    {
        foreach (string? preference in context.Request.Headers["Prefer"])
        {
            if (preference?.StartsWith("wait=", StringComparison.OrdinalIgnoreCase) == true && int.TryParse(preference.AsSpan(5), System.Globalization.CultureInfo.InvariantCulture, out int seconds))
                return TimeSpan.FromSeconds(Math.Clamp(seconds, 0, s_longest.TotalSeconds));
        }

        return TimeSpan.Zero;
    }

    private void HandleEvents(IReadOnlyList<StoredEvent> stored)
    {
        foreach (StoredEvent one in stored)
        {
            if (one.Event is { Kind: SmaEventKinds.InstructionResult, Cause: { } cause, Body: ResultBody result } && _waiting.TryGetValue(cause, out Waiting? waiting) && waiting.Gateway == one.Gateway)
                waiting.Result.TrySetResult(result);
        }
    }

    private sealed record Waiting(string Gateway, TaskCompletionSource<ResultBody> Result);
}
