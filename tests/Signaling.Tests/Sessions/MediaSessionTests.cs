using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Sessions;

namespace MediaRelay.Signaling.Tests.Sessions;

/// <summary>A look-in as a table of inputs and effects, and every exit path.</summary>
public sealed class MediaSessionTests
{
    private readonly List<SessionEffect> _effects = [];
    private TimeSpan _now = TimeSpan.FromMinutes(1);

    [Fact]
    public void Offer_gate_request_and_the_home_s_banner_leave_together()
    {
        var session = Start();
        Assert.Equal(["instruct media.offer", "request-gates 203.0.113.9:3478 relayed", "instruct look-in.started", "note LookIn: Olga looks in through camera cam-1 (burglary)."], Said());
        Assert.Equal((SessionState.Offered, GrantState.Requested), (session.State, session.Grant));
    }

    [Fact]
    public void Without_a_relay_gates_wait_for_the_selected_path()
    {
        var session = Start(Request() with { RelayEndpoint = null });
        Assert.DoesNotContain(Said(), e => e.Contains("gates", StringComparison.Ordinal));
        Answer(session);
        Said();
        State(session, "connected", new("198.51.100.3:40000", "192.0.2.8:5000", false));
        Assert.Equal(["request-gates 198.51.100.3:40000 direct", "tell Connected Requested: connected"], Said());
    }

    [Fact]
    public void The_answer_goes_to_the_viewer_at_once_and_does_not_wait_for_the_gate()
    {
        var session = Start();
        Said();
        Answer(session);
        Assert.Equal(["answer v=0"], Said());
        Assert.Equal(SessionState.Connecting, session.State);
    }

    [Fact]
    public void With_RequireGate_the_answer_is_held_until_the_grant()
    {
        var session = Start(limits: new() { RequireGateWithin = TimeSpan.FromSeconds(1) });
        Said();
        Answer(session);
        Assert.Empty(Said());
        session.HandleGrant(GrantState.Committed, "Gates committed.", _now, _effects);
        Assert.Equal(["note Gate: Gates committed.", "tell HeldForGate Committed: Gates committed.", "answer v=0"], Said());
    }

    [Theory]
    [InlineData(GrantState.Refused)]
    [InlineData(null)]
    public void With_RequireGate_a_refusal_or_the_deadline_lets_the_answer_go_and_says_why(GrantState? grant)
    {
        var session = Start(limits: new() { RequireGateWithin = TimeSpan.FromSeconds(1) });
        Answer(session);
        Said();
        if (grant is { } g)
        {
            session.HandleGrant(g, "No capacity.", _now, _effects);
        }
        else
        {
            Advance(session, 1);
        }

        var said = Said();
        Assert.Contains("answer v=0", said);
        Assert.Equal(grant is null ? "tell Connecting Requested: The QoS grant did not come in time; media uses best effort." : "tell Connecting Refused: No capacity.", said[^1]);
    }

    [Fact]
    public void A_direct_path_replaces_the_gates_that_were_asked_for_the_relay()
    {
        var session = Connect();
        State(session, "path", new("198.51.100.3:40000", null, false));
        Assert.Equal(["replace-gates 198.51.100.3:40000 direct", "tell Connected Requested: path"], Said());
        State(session, "path", new("198.51.100.3:40000", null, false));
        Assert.Equal(["tell Connected Requested: path"], Said());
    }

    [Fact]
    public void Gates_are_authorized_with_the_offer_and_committed_when_media_has_its_path()
    {
        var session = Start();
        Assert.False(_effects.OfType<SessionEffect.RequestGates>().Single().Demand.IsCommitted);
        Answer(session);
        Said();
        State(session, "connected", new("203.0.113.9:3478", null, true));
        Assert.True(_effects.OfType<SessionEffect.ReplaceGates>().Single().Demand.IsCommitted);
        Said();
        State(session, "path", new("203.0.113.9:3478", null, true));
        Assert.Equal(["tell Connected Requested: path"], Said());
    }

    [Fact]
    public void With_RequireGate_the_gates_are_committed_at_once()
    {
        Start(limits: new() { RequireGateWithin = TimeSpan.FromSeconds(1) });
        Assert.True(_effects.OfType<SessionEffect.RequestGates>().Single().Demand.IsCommitted);
    }

    [Fact]
    public void Candidates_travel_both_ways_before_and_after_the_answer()
    {
        var session = Start();
        Said();
        session.HandleViewerCandidates([new("candidate:1", "0")], false, _now, _effects);
        session.HandleGatewayCandidates(new MediaBody { Session = "s-1", Candidates = [new("candidate:2", "0")], EndOfCandidates = true }, _effects);
        Assert.Equal(["instruct media.candidate", "candidates 1 end"], Said());
    }

    [Fact]
    public void A_restart_is_offered_to_the_gateway_and_its_answer_goes_back()
    {
        var session = Connect();
        session.HandleViewerRestart("v=0 new", _now, _effects);
        session.HandleAnswer(new MediaBody { Session = "s-1", Sdp = "v=0 again" }, _now, _effects);
        Assert.Equal(["instruct media.offer", "answer v=0 again"], Said());
        Assert.Equal(SessionState.Connected, session.State);
    }

    [Fact]
    public void A_restart_that_the_gateway_refuses_is_an_error_of_its_own_and_media_goes_on()
    {
        var session = Connect();
        session.HandleViewerRestart("v=0 new", _now, _effects);
        session.HandleAnswer(new MediaBody { Session = "s-1", Reason = "refused", Detail = "no port is free" }, _now, _effects);
        Assert.Equal(["instruct media.offer", "refuse-restart 502 gateway-refused: The gateway refused: no port is free."], Said());
        Assert.Equal(SessionState.Connected, session.State);
    }

    [Fact]
    public void A_restart_before_the_first_answer_is_refused_at_once()
    {
        var session = Start();
        Said();
        session.HandleViewerRestart("v=0 new", _now, _effects);
        Assert.StartsWith("refuse-restart 409 restart-early", Assert.Single(Said()), StringComparison.Ordinal);
        Assert.Equal(SessionState.Offered, session.State);
    }

    [Fact]
    public void The_relay_over_TCP_is_another_path_than_the_relay_over_UDP()
    {
        var session = Connect();
        State(session, "path", new("203.0.113.9:3478", null, true));
        Assert.Equal(["tell Connected Requested: path"], Said());
        session.HandleMediaState(new MediaBody { Session = "s-1", State = "path" }, new("203.0.113.9:3478", null, true, true), _now, _effects);
        Assert.True(Assert.IsType<SessionEffect.ReplaceGates>(_effects[0]).Demand.IsTcp);
    }

    [Fact]
    public void Steps_are_bounded_whatever_the_gateway_reports_and_the_end_is_among_them()
    {
        var session = Connect();
        for (var i = 0; i < 1000; i++)
        {
            State(session, "disconnected", null);
        }

        session.HandleViewerGone("bye", _now, _effects);
        Assert.Equal((65, "ended"), (session.Steps.Count, session.Steps[^1].Name));
    }

    public static TheoryData<string, string, string> Exits => new()
    {
        { "viewer", "viewer-gone", "The page was closed." },
        { "right", "right-ended", "The alarm was cancelled." },
        { "lost", "gateway-lost", "The gateway of the home is out of reach." },
        { "failed", "media-failed", "Media could not be connected: dtls." },
        { "ended", "gateway-ended", "The gateway ended the session: camera unplugged." },
        { "limit", "limit", "The session reached its limit of 30 minutes." },
    };

    [Theory]
    [MemberData(nameof(Exits))]
    public void Every_exit_ends_media_releases_gates_and_keeps_the_reason(string exit, string type, string words)
    {
        var session = Connect();
        switch (exit)
        {
            case "viewer": session.HandleViewerGone(words, _now, _effects); break;
            case "right": session.HandleRightEnded(words, _now, _effects); break;
            case "lost": session.HandleGatewayLost(_now, _effects); break;
            case "failed": session.HandleMediaState(new() { Session = "s-1", State = "failed", Reason = "dtls" }, null, _now, _effects); break;
            case "ended": session.HandleMediaState(new() { Session = "s-1", State = "ended", Reason = "camera unplugged" }, null, _now, _effects); break;
            default: Advance(session, 1800); break;
        }

        var seconds = exit == "limit" ? 1800 : 0;
        Assert.Equal(
            ["instruct media.end", "release-gates", "instruct look-in.ended", $"note LookIn: The look-in of Olga ended after {seconds} s: {words}", $"tell Ended Released: {words}", $"end {type}"],
            Said().Where(e => e != "instruct media.candidate"));
        Assert.Equal((type, words), (session.Reason!.Type, session.Reason.Words));
        Assert.Null(session.NextDeadline);
    }

    [Fact]
    public void After_the_end_every_input_is_ignored()
    {
        var session = Connect();
        session.HandleViewerGone("bye", _now, _effects);
        Said();
        Answer(session);
        State(session, "connected", null);
        session.HandleGrant(GrantState.Committed, "late", _now, _effects);
        session.HandleViewerCandidates([], true, _now, _effects);
        session.HandleViewerGone("again", _now, _effects);
        session.HandleDeadline(_now + TimeSpan.FromDays(1), _effects);
        Assert.Empty(Said());
    }

    [Theory]
    [InlineData(8, "gateway-timeout", 504, "The gateway did not answer within 8 s.")]
    public void A_silent_gateway_refuses_the_viewer(int seconds, string type, int status, string words)
    {
        var session = Start();
        Said();
        Advance(session, seconds);
        Assert.Contains($"refuse {status} {type}: {words}", Said());
    }

    [Fact]
    public void A_path_that_never_connects_ends_the_session()
    {
        var session = Start();
        Answer(session);
        Advance(session, 20);
        Assert.Equal("connect-timeout", session.Reason!.Type);
    }

    [Fact]
    public void A_refusing_gateway_is_quoted()
    {
        var session = Start();
        Said();
        session.HandleAnswer(new MediaBody { Session = "s-1", Reason = "camera unknown" }, _now, _effects);
        Assert.Equal("refuse 502 gateway-refused: The gateway refused: camera unknown.", Said()[0]);
    }

    [Fact]
    public void An_offer_that_the_gateway_cannot_use_is_the_viewer_s_to_mend()
    {
        var session = Start();
        Said();
        session.HandleAnswer(new MediaBody { Session = "s-1", Reason = "offer-unsuitable", Detail = "no common format" }, _now, _effects);
        Assert.Equal("refuse 422 offer-unsuitable: The camera cannot be shown with this offer: no common format.", Said()[0]);
        Assert.Equal("offer", session.Reason!.Step);
    }

    [Fact]
    public void The_end_of_the_right_is_the_end_of_the_session()
    {
        var session = Connect(Request() with { RightLasts = TimeSpan.FromSeconds(90) });
        Advance(session, 90);
        Assert.Equal("right-ended", session.Reason!.Type);
    }

    [Fact]
    public void A_running_session_is_refreshed_before_the_gateway_lets_it_go()
    {
        var session = Connect();
        Advance(session, 20);
        Assert.Equal(["instruct media.candidate"], Said());
        Assert.True(session.NextDeadline <= _now + TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void Steps_are_kept_with_their_times()
    {
        var session = Start();
        _now += TimeSpan.FromMilliseconds(120);
        Answer(session);
        _now += TimeSpan.FromMilliseconds(80);
        State(session, "connected", null);
        session.HandleViewerStep("first-frame", _now + TimeSpan.FromMilliseconds(50), _effects);
        Assert.Equal("tell Connected Requested: first-frame", Said()[^1]);
        Assert.Equal(["offered 0", "answered 120", "connected 200", "first-frame 250"], session.Steps.Select(s => $"{s.Name} {s.After.TotalMilliseconds}"));
    }

    private static SessionRequest Request() => new()
    {
        Session = "s-1", Home = "h1", Gateway = "gw-1", Camera = "cam-1", Actor = "Olga", Purpose = "burglary", Offer = "v=0",
        GatewayAddress = "192.0.2.8", RelayEndpoint = "203.0.113.9:3478",
    };

    private MediaSession Start(SessionRequest? request = null, SessionLimits? limits = null) => new(request ?? Request(), limits ?? new(), _now, _effects);

    private MediaSession Connect(SessionRequest? request = null)
    {
        var session = Start(request);
        Answer(session);
        State(session, "connected", null);
        Said();
        return session;
    }

    private void Answer(MediaSession session) => session.HandleAnswer(new MediaBody { Session = "s-1", Sdp = "v=0" }, _now, _effects);

    private void State(MediaSession session, string state, SelectedPath? path) => session.HandleMediaState(new MediaBody { Session = "s-1", State = state }, path, _now, _effects);

    private void Advance(MediaSession session, int seconds)
    {
        var target = _now + TimeSpan.FromSeconds(seconds);
        while (session.NextDeadline is { } next && next <= target)
        {
            _now = next;
            session.HandleDeadline(_now, _effects);
        }

        _now = target;
    }

    private string[] Said()
    {
        var said = _effects.Select(e => e switch
        {
            SessionEffect.Instruct i => $"instruct {i.Kind}",
            SessionEffect.RequestGates g => $"request-gates {g.Demand.FarEndpoint} {(g.Demand.ThroughRelay ? "relayed" : "direct")}",
            SessionEffect.ReplaceGates g => $"replace-gates {g.Demand.FarEndpoint} {(g.Demand.ThroughRelay ? "relayed" : "direct")}",
            SessionEffect.ReleaseGates => "release-gates",
            SessionEffect.AnswerViewer a => $"answer {a.Answer}",
            SessionEffect.RefuseViewer r => $"refuse {r.Failure.Status} {r.Failure.Type}: {r.Failure.Words}",
            SessionEffect.RefuseRestart r => $"refuse-restart {r.Failure.Status} {r.Failure.Type}: {r.Failure.Words}",
            SessionEffect.DeliverCandidates c => $"candidates {c.Candidates.Count}{(c.IsEnd ? " end" : "")}",
            SessionEffect.TellViewer t => $"tell {t.State} {t.Grant}: {t.Words}",
            SessionEffect.Note n => $"note {n.Kind}: {n.Words}",
            SessionEffect.End end => $"end {end.Reason.Type}",
            _ => e.ToString(),
        }).ToArray();
        _effects.Clear();
        return said;
    }
}
