using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.Incidents;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>A home: its state with the age of each value, arming, devices, zones, cameras, timeline, and who looked in.</summary>
internal sealed class HomeModule(HomeRecords homes, HomeKeeper keeper, HomeViews views, GatewayLinks links, AccessGate gate, PortalSessions sessions, TimeProvider time) : IPortalModule
{
    private static readonly TimeSpan s_expires = TimeSpan.FromSeconds(30);

    public void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder home = routes.MapGroup("/api/homes/{home}");
        home.MapGet("", (HttpContext c, string home) => Asked(c, HomeAction.ViewState, home, record => Results.Json(views.Home(record)))).WithSummary("State of a home; every value has its time.");
        home.MapPost("/partitions/{number}/arm", ArmAsync).WithSummary("Arm a partition: away, stay or night, with zones left out.");
        home.MapPost("/partitions/{number}/disarm", DisarmAsync).WithSummary("Disarm a partition; cancels an open alarm.");
        home.MapPut("/zones/{number}", RenameZoneAsync).WithSummary("Rename a zone.");
        home.MapPut("/devices/{device}/properties/{name}", SetPropertyAsync).WithSummary("Set a device's property; with ifAt refused when it changed since.");
        home.MapPut("/cameras/{camera}", ChangeCameraAsync).WithSummary("Name a camera and say when operators may see it.");
        home.MapPost("/cameras/{camera}/clips", ClipAsync).WithSummary("Ask the gateway for a clip that ends now.");
        home.MapGet("/timeline", (HttpContext c, string home, long? before, int? limit) => Asked(c, HomeAction.ViewIncidents, home, record => Results.Json(new { entries = views.Timeline(record, before, limit ?? 50) })))
            .WithSummary("What happened, newest first.");
        home.MapGet("/look-ins", (HttpContext c, string home) => Asked(c, HomeAction.ViewAudit, home, _ => Results.Json(views.LookIns(home)))).WithSummary("Who looked in, when, and on which right.");
        home.MapGet("/alerts", (HttpContext c, string home) => Asked(c, HomeAction.ManageUsers, home, record => Results.Json(new { rules = record.Alerts, contacts = record.Contacts }))).WithSummary("Who is told of what.");
        home.MapPut("/alerts", ChangeAlertsAsync).WithSummary("Change who is told of what.");
        routes.MapGet("/api/homes", (HttpContext c) => Results.Json(homes.List().Where(h => gate.Peek(PortalGuard.ActorOf(c), HomeAction.ViewState, h.Id).IsAllowed).Select(h => new { h.Id, h.Name }))).WithSummary("Homes that the asker may see now.");
    }

    private IResult Asked(HttpContext context, HomeAction action, string home, Func<HomeRecord, IResult> answer)
    {
        AccessDecision decision = gate.Peek(PortalGuard.ActorOf(context), action, home);
        return !decision.IsAllowed ? Problem.Refused(decision.Reason)
            : homes.Find(home) is { } record ? answer(record)
            : Problem.Unknown("There is no such home.");
    }

    private async Task<IResult> ArmAsync(HttpContext context, string home, byte number, ArmRequest request)
    {
        if (request.Mode is not ("away" or "stay" or "night"))
            return Problem.Invalid("The mode is away, stay or night.");
        return await InstructAsync(context, HomeAction.Arm, home, null, InstructionKinds.PartitionArm, $"Arm partition {number} {request.Mode}.", record => new Instruction
        {
            Id = "", Time = default, Expires = default, Kind = InstructionKinds.PartitionArm,
            Body = new PartitionBody
            {
                Id = number, Mode = request.Mode, User = PortalGuard.SessionOf(context)!.User.Name, Bypass = request.Bypass ?? [],
                ExitDelay = request.ExitDelaySeconds is { } s ? TimeSpan.FromSeconds(Math.Clamp(s, 0, 600)) : null,
            },
        }).ConfigureAwait(false);
    }

    private async Task<IResult> DisarmAsync(HttpContext context, string home, byte number)
    {
        if (NeedsSecondFactor(context, sessions) is { } refusal)
            return refusal;
        return await InstructAsync(context, HomeAction.Disarm, home, null, InstructionKinds.PartitionDisarm, $"Disarm partition {number}.", _ => new Instruction
        {
            Id = "", Time = default, Expires = default, Kind = InstructionKinds.PartitionDisarm,
            Body = new PartitionBody { Id = number, Mode = "off", User = PortalGuard.SessionOf(context)!.User.Name },
        }).ConfigureAwait(false);
    }

    private async Task<IResult> SetPropertyAsync(HttpContext context, string home, string device, string name, PropertyRequest request)
    {
        bool opensDoor = homes.Find(home)?.Devices.FirstOrDefault(d => d.Ref == device)?.Type == "lock" && request.Value is "unlocked" or "open";
        return await InstructAsync(context, opensDoor ? HomeAction.Unlock : HomeAction.ControlDevice, home, null, InstructionKinds.PropertySet, $"Set {name} of {device} to {request.Value}.", _ => new Instruction
        {
            Id = "", Time = default, Expires = default, Kind = InstructionKinds.PropertySet,
            Device = new DeviceBody { Ref = device, IfAt = request.IfAt, Properties = [new DeviceProperty(name, request.Value)] },
        }).ConfigureAwait(false);
    }

    private Task<IResult> ClipAsync(HttpContext context, string home, string camera, ClipRequest request)
    {
        DateTimeOffset now = time.GetUtcNow();
        double seconds = Math.Clamp(request.Seconds ?? 20, 1, 120);
        return InstructAsync(context, HomeAction.ViewClips, home, null, InstructionKinds.ClipRequest, $"Record a clip of camera {camera}.", _ => new Instruction
        {
            Id = "", Time = default, Expires = default, Kind = InstructionKinds.ClipRequest,
            Body = new ClipBody { Id = $"clip-{Guid.NewGuid():N}", Camera = camera, From = now.AddSeconds(-seconds), To = now, Type = "video/mp4" },
        });
    }

    private async Task<IResult> RenameZoneAsync(HttpContext context, string home, ushort number, ZoneRequest request) =>
        await ChangeAsync(context, HomeAction.ConfigureHome, home, $"Rename zone {number}.", record =>
            record.Devices.FirstOrDefault(d => d.Zone == number) is { } device && Text(request.Name) is { } name
                ? record with { Names = new Dictionary<string, string>(record.Names) { [device.Ref] = name } }
                : record).ConfigureAwait(false);

    private async Task<IResult> ChangeCameraAsync(HttpContext context, string home, string camera, CameraRequest request) =>
        await ChangeAsync(context, HomeAction.ConfigureHome, home, $"Change camera {camera}: {request.Rule?.ToString() ?? request.Name}.", record => record with
        {
            CameraRules = request.Rule is { } rule ? new Dictionary<string, CameraRule>(record.CameraRules) { [camera] = rule } : record.CameraRules,
            Names = Text(request.Name) is { } name ? new Dictionary<string, string>(record.Names) { [camera] = name } : record.Names,
        }).ConfigureAwait(false);

    private async Task<IResult> ChangeAlertsAsync(HttpContext context, string home, AlertsRequest request)
    {
        if (request.Rules is { Count: > 50 } || request.Contacts is { Count: > 50 })
            return Problem.Invalid("At most 50 rules and 50 contacts.");
        return await ChangeAsync(context, HomeAction.ManageUsers, home, "Change who is told of what.", record =>
            record with { Alerts = request.Rules ?? record.Alerts, Contacts = request.Contacts ?? record.Contacts }).ConfigureAwait(false);
    }

    private async Task<IResult> ChangeAsync(HttpContext context, HomeAction action, string home, string detail, Func<HomeRecord, HomeRecord> change)
    {
        AccessDecision decision = await gate.AskAsync(PortalGuard.ActorOf(context), action, home, null, PortalGuard.SourceOf(context), detail).ConfigureAwait(false);
        if (!decision.IsAllowed)
            return Problem.Refused(decision.Reason);
        return await keeper.ChangeHomeAsync(home, change).ConfigureAwait(false) is { } changed ? Results.Json(views.Home(changed)) : Problem.Unknown("There is no such home.");
    }

    private async Task<IResult> InstructAsync(HttpContext context, HomeAction action, string home, string? camera, string kind, string detail, Func<HomeRecord, Instruction> make)
    {
        AccessDecision decision = await gate.AskAsync(PortalGuard.ActorOf(context), action, home, camera, PortalGuard.SourceOf(context), detail).ConfigureAwait(false);
        if (!decision.IsAllowed)
            return Problem.Refused(decision.Reason);
        if (homes.Find(home) is not { } record)
            return Problem.Unknown("There is no such home.");
        if (links.Presence(record.Gateway) is not (PresenceState.Connected or PresenceState.Suspect))
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, "gateway-offline", "The gateway of the home is out of reach; nothing was sent.");
        DateTimeOffset now = time.GetUtcNow();
        try
        {
            Instruction sent = await links.SendAsync(record.Gateway, make(record) with { Id = $"es-{Guid.NewGuid():N}", Time = now, Expires = now + s_expires }).ConfigureAwait(false);
            return Results.Json(new { instruction = sent.Id, kind }, statusCode: StatusCodes.Status202Accepted);
        }
        catch (ArgumentException e)
        {
            return Problem.Invalid(e.Message);
        }
        catch (StorageException e) when (e.IsQueueFull)
        {
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, "queue-full", e.Message);
        }
        catch (StorageException)
        {
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, "storage", "The instruction could not be stored; nothing was sent.");
        }
    }

    /// <summary>A refusal when the person enrolled a second factor and has not given it lately; null when the action may go on.</summary>
    internal static IResult? NeedsSecondFactor(HttpContext context, PortalSessions sessions) =>
        PortalGuard.SessionOf(context) is { User.SecondFactor: not null, IsToken: false } session && !sessions.IsFresh(session)
            ? Problem.Of(StatusCodes.Status403Forbidden, "second-factor", "Give the six digits of your authenticator app first.", "second-factor")
            : null;

    private static string? Text(string? name) => string.IsNullOrWhiteSpace(name) || name.Length > 64 || name.Any(char.IsControl) ? null : name.Trim();

    internal sealed record ArmRequest(string Mode, IReadOnlyList<ushort>? Bypass, int? ExitDelaySeconds);

    internal sealed record PropertyRequest(string Value, DateTimeOffset? IfAt);

    internal sealed record ZoneRequest(string? Name);

    internal sealed record CameraRequest(string? Name, CameraRule? Rule);

    internal sealed record ClipRequest(double? Seconds);

    internal sealed record AlertsRequest(IReadOnlyList<AlertRule>? Rules, IReadOnlyList<HomeContact>? Contacts);
}
