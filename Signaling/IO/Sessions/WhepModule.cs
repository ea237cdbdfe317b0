using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using MediaRelay.Media.Sdp;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.Incidents;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Signaling.IO.Storage;
using MediaRelay.Signaling.Sessions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MediaRelay.Signaling.IO.Sessions;

/// <summary>WHEP: any player looks in with one POST. Our portal is only one of them.</summary>
internal sealed class WhepModule(SessionHost sessions, RelayDirectory relays, AccessGate gate, HomeRecords homes, GatewayLinks links, PortalSessions logins, SessionReservations names, SignalingOptions options) : IPortalModule
{
    /// <summary>Name of the policy for pages of other origins.</summary>
    public const string CorsPolicy = "whep";

    private static readonly TimeSpan s_grace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan s_reconnect = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan s_restart = TimeSpan.FromSeconds(8);

    public void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder whep = routes.MapGroup("/whep");
        if (options.WhepOrigins.Count > 0)
            whep.RequireCors(CorsPolicy);
        whep.MapGet("/ice-servers", (HttpContext c) =>
        {
            Actor actor = PortalGuard.ActorOf(c);
            string session = names.Reserve(actor.Id);
            return Results.Json(new { session, iceServers = ViewerServers(actor, session, []) });
        }).WithSummary("Servers and credentials for a viewer's agent, and the name of the session that they are for: give it back as ?session=.");
        RouteGroupBuilder camera = whep.MapGroup("/{home}/{camera}");
        camera.MapPost("", OfferAsync).WithSummary("Look in: an offer (application/sdp) in, an answer out.");
        camera.MapMethods("", ["OPTIONS"], Options).WithSummary("What is accepted, and the servers for ICE.");
        camera.MapMethods("/{session}", ["PATCH"], PatchAsync).WithSummary("Candidates, or an ICE restart.");
        camera.MapDelete("/{session}", EndAsync).WithSummary("Hang up.");
        PortalGuard.IsNoUse(camera.MapGet("/{session}/events", (HttpContext c, string session, CancellationToken stop) =>
            Own(c, session, out SessionMailbox? mailbox) ?? TypedResults.ServerSentEvents(StreamAsync(mailbox!, stop)))).WithSummary("State, grant, late candidates and steps; its end is the end of the look-in.");
        camera.MapPost("/{session}/steps", (HttpContext c, string session, StepRequest request) => Own(c, session, out SessionMailbox? mailbox) ?? Step(mailbox!, request.Name)).WithSummary("A step that the viewer reached.");
        camera.MapPost("/{session}/talk", (HttpContext c, string session, TalkRequest request) => TalkAsync(c, session, request)).WithSummary("The viewer starts or stops to speak; audited.");
    }

    private async Task<IResult> OfferAsync(HttpContext context, string home, string camera, string? incident, string? purpose, string? session)
    {
        if (!WhepText.IsOf(context.Request, WhepText.Sdp))
            return Problem.Of(StatusCodes.Status415UnsupportedMediaType, "offer-invalid", "Send the offer as application/sdp.", "offer");
        if (!WhepText.IsAccepted(context.Request, WhepText.Sdp))
            return Problem.Of(StatusCodes.Status406NotAcceptable, "offer-invalid", "The answer is application/sdp, which the Accept header excludes.", "offer");
        Actor actor = PortalGuard.ActorOf(context);
        if (HomeModule.NeedsSecondFactor(context, logins) is { } factor)
            return factor;
        if (await WhepText.ReadAsync(context.Request).ConfigureAwait(false) is not { } offer)
            return Problem.Of(StatusCodes.Status413PayloadTooLarge, "offer-too-large", "An offer has at most 65,536 characters.", "offer");
        if (!SdpReader.TryRead(offer, out SessionDescription? description, out SdpError error))
            return Problem.Of(StatusCodes.Status400BadRequest, "offer-invalid", $"The offer cannot be read: {error}.", "offer");
        if (!description.Media.Any(m => m is { Kind: "video" or "audio", IsRejected: false } && (description.Direction(m) & MediaDirection.RecvOnly) != 0))
            return Problem.Of(StatusCodes.Status422UnprocessableEntity, "offer-unsuitable", "The offer takes neither picture nor sound; it needs a video or audio section that is recvonly or sendrecv.", "offer");
        // Without the right to speak the home is never told to play what the viewer sends, whatever the viewer's page does.
        bool mayTalk = OfferVoice.IsOffered(description) && gate.Peek(actor, HomeAction.Talk, home, camera).IsAllowed;
        AccessDecision decision = await gate.AskAsync(actor, HomeAction.LookIn, home, camera, PortalGuard.SourceOf(context), $"Look in through camera {camera}{(mayTalk ? ", with a way to speak" : "")}.").ConfigureAwait(false);
        if (!decision.IsAllowed)
            return Problem.Refused(decision.Reason);
        bool isNamed = !string.IsNullOrEmpty(incident);
        Incident? open = OpenAlarm(actor, home), alarm = isNamed ? NamedAlarm(actor, home, incident!) : open;
        if (isNamed && alarm is null)
            return Problem.Of(StatusCodes.Status422UnprocessableEntity, "incident-unsuitable", "The incident that was named is no open alarm of this home that you may see.", "incident");
        // A record that the home sees must not tell what is done about a call for help.
        if (open is { IsSilent: true })
            alarm = open;
        if (homes.Find(home) is not { } record)
            return Problem.Of(StatusCodes.Status404NotFound, "gateway-unknown", "There is no such home.", "gateway");
        if (record.Devices.All(d => d.Ref != camera || d.Type != "camera"))
            return Problem.Of(StatusCodes.Status404NotFound, "camera-unknown", $"The home has no camera {camera}.", "camera");
        if (links.Presence(record.Gateway) is not PresenceState.Connected)
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, "gateway-offline", "The gateway of the home is out of reach.", "gateway");
        if (sessions.Count >= options.MaxSessions || sessions.CountOf(home) >= options.MaxSessionsPerHome)
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, "too-many-sessions", "Too many look-ins run already; try again soon.", "session");
        SessionMailbox mailbox = sessions.Start(Request(context, names.Take(session, actor.Id), actor, record, camera, mayTalk ? offer : OfferVoice.Silence(description), alarm, purpose, decision), new SessionOwner(actor, decision.Grant, PortalGuard.SessionOf(context), mayTalk));
        using CancellationTokenRegistration gone = context.RequestAborted.Register(() =>
            mailbox.Post((session, now, effects) => session.HandleViewerGone("The viewer went away before the answer.", now, effects)));
        SessionOutcome outcome = await mailbox.Outcome.ConfigureAwait(false);
        if (outcome.Failure is { } failure)
            return Problem.Of(failure.Status, failure.Type, failure.Words, failure.Step);
        string path = $"/whep/{Uri.EscapeDataString(home)}/{Uri.EscapeDataString(camera)}/{mailbox.Session.Request.Session}";
        context.Response.Headers.Location = path;
        context.Response.Headers.ETag = WhepText.Tag(outcome.Answer!);
        AddLinks(context, actor, mailbox.Session.Request.Session, [mailbox.Session.Request.GatewayAddress]);
        context.Response.Headers.Append("Link", $"<{path}/events>; rel=\"urn:ietf:params:whep:ext:core:server-sent-events\"");
        return Results.Text(outcome.Answer!, WhepText.Sdp, null, StatusCodes.Status201Created);
    }

    private IResult Options(HttpContext context)
    {
        context.Response.Headers["Accept-Post"] = WhepText.Sdp;
        context.Response.Headers.Allow = "POST, OPTIONS";
        Actor actor = PortalGuard.ActorOf(context);
        AddLinks(context, actor, names.Reserve(actor.Id), HomePeers(actor));
        return Results.Ok();
    }

    private async Task<IResult> PatchAsync(HttpContext context, string session)
    {
        if (Own(context, session, out SessionMailbox? mailbox) is { } refusal)
            return refusal;
        if (!WhepText.IsOf(context.Request, WhepText.Fragment))
            return Problem.Of(StatusCodes.Status415UnsupportedMediaType, "fragment-invalid", $"Send {WhepText.Fragment}.", "candidates");
        string? match = context.Request.Headers.IfMatch;
        if (string.IsNullOrEmpty(match))
            return Problem.Of(StatusCodes.Status428PreconditionRequired, "precondition", "Send If-Match with the entity tag, or * for an ICE restart.", "candidates");
        if (match != "*" && match != WhepText.Tag(mailbox!.Answer ?? ""))
            return Problem.Of(StatusCodes.Status412PreconditionFailed, "precondition", "The entity tag belongs to an earlier ICE session.", "candidates");
        if (await WhepText.ReadAsync(context.Request).ConfigureAwait(false) is not { } body)
            return Problem.Of(StatusCodes.Status413PayloadTooLarge, "fragment-too-large", "A fragment has at most 65,536 characters.", "candidates");
        if (!TrickleFragment.TryRead(body, out TrickleFragment? fragment, out SdpError error))
            return Problem.Of(StatusCodes.Status400BadRequest, "fragment-invalid", $"The fragment cannot be read: {error}.", "candidates");
        MediaCandidate[] candidates = [.. fragment.Media.SelectMany(m => m.Candidates).Take(40).Select(c => new MediaCandidate(c.StartsWith("candidate:", StringComparison.Ordinal) ? c : "candidate:" + c, "0", 0))];
        bool end = fragment.IsComplete || (fragment.Media.Count > 0 && fragment.Media.All(m => m.IsComplete));
        if (match == "*")
            return await RestartAsync(context, mailbox!, fragment, candidates, end).ConfigureAwait(false);
        mailbox!.Post((s, now, effects) => s.HandleViewerCandidates(candidates, end, now, effects));
        return Results.NoContent();
    }

    private static async Task<IResult> RestartAsync(HttpContext context, SessionMailbox mailbox, TrickleFragment fragment, MediaCandidate[] candidates, bool end)
    {
        if (fragment.Pwd is not { } pwd)
            return Problem.Of(StatusCodes.Status422UnprocessableEntity, "fragment-invalid", "An ICE restart needs a new user fragment and password.", "restart");
        string offer = SdpCandidates.Insert(SdpCandidates.WithCredentials(mailbox.Session.Request.Offer, fragment.Ufrag, pwd), candidates, end);
        Task<SessionOutcome> restarting = mailbox.BeginRestart();
        mailbox.Post((s, now, effects) => s.HandleViewerRestart(offer, now, effects));
        if (await Task.WhenAny(restarting, Task.Delay(s_restart, context.RequestAborted)).ConfigureAwait(false) != restarting)
            return Problem.Of(StatusCodes.Status504GatewayTimeout, "gateway-timeout", "The gateway did not answer the restart; the session goes on as it was.", "restart");
        SessionOutcome outcome = await restarting.ConfigureAwait(false);
        if (outcome.Failure is { } failure)
            return Problem.Of(failure.Status, failure.Type, failure.Words, failure.Step);
        context.Response.Headers.ETag = WhepText.Tag(outcome.Answer!);
        return Results.Text(WhepText.AnswerFragment(outcome.Answer!), WhepText.Fragment);
    }

    private IResult EndAsync(HttpContext context, string session)
    {
        if (Own(context, session, out SessionMailbox? mailbox) is { } refusal)
            return refusal;
        mailbox!.Post((s, now, effects) => s.HandleViewerGone("The viewer hung up.", now, effects));
        return Results.Ok();
    }

    private async Task<IResult> TalkAsync(HttpContext context, string session, TalkRequest request)
    {
        if (Own(context, session, out SessionMailbox? mailbox) is { } refusal)
            return refusal;
        SessionRequest look = mailbox!.Session.Request;
        AccessDecision decision = await gate.AskAsync(PortalGuard.ActorOf(context), HomeAction.Talk, look.Home, look.Camera, PortalGuard.SourceOf(context), $"Talk {request.State} through camera {look.Camera}.").ConfigureAwait(false);
        if (!decision.IsAllowed)
            return Problem.Refused(decision.Reason);
        if (request.State == "on")
            await sessions.NoteTalkAsync(mailbox).ConfigureAwait(false);
        return Results.NoContent();
    }

    /// <summary>Only who started a session may touch it; others learn nothing about it.</summary>
    private IResult? Own(HttpContext context, string session, out SessionMailbox? mailbox)
    {
        mailbox = sessions.Find(session);
        return mailbox is null || mailbox.Owner.Actor.Id != PortalGuard.ActorOf(context).Id ? Problem.Unknown("There is no such session, or it is over.") : null;
    }

    private static IResult Step(SessionMailbox mailbox, string? name)
    {
        if (name is not { Length: > 0 and <= 32 } || !name.All(c => char.IsAsciiLetterLower(c) || c == '-'))
            return Problem.Invalid("A step is 1 to 32 lower-case letters and dashes.");
        mailbox.Post((s, now, effects) => s.HandleViewerStep(name, now, effects));
        return Results.NoContent();
    }

    /// <summary>The viewer's stream. While it is open it proves that the viewer lives; when it breaks and none opens within a moment the look-in ends.</summary>
    private static async IAsyncEnumerable<SseItem<string>> StreamAsync(SessionMailbox mailbox, [EnumeratorCancellation] CancellationToken stop)
    {
        Interlocked.Increment(ref mailbox.Streams);
        int opened = Interlocked.Increment(ref mailbox.StreamsOpened);
        try
        {
            // A page that lost its stream comes back before it is taken for closed.
            yield return new SseItem<string>("{}", "hello") { ReconnectionInterval = s_reconnect };
            await foreach ((string kind, string data) in mailbox.Notices.ReadAsync(stop).ConfigureAwait(false))
                yield return new SseItem<string>(data, kind);
        }
        finally
        {
            Interlocked.Decrement(ref mailbox.Streams);
            _ = GoneAsync(mailbox, opened);
        }
    }

    private static async Task GoneAsync(SessionMailbox mailbox, int opened)
    {
        await Task.Delay(s_grace).ConfigureAwait(false);
        if (Volatile.Read(ref mailbox.Streams) == 0 && Volatile.Read(ref mailbox.StreamsOpened) == opened)
            mailbox.Post((s, now, effects) => s.HandleViewerGone("The viewer's page was closed or lost.", now, effects));
    }

    private SessionRequest Request(HttpContext context, string id, Actor actor, HomeRecord home, string camera, string offer, Incident? alarm, string? purpose, AccessDecision decision)
    {
        string viewer = PortalGuard.SourceOf(context);
        return new SessionRequest
        {
            Session = id,
            Home = home.Id,
            Gateway = home.Gateway,
            Camera = camera,
            Actor = actor.Name,
            Purpose = alarm?.Title ?? (string.IsNullOrWhiteSpace(purpose) ? null : purpose[..Math.Min(purpose.Length, 200)]),
            Incident = alarm?.Id,
            Offer = offer,
            Relays = relays.Issue(home.Gateway, id, SdpCandidates.Addresses(offer).Prepend(viewer)),
            GatewayAddress = links.Address(home.Gateway)?.ToString() ?? "",
            RelayEndpoint = relays.FirstEndpoint,
            WantsGates = sessions.HasGates,
            IsSilent = alarm is { IsSilent: true },
            IsAlarm = alarm is not null && homes.UtcNow < alarm.EndOfWindow(),
            RightLasts = decision.Until is { } until ? until - homes.UtcNow : null,
        };
    }

    /// <summary>An operator who looks in during an alarm does it for that alarm, also when the player did not name it.</summary>
    private Incident? OpenAlarm(Actor actor, string home) => homes.AlarmOf(actor, home);

    /// <summary>The incident that a player named: it counts only for the home it is of, while it is open, for who may see it.</summary>
    private Incident? NamedAlarm(Actor actor, string home, string incident) =>
        homes.FindIncident(incident) is { OpensHome: true } found && found.Home == home && gate.Peek(actor, HomeAction.ViewIncidents, home).IsAllowed
            && (!found.IsSilent || SilentAlarms.MayKnow(actor.Role)) ? found : null;

    private object[] ViewerServers(Actor actor, string session, IEnumerable<string> peers) =>
        [.. relays.Issue(actor.Id, session, peers.Any() ? peers : HomePeers(actor)).Select(r => new { urls = r.Url, username = r.Username, credential = r.Credential })];

    /// <summary>Before a session exists the viewer's credential is held to the gateway of the own home; staff get theirs with the relays only.</summary>
    private IEnumerable<string> HomePeers(Actor actor) =>
        actor.Home is { } home && homes.Find(home) is { } record && links.Address(record.Gateway) is { } address ? [address.ToString()] : [];

    private void AddLinks(HttpContext context, Actor actor, string session, IEnumerable<string> peers)
    {
        foreach (MediaRelayAddress server in relays.Issue(actor.Id, session, peers))
        {
            context.Response.Headers.Append("Link", server.Username is null
                ? $"<{server.Url}>; rel=\"ice-server\""
                : $"<{server.Url}>; rel=\"ice-server\"; username=\"{server.Username}\"; credential=\"{server.Credential}\"; credential-type=\"password\"");
        }
    }

    internal sealed record StepRequest(string? Name);

    internal sealed record TalkRequest(string? State);
}
