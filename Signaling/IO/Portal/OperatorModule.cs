using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Incidents;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>The MSO operator's view: gateways, look-ins, journal and audit. Relays and gates are added by the roles that own them.</summary>
internal sealed class OperatorModule(IStorage storage, GatewayLinks links, HomeRecords homes, LookInLog lookIns, AccessGate gate, PortalUsers users, SilentAlarms silent, ChainEnds ends) : IPortalModule
{
    public void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder system = routes.MapGroup("/api/operator");
        system.MapGet("/gateways", async (HttpContext c, string? after) => await AskedAsync(c, HomeAction.OperateSystem).ConfigureAwait(false) ?? Results.Json(new
        {
            connected = links.Connected,
            held = links.HeldRequests,
            gateways = storage.Gateways.List(after ?? "", 500).Select(g => new
            {
                g.Id, g.Home, state = links.Presence(g.Id), lastHeard = links.LastHeard(g.Id) ?? g.LastSeen, address = links.Address(g.Id)?.ToString(), g.Software, g.ConfigActive, g.IsEnabled, certificateEnds = g.CertificateNotAfter, waiting = links.Waiting(g.Id),
            }),
        })).WithSummary("Gateways with presence, waiting instructions and certificate end.");
        system.MapGet("/sessions", async (HttpContext c) => await AskedAsync(c, HomeAction.OperateSystem).ConfigureAwait(false) ?? Results.Json(new { sessions = lookIns.AllActive().Select(s => new { s.Session, s.Home, s.Camera, s.Role, s.From, s.Gate, s.Steps }) }))
            .WithSummary("Media sessions that run now, without names.");
        system.MapGet("/journal", async (HttpContext c, bool? verify) => await AskedAsync(c, HomeAction.OperateSystem).ConfigureAwait(false) ?? Results.Json(new
        {
            writable = storage.IsWritable,
            lastPosition = storage.Events.LastPosition,
            homesBehind = storage.Events.LastPosition - storage.Events.Cursor("homes"),
            check = verify == true ? Verified() : null,
        })).WithSummary("Health of the event journal; verify=true checks its chain.");
        system.MapGet("/audit", async (HttpContext c, string? home, long? before) => await AskedAsync(c, HomeAction.ViewAudit, home).ConfigureAwait(false) ?? Results.Json(new { records = Audit(PortalGuard.ActorOf(c), home, before) })).WithSummary("The audit, newest first.");
        system.MapGet("/audit/verify", async (HttpContext c) => await AskedAsync(c, HomeAction.ViewAudit, null).ConfigureAwait(false) ?? Results.Json(new { fault = storage.Audit.Verify() ?? (ends.Compare(storage) is [var cut, ..] ? cut : null) })).WithSummary("Check the audit's chain.");
        system.MapPost("/claims", ClaimAsync).WithSummary("A claim code for a gateway's first enrolment; shown once.");
        system.MapGet("/homes", async (HttpContext c, string? after) => await AskedAsync(c, HomeAction.OperateSystem).ConfigureAwait(false) ?? Results.Json(homes.List(after ?? "").Select(h => new { h.Id, h.Name, h.Gateway }))).WithSummary("Homes and their gateways by id, without their state, 1000 at a time: after= the last id gives the next.");
    }

    /// <summary>
    /// The audit as the actor may read it. While a call for help by duress code is open, the people of the home see there what they did themselves; what
    /// the station does about it follows when it is closed.
    /// </summary>
    private List<AuditRecord> Audit(Actor actor, string? home, long? before)
    {
        const int Page = 200;
        if (home is null || SilentAlarms.MayKnow(actor.Role) || silent.Since(home) is not { } since)
            return [.. storage.Audit.Read(home, before, Page)];
        var shown = new List<AuditRecord>();
        var ofHome = new Dictionary<string, bool>(StringComparer.Ordinal);
        IReadOnlyList<AuditRecord> page;
        do
        {
            page = storage.Audit.Read(home, before, Page);
            foreach (AuditRecord record in page)
            {
                before = record.Seq;
                if (record.At < since || (ofHome.TryGetValue(record.Actor, out bool isOfHome) ? isOfHome : ofHome[record.Actor] = users.Find(record.Actor)?.Home == home))
                    shown.Add(record);
            }
        }
        while (page.Count == Page && shown.Count < Page);
        return [.. shown.Take(Page)];
    }

    private JournalVerdict Verified()
    {
        JournalVerdict verdict = storage.Events.Verify();
        return verdict with { Faults = [.. verdict.Faults, .. ends.Compare(storage)] };
    }

    private async Task<IResult> ClaimAsync(HttpContext context, ClaimRequest request)
    {
        AccessDecision decision = await gate.AskAsync(PortalGuard.ActorOf(context), HomeAction.Provision, "", null, PortalGuard.SourceOf(context), $"Claim code for gateway {request.Gateway}.").ConfigureAwait(false);
        if (!decision.IsAllowed)
            return Problem.Refused(decision.Reason);
        if (!Contract.SmaContract.IsId(request.Gateway ?? ""))
            return Problem.Invalid("A gateway's id has 1 to 64 letters, digits, dots, dashes or underscores.");
        if (request.Home is { Length: > 0 } place && !Contract.SmaContract.IsId(place))
            return Problem.Invalid("A home's id has 1 to 64 letters, digits, dots, dashes or underscores.");
        string code = Authority.ClaimCode.Create();
        DateTimeOffset until = homes.UtcNow.AddDays(7);
        GatewayRecord record = storage.Gateways.Find(request.Gateway!) ?? new GatewayRecord { Id = request.Gateway!, Home = request.Home ?? "" };
        await storage.Gateways.SaveAsync(record with { ClaimDigest = Authority.ClaimCode.Digest(code), ClaimUntil = until }).ConfigureAwait(false);
        return Results.Json(new { code, expires = until }, statusCode: StatusCodes.Status201Created);
    }

    private async Task<IResult?> AskedAsync(HttpContext context, HomeAction action, string? home = null) =>
        await gate.AskToReadAsync(PortalGuard.ActorOf(context), action, home ?? "", null, PortalGuard.SourceOf(context), $"Read {context.Request.Path}.").ConfigureAwait(false) is { IsAllowed: false } refused
            ? Problem.Refused(refused.Reason)
            : null;

    internal sealed record ClaimRequest(string? Gateway, string? Home);
}
