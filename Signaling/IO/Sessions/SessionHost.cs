using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.Incidents;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.Sessions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Signaling.IO.Sessions;

/// <summary>
/// All look-ins of this node: hands events of gateways, gates and viewers to the mailbox of their session, carries out effects, and asks the
/// access policy again when a right was taken away and every second, so that a right that ends cuts the picture.
/// </summary>
public sealed partial class SessionHost : BackgroundService
{
    private static readonly TimeSpan s_check = TimeSpan.FromSeconds(1);
    private static readonly ActivitySource s_traces = new("MediaRelay.Signaling.IO");

    private readonly ConcurrentDictionary<string, SessionMailbox> _sessions = new(StringComparer.Ordinal);
    private readonly GatewayLinks _links;
    private readonly AccessGate _gate;
    private readonly HomeKeeper _keeper;
    private readonly LookInLog _log;
    private readonly PortalSessions _logins;
    private readonly HomeRecords _homes;
    private readonly ISessionGates? _gates;
    private readonly SignalingOptions _options;
    private readonly SessionMetrics _metrics;
    private readonly MonotonicClock _clock;
    private readonly ILogger<SessionHost> _logger;
    private readonly IDisposable _events;

    internal SessionHost(
        GatewayLinks links, AccessGate gate, HomeKeeper keeper, LookInLog log, PortalSessions logins, HomeRecords homes, ISessionGates? gates, SignalingOptions options, SessionMetrics metrics, TimeProvider time, ILogger<SessionHost> logger)
    {
        (_links, _gate, _keeper, _log, _logins, _homes, _gates, _options, _metrics, _logger) = (links, gate, keeper, log, logins, homes, gates, options, metrics, logger);
        _clock = new MonotonicClock(time);
        _events = links.OnEvents(HandleEvents);
        homes.RightsChanged += CheckHome;
        logins.Ended += CheckPerson;
        metrics.Observe(() => _sessions.Count);
        if (gates is not null)
            gates.GrantChanged += HandleGrant;
    }

    /// <summary>Sessions that run now.</summary>
    public int Count => _sessions.Count;

    /// <summary>Whether gates are asked for.</summary>
    public bool HasGates => _gates is not null;

    internal int CountOf(string home) => _sessions.Values.Count(s => s.Session.Request.Home == home);

    internal SessionMailbox? Find(string session) => _sessions.GetValueOrDefault(session);

    /// <summary>Starts a look-in that has been allowed and audited.</summary>
    internal SessionMailbox Start(SessionRequest request, SessionOwner owner)
    {
        var limits = new SessionLimits
        {
            AnswerWithin = _options.AnswerWithin,
            MaxDuration = _options.MaxSession,
            RequireGateWithin = _gates?.HoldFor,
        };
        var mailbox = new SessionMailbox(request, limits, owner, _clock, CarryOutAsync, _logger);
        _sessions[request.Session] = mailbox;
        LogStarted(request.Session, owner.Actor.Id, request.Home, request.Camera);
        mailbox.Start();
        return mailbox;
    }

    /// <summary>The viewer speaks: the home owner's log and the incident say so.</summary>
    internal async Task NoteTalkAsync(SessionMailbox mailbox)
    {
        SessionRequest request = mailbox.Session.Request;
        if (_log.Find(request.Session) is not { Talked: false } entry)
            return;
        await _log.SaveAsync(entry with { Talked = true }).ConfigureAwait(false);
        if (request.Incident is { } incident)
            await _keeper.AddAsync(incident, new IncidentEntry(_clock.UtcNow, IncidentEntryKind.LookIn, request.Actor, $"{request.Actor} speaks through camera {request.Camera}.", request.Session)).ConfigureAwait(false);
    }

    public override void Dispose()
    {
        _events.Dispose();
        _homes.RightsChanged -= CheckHome;
        _logins.Ended -= CheckPerson;
        if (_gates is not null)
            _gates.GrantChanged -= HandleGrant;
        base.Dispose();
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        foreach (SessionMailbox mailbox in _sessions.Values)
            mailbox.Post((session, now, effects) => session.HandleViewerGone("The server stops.", now, effects));
        await Task.WhenAny(Task.WhenAll(_sessions.Values.Select(s => s.Running)), Task.Delay(TimeSpan.FromSeconds(3), cancellationToken)).ConfigureAwait(false);
        await base.StopAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await _log.CloseOrphansAsync(_clock.UtcNow).ConfigureAwait(false);
        while (!stoppingToken.IsCancellationRequested)
        {
            await Task.Delay(s_check, _clock.Provider, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (SessionMailbox mailbox in _sessions.Values)
                CheckRight(mailbox);
        }
    }

    private void CheckHome(string home)
    {
        foreach (SessionMailbox mailbox in _sessions.Values.Where(s => s.Session.Request.Home == home))
            CheckRight(mailbox);
    }

    private void CheckPerson(PortalSession login)
    {
        foreach (SessionMailbox mailbox in _sessions.Values.Where(s => s.Owner.Actor.Id == login.User.Id))
            CheckRight(mailbox);
    }

    private void CheckRight(SessionMailbox mailbox)
    {
        SessionRequest request = mailbox.Session.Request;
        SessionOwner owner = mailbox.Owner;
        AccessDecision decision, talk;
        bool isLoggedIn;
        try
        {
            decision = _gate.Peek(owner.Actor, HomeAction.LookIn, request.Home, request.Camera);
            talk = owner.MayTalk ? _gate.Peek(owner.Actor, HomeAction.Talk, request.Home, request.Camera) : decision;
            isLoggedIn = owner.Login is not { } login || _logins.IsAlive(login);
        }
        catch (StorageException)
        {
            // Whoever changed a right must not fail because of it, nor the node; the next second asks again, and health says what storage has.
            return;
        }

        if (!decision.IsAllowed)
            mailbox.Post((session, now, effects) => session.HandleRightEnded($"The right to look in ended. {decision.Reason}", now, effects));
        else if (!isLoggedIn)
            mailbox.Post((session, now, effects) => session.HandleRightEnded("The viewer was logged out.", now, effects));
        else if (!talk.IsAllowed)
            mailbox.Post((session, now, effects) => session.HandleRightEnded($"The right to speak ended. {talk.Reason}", now, effects));
        else if (owner.Login is { } login)
            // Whoever watches is there, for as long as one look-in may last.
            _logins.Touch(login);
    }

    private void HandleEvents(IReadOnlyList<StoredEvent> stored)
    {
        foreach (StoredEvent one in stored)
        {
            if (one.Event.Kind is SmaEventKinds.GatewayLost or SmaEventKinds.GatewaySuspect)
            {
                foreach (SessionMailbox mailbox in _sessions.Values.Where(s => s.Session.Request.Gateway == one.Gateway))
                    mailbox.Post((session, now, effects) => session.HandleGatewayLost(now, effects));
            }
            else if (one.Event.Body is MediaBody media && _sessions.TryGetValue(media.Session, out SessionMailbox? mailbox) && mailbox.Session.Request.Gateway == one.Gateway)
            {
                HandleMedia(mailbox, one.Event.Kind, media);
            }
        }
    }

    private static void HandleMedia(SessionMailbox mailbox, string kind, MediaBody media)
    {
        switch (kind)
        {
            case SmaEventKinds.MediaAnswer:
                MediaBody answer = media.Sdp is { } sdp ? media with { Sdp = SdpCandidates.Insert(sdp, media.Candidates, media.EndOfCandidates == true) } : media;
                mailbox.Post((session, now, effects) => session.HandleAnswer(answer, now, effects));
                break;
            case SmaEventKinds.MediaCandidate:
                mailbox.Post((session, now, effects) => session.HandleGatewayCandidates(media, effects));
                break;
            case SmaEventKinds.MediaState or SmaEventKinds.MediaEnd:
                SelectedPath? path = PathReport.Read(media.Path, out IReadOnlyDictionary<string, double> steps);
                mailbox.Post((session, now, effects) =>
                {
                    session.HandleMediaState(kind == SmaEventKinds.MediaEnd ? media with { State = "ended" } : media, path, now, effects);
                    if (steps.Count == 0)
                        return;
                    mailbox.GatewaySteps = steps;
                    mailbox.Notices.Add("gatewaySteps", new { steps });
                });
                break;
        }
    }

    private void HandleGrant(string session, GrantState grant, string words)
    {
        if (_sessions.TryGetValue(session, out SessionMailbox? mailbox))
            mailbox.Post((s, now, effects) => s.HandleGrant(grant, words, now, effects));
    }

    private async Task CarryOutAsync(SessionMailbox mailbox, SessionEffect effect)
    {
        SessionRequest request = mailbox.Session.Request;
        switch (effect)
        {
            case SessionEffect.Instruct instruct:
                await InstructAsync(request, instruct).ConfigureAwait(false);
                break;
            case SessionEffect.RequestGates gates when _gates is not null:
                await _gates.RequestAsync(gates.Demand).ConfigureAwait(false);
                break;
            case SessionEffect.ReplaceGates gates when _gates is not null:
                await _gates.ReplaceAsync(gates.Demand).ConfigureAwait(false);
                break;
            case SessionEffect.ReleaseGates when _gates is not null:
                await _gates.ReleaseAsync(request.Session).ConfigureAwait(false);
                break;
            case SessionEffect.AnswerViewer answer:
                mailbox.Settle(new SessionOutcome(answer.Answer, null));
                break;
            case SessionEffect.RefuseViewer refuse:
                mailbox.Settle(new SessionOutcome(null, refuse.Failure));
                break;
            case SessionEffect.RefuseRestart refuse:
                mailbox.Settle(new SessionOutcome(null, refuse.Failure));
                break;
            case SessionEffect.DeliverCandidates deliver:
                mailbox.Notices.Add("candidates", new { candidates = deliver.Candidates.Select(c => new { candidate = c.Text, sdpMid = c.Mid ?? "0" }), end = deliver.IsEnd });
                break;
            case SessionEffect.TellViewer tell:
                mailbox.Notices.Add("state", new { state = tell.State, grant = tell.Grant, words = tell.Words, steps = mailbox.Session.Steps.Select(s => new { name = s.Name, afterMs = s.After.TotalMilliseconds }) });
                await SaveAsync(mailbox, null).ConfigureAwait(false);
                break;
            case SessionEffect.Note note:
                if (note.Kind == IncidentEntryKind.Gate)
                    mailbox.GateNotes.Add(string.Create(CultureInfo.InvariantCulture, $"{(_clock.Now - mailbox.Started).TotalMilliseconds:0} {note.Words}"));
                if (request.Incident is { } incident)
                    await _keeper.AddAsync(incident, new IncidentEntry(_clock.UtcNow, note.Kind, request.Actor, note.Words, request.Session)).ConfigureAwait(false);
                await SaveAsync(mailbox, null).ConfigureAwait(false);
                break;
            case SessionEffect.End end:
                await EndAsync(mailbox, end.Reason).ConfigureAwait(false);
                break;
        }
    }

    private async Task InstructAsync(SessionRequest request, SessionEffect.Instruct instruct)
    {
        DateTimeOffset now = _clock.UtcNow;
        await _links.SendAsync(request.Gateway, new Instruction
        {
            Id = $"es-{Guid.NewGuid():N}", Time = now, Expires = now + instruct.Expires, Kind = instruct.Kind, Body = instruct.Body,
        }).ConfigureAwait(false);
    }

    private async Task EndAsync(SessionMailbox mailbox, SessionFailure reason)
    {
        SessionRequest request = mailbox.Session.Request;
        _sessions.TryRemove(request.Session, out _);
        mailbox.Notices.Add("end", new { type = reason.Type, words = reason.Words });
        _metrics.Count(mailbox.Session, mailbox.GatewaySteps, reason);
        DateTimeOffset began = _clock.UtcNow - (_clock.Now - mailbox.Started);
        using (Activity? trace = s_traces.StartActivity("look-in", ActivityKind.Server, default(ActivityContext), startTime: began))
        {
            trace?.SetTag("session", request.Session).SetTag("home", request.Home).SetTag("camera", request.Camera).SetTag("reason", reason.Type).SetTag("path", mailbox.Session.Path is { } p ? PathReport.Words(p) : "none");
            foreach (SessionStep step in mailbox.Session.Steps)
                trace?.AddEvent(new ActivityEvent(step.Name, began + step.After, new ActivityTagsCollection { ["after_ms"] = step.After.TotalMilliseconds }));
        }

        await SaveAsync(mailbox, reason.Words).ConfigureAwait(false);
        LogEnded(request.Session, reason.Words);
    }

    private Task SaveAsync(SessionMailbox mailbox, string? ended)
    {
        SessionRequest request = mailbox.Session.Request;
        LookInEntry? known = _log.Find(request.Session);
        return _log.SaveAsync((known ?? new LookInEntry
        {
            Session = request.Session, Home = request.Home, Actor = request.Actor, Role = mailbox.Owner.Actor.Role, Camera = request.Camera, Purpose = request.Purpose,
            Incident = request.Incident, Grant = mailbox.Owner.Grant, From = _clock.UtcNow,
        }) with
        {
            To = ended is null ? known?.To : _clock.UtcNow,
            Reason = ended ?? known?.Reason,
            Gate = mailbox.Session.Grant.ToString(),
            GateNotes = [.. mailbox.GateNotes],
            GatewaySteps = mailbox.GatewaySteps,
            Path = mailbox.Session.Path is { } path ? PathReport.Words(path) : null,
            Steps = mailbox.Session.Steps.GroupBy(s => s.Name).ToDictionary(g => g.Key, g => Math.Round(g.First().After.TotalMilliseconds, 1)),
        });
    }

    [LoggerMessage(4710, LogLevel.Information, "Media session {Session} started: {Actor} looks into {Home} through camera {Camera}.")]
    private partial void LogStarted(string session, string actor, string home, string camera);

    [LoggerMessage(4711, LogLevel.Information, "Media session {Session} ended: {Reason}")]
    private partial void LogEnded(string session, string reason);
}
