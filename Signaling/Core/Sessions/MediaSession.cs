using System.Globalization;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.Incidents;

namespace MediaRelay.Signaling.Sessions;

/// <summary>
/// One look-in or two-way talk, from the allowed request to the end on every path. Answer, late candidate, gate result, time-out, hang-up and
/// lost gateway are inputs in whatever order they come. Every exit gives the same effects: media.end, gates deleted, viewer and home told, reason kept.
/// </summary>
/// <remarks>
/// <code>
///              answer                      media.state connected
///  Offered ------------&gt; Connecting ----------------------------&gt; Connected
///     |  \ RequireGate       ^                                        |
///     |   -&gt; HeldForGate ----+ committed, refused or too late         |
///     +--------- time-out, refusal, hang-up, right ended, gateway lost, limit ---------&gt; Ended
/// </code>
/// The object has one owner (a mailbox); time is monotonic.
/// </remarks>
public sealed class MediaSession
{
    private const int MaxSteps = 64;
    private readonly SessionRequest _request;
    private readonly SessionLimits _limits;
    private readonly List<SessionStep> _steps = [];
    private readonly TimeSpan _started;
    private readonly TimeSpan _end;
    private TimeSpan? _deadline;
    private TimeSpan _refreshAt;
    private string? _answer;
    private string _path;
    private bool _isTcp;
    private bool _isCommitted;

    /// <summary>Starts the session: the offer and the gate request leave together.</summary>
    public MediaSession(SessionRequest request, SessionLimits limits, TimeSpan now, List<SessionEffect> effects)
    {
        _request = request;
        _limits = limits;
        _started = now;
        _path = request.RelayEndpoint ?? "";
        // Gates are committed with the path that media takes; when media has to wait for them, that is before there is one.
        _isCommitted = limits.RequireGateWithin is not null;
        var longest = request.RightLasts is { } right && right < limits.MaxDuration ? right : limits.MaxDuration;
        _end = now + longest;
        _deadline = now + limits.AnswerWithin;
        _refreshAt = now + (limits.TimeToLive / 3);
        effects.Add(new SessionEffect.Instruct(InstructionKinds.MediaOffer, Offer(request.Offer), limits.AnswerWithin));
        if (request is { WantsGates: true, RelayEndpoint: { } relay })
        {
            Grant = GrantState.Requested;
            effects.Add(new SessionEffect.RequestGates(Demand(relay, null, throughRelay: true)));
        }

        if (!request.IsSilent)
        {
            effects.Add(new SessionEffect.Instruct(InstructionKinds.LookInStarted, new LookInBody(request.Session, request.Actor, request.Purpose, [request.Camera]), limits.AnswerWithin));
        }

        effects.Add(new SessionEffect.Note(IncidentEntryKind.LookIn, $"{request.Actor} looks in through camera {request.Camera}{(request.Purpose is null ? "" : $" ({request.Purpose})")}."));
        Step("offered", now);
    }

    /// <summary>The request that started it.</summary>
    public SessionRequest Request => _request;

    /// <summary>Where it stands.</summary>
    public SessionState State { get; private set; } = SessionState.Offered;

    /// <summary>State of the QoS grant.</summary>
    public GrantState Grant { get; private set; }

    /// <summary>Why it ended, once it has.</summary>
    public SessionFailure? Reason { get; private set; }

    /// <summary>The path that the gateway reported last; null before the first report.</summary>
    public SelectedPath? Path { get; private set; }

    /// <summary>Steps reached so far, with their times since the request.</summary>
    public IReadOnlyList<SessionStep> Steps => _steps;

    /// <summary>When to call <see cref="HandleDeadline"/> again.</summary>
    public TimeSpan? NextDeadline => State == SessionState.Ended ? null : Min(Min(_deadline, _end), _refreshAt);

    /// <summary>The gateway answered.</summary>
    public void HandleAnswer(MediaBody answer, TimeSpan now, List<SessionEffect> effects)
    {
        if (State == SessionState.Ended)
        {
            return;
        }

        if (answer.Sdp is not { Length: > 0 } sdp)
        {
            var why = answer.Detail ?? answer.Reason ?? "it gave no reason";
            var refusal = answer.Reason == MediaBody.OfferUnsuitable
                ? new SessionFailure(answer.Reason, 422, "offer", $"The camera cannot be shown with this offer: {why}.")
                : new SessionFailure("gateway-refused", 502, "answer", $"The gateway refused: {why}.");
            if (State == SessionState.Offered)
            {
                Finish(refusal, now, effects);
            }
            else
            {
                // RFC 9725 section 4.3.3: a restart that fails is an error of its own, media goes on.
                effects.Add(new SessionEffect.RefuseRestart(refusal with { Step = "restart" }));
            }

            return;
        }

        if (State != SessionState.Offered)
        {
            // A second answer belongs to an ICE restart: the viewer gets it, nothing else changes.
            _answer = sdp;
            effects.Add(new SessionEffect.AnswerViewer(sdp));
            return;
        }

        _answer = sdp;
        Step("answered", now);
        if (_limits.RequireGateWithin is { } hold && Grant is GrantState.Requested or GrantState.Authorized)
        {
            State = SessionState.HeldForGate;
            _deadline = now + hold;
            return;
        }

        Release(now, effects);
    }

    /// <summary>Candidates of the gateway that came after its answer.</summary>
    public void HandleGatewayCandidates(MediaBody body, List<SessionEffect> effects)
    {
        if (State != SessionState.Ended && (body.Candidates.Count > 0 || body.EndOfCandidates == true))
        {
            effects.Add(new SessionEffect.DeliverCandidates(body.Candidates, body.EndOfCandidates == true));
        }
    }

    /// <summary>Candidates of the viewer (WHEP PATCH).</summary>
    public void HandleViewerCandidates(IReadOnlyList<MediaCandidate> candidates, bool isEnd, TimeSpan now, List<SessionEffect> effects)
    {
        if (State == SessionState.Ended)
        {
            return;
        }

        _refreshAt = now + (_limits.TimeToLive / 3);
        effects.Add(new SessionEffect.Instruct(
            InstructionKinds.MediaCandidate,
            new MediaBody { Session = _request.Session, Camera = _request.Camera, Candidates = candidates, EndOfCandidates = isEnd ? true : null, TimeToLive = _limits.TimeToLive },
            _limits.AnswerWithin));
    }

    /// <summary>The viewer restarts ICE with a new offer; the gateway's answer goes back to the viewer.</summary>
    public void HandleViewerRestart(string offer, TimeSpan now, List<SessionEffect> effects)
    {
        if (State is SessionState.Connecting or SessionState.Connected)
        {
            Step("restart", now);
            effects.Add(new SessionEffect.Instruct(InstructionKinds.MediaOffer, Offer(offer), _limits.AnswerWithin));
        }
        else
        {
            effects.Add(new SessionEffect.RefuseRestart(new("restart-early", 409, "restart", "ICE cannot be restarted before the first answer and not after the end.")));
        }
    }

    /// <summary>What the gateway reports of its media: <c>connecting</c>, <c>ice</c>, <c>connected</c>, <c>first-packet</c>, <c>failed</c>, <c>ended</c>.</summary>
    /// <param name="body">The report; its reason says why when it failed.</param>
    /// <param name="pair">Far and near endpoint of the selected pair and whether it is relayed, when the report names one.</param>
    /// <param name="now">Monotonic time.</param>
    /// <param name="effects">What follows.</param>
    public void HandleMediaState(MediaBody body, SelectedPath? pair, TimeSpan now, List<SessionEffect> effects)
    {
        if (State == SessionState.Ended)
        {
            return;
        }

        switch (body.State)
        {
            case "failed":
                Finish(new("media-failed", 504, "connect", $"Media could not be connected: {body.Detail ?? body.Reason ?? "no path was found"}."), now, effects);
                return;
            case "ended":
                Finish(new("gateway-ended", 410, "media", $"The gateway ended the session: {body.Detail ?? body.Reason ?? "no reason given"}."), now, effects);
                return;
            case "connected" when State == SessionState.Connecting:
                State = SessionState.Connected;
                _deadline = null;
                Step("connected", now);
                break;
            case { Length: > 0 } state when state is not "connected":
                Step(state, now);
                break;
        }

        if (pair is { FarEndpoint.Length: > 0 } known)
        {
            Path = known;
        }

        if (pair is { FarEndpoint.Length: > 0 } found && (found.FarEndpoint, found.IsTcp) != (_path, _isTcp))
        {
            (_path, _isTcp) = (found.FarEndpoint, found.IsTcp);
            AskForPath(found, effects);
        }
        else if (State == SessionState.Connected && !_isCommitted)
        {
            AskForPath(pair is { FarEndpoint.Length: > 0 } same ? same : new SelectedPath(_path, null, true), effects);
        }

        effects.Add(new SessionEffect.TellViewer(State, Grant, body.State ?? ""));
    }

    /// <summary>A step that the viewer reached, e.g. <c>first-frame</c>.</summary>
    public void HandleViewerStep(string step, TimeSpan now, List<SessionEffect> effects)
    {
        if (State != SessionState.Ended)
        {
            Step(step, now);
            effects.Add(new SessionEffect.TellViewer(State, Grant, step));
        }
    }

    /// <summary>The grant of the session changed.</summary>
    public void HandleGrant(GrantState grant, string words, TimeSpan now, List<SessionEffect> effects)
    {
        if (State == SessionState.Ended || Grant == grant)
        {
            return;
        }

        Grant = grant;
        if (grant == GrantState.Committed)
        {
            Step("gate", now);
        }

        effects.Add(new SessionEffect.Note(IncidentEntryKind.Gate, words));
        effects.Add(new SessionEffect.TellViewer(State, grant, words));
        if (State == SessionState.HeldForGate && grant is GrantState.Committed or GrantState.Refused or GrantState.Lost)
        {
            Release(now, effects, grant == GrantState.Committed ? null : words);
        }
    }

    /// <summary>The viewer hung up, closed the page, or was lost.</summary>
    public void HandleViewerGone(string words, TimeSpan now, List<SessionEffect> effects) =>
        Finish(new("viewer-gone", 410, "viewer", words), now, effects);

    /// <summary>The right to look in ended while media ran.</summary>
    public void HandleRightEnded(string words, TimeSpan now, List<SessionEffect> effects) =>
        Finish(new("right-ended", 403, "access", words), now, effects);

    /// <summary>The gateway is out of reach.</summary>
    public void HandleGatewayLost(TimeSpan now, List<SessionEffect> effects) =>
        Finish(new("gateway-lost", 504, "gateway", "The gateway of the home is out of reach."), now, effects);

    /// <summary>The instruction could not be carried out, e.g. the camera is unknown.</summary>
    public void HandleRefusal(string words, TimeSpan now, List<SessionEffect> effects) =>
        Finish(new("gateway-refused", 502, "answer", $"The gateway refused: {words}"), now, effects);

    /// <summary>Does everything that is due; calls in between change nothing.</summary>
    public void HandleDeadline(TimeSpan now, List<SessionEffect> effects)
    {
        if (State == SessionState.Ended)
        {
            return;
        }

        if (now >= _end)
        {
            Finish(
                _request.RightLasts is { } right && right < _limits.MaxDuration
                    ? new("right-ended", 403, "access", "The right to look in ended.")
                    : new("limit", 410, "limit", string.Create(CultureInfo.InvariantCulture, $"The session reached its limit of {_limits.MaxDuration.TotalMinutes:0} minutes.")),
                now, effects);
            return;
        }

        if (_deadline is { } deadline && now >= deadline)
        {
            switch (State)
            {
                case SessionState.Offered:
                    Finish(new("gateway-timeout", 504, "answer", string.Create(CultureInfo.InvariantCulture, $"The gateway did not answer within {_limits.AnswerWithin.TotalSeconds:0} s.")), now, effects);
                    return;
                case SessionState.HeldForGate:
                    Release(now, effects, "The QoS grant did not come in time; media uses best effort.");
                    break;
                default:
                    Finish(new("connect-timeout", 504, "connect", string.Create(CultureInfo.InvariantCulture, $"No media path was found within {_limits.ConnectWithin.TotalSeconds:0} s.")), now, effects);
                    return;
            }
        }

        if (now >= _refreshAt)
        {
            HandleViewerCandidates([], isEnd: false, now, effects);
        }
    }

    private void Release(TimeSpan now, List<SessionEffect> effects, string? why = null)
    {
        State = SessionState.Connecting;
        _deadline = now + _limits.ConnectWithin;
        effects.Add(new SessionEffect.AnswerViewer(_answer!));
        if (why is not null)
        {
            effects.Add(new SessionEffect.TellViewer(State, Grant, why));
        }
    }

    private void Finish(SessionFailure reason, TimeSpan now, List<SessionEffect> effects)
    {
        if (State == SessionState.Ended)
        {
            return;
        }

        var waiting = State is SessionState.Offered or SessionState.HeldForGate;
        State = SessionState.Ended;
        Reason = reason;
        _deadline = null;
        Step("ended", now);
        if (waiting)
        {
            effects.Add(new SessionEffect.RefuseViewer(reason));
        }

        effects.Add(new SessionEffect.Instruct(InstructionKinds.MediaEnd, new MediaBody { Session = _request.Session, Camera = _request.Camera, Reason = reason.Type }, TimeSpan.FromMinutes(1)));
        if (Grant is not GrantState.None)
        {
            Grant = GrantState.Released;
            effects.Add(new SessionEffect.ReleaseGates());
        }

        if (!_request.IsSilent)
        {
            effects.Add(new SessionEffect.Instruct(InstructionKinds.LookInEnded, new LookInBody(_request.Session, _request.Actor, _request.Purpose, [_request.Camera]), TimeSpan.FromMinutes(10)));
        }

        effects.Add(new SessionEffect.Note(IncidentEntryKind.LookIn, string.Create(CultureInfo.InvariantCulture, $"The look-in of {_request.Actor} ended after {(now - _started).TotalSeconds:0} s: {reason.Words}")));
        effects.Add(new SessionEffect.TellViewer(State, Grant, reason.Words));
        effects.Add(new SessionEffect.End(reason));
    }

    /// <summary>Commits the gates on the path that media takes: new ones, or those that were asked for in advance.</summary>
    private void AskForPath(SelectedPath path, List<SessionEffect> effects)
    {
        if (!_request.WantsGates || path.FarEndpoint.Length == 0)
        {
            return;
        }

        var had = Grant;
        _isCommitted = true;
        Grant = had is GrantState.None or GrantState.Refused or GrantState.Lost ? GrantState.Requested : had;
        var demand = Demand(path.FarEndpoint, path.NearEndpoint, path.IsRelayed);
        effects.Add(had == GrantState.None ? new SessionEffect.RequestGates(demand) : new SessionEffect.ReplaceGates(demand));
    }

    private MediaBody Offer(string sdp) => new()
    {
        Session = _request.Session,
        Camera = _request.Camera,
        Sdp = sdp,
        TimeToLive = _limits.TimeToLive,
        Relays = _request.Relays,
    };

    private GateDemand Demand(string far, string? near, bool throughRelay) =>
        new(_request.Session, _request.Offer, _answer, _request.GatewayAddress, far, near, throughRelay, _request.IsAlarm) { IsTcp = _isTcp, IsCommitted = _isCommitted };

    /// <summary>Viewer and gateway name steps as often as they like; the end always finds room.</summary>
    private void Step(string name, TimeSpan now)
    {
        if (_steps.Count < MaxSteps || State == SessionState.Ended)
        {
            _steps.Add(new(name, now - _started));
        }
    }

    private static TimeSpan Min(TimeSpan? left, TimeSpan right) => left is { } l && l < right ? l : right;
}
