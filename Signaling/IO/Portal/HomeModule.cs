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
internal sealed class HomeModule(HomeRecords homes, HomeKeeper keeper, HomeViews views, InstructionDesk desk, AccessGate gate, PortalSessions sessions, TimeProvider time) : IPortalModule
{
    public void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder home = routes.MapGroup("/api/homes/{home}");
        home.MapGet("", (HttpContext c, string home) => AskedAsync(c, HomeAction.ViewState, home, "Read the state of the home.", record => Results.Json(views.Home(record)))).WithSummary("State of a home; every value has its time.");
        PortalDescription.TakesWait(home.MapPost("/partitions/{number}/arm", ArmAsync)).WithSummary("Arm a partition: away, stay or night, with zones left out.");
        PortalDescription.TakesWait(home.MapPost("/partitions/{number}/disarm", DisarmAsync)).WithSummary("Disarm a partition; cancels an open alarm.");
        home.MapPut("/zones/{number}", RenameZoneAsync).WithSummary("Rename a zone.");
        PortalDescription.TakesWait(home.MapPut("/devices/{device}/properties/{name}", SetPropertyAsync)).WithSummary("Set a device's property; with ifAt refused when it changed since.");
        home.MapPut("/cameras/{camera}", ChangeCameraAsync).WithSummary("Name a camera and say when operators may see it.");
        PortalDescription.TakesWait(home.MapPost("/cameras/{camera}/clips", ClipAsync)).WithSummary("Ask the gateway for a clip that ends now.");
        home.MapGet("/timeline", (HttpContext c, string home, long? before, int? limit) => AskedAsync(c, HomeAction.ViewIncidents, home, "Read the timeline.", record => Results.Json(new { entries = views.Timeline(record, before, limit ?? 50, PortalGuard.SessionOf(c)!.User.IsStaff) })))
            .WithSummary("What happened, newest first.");
        home.MapGet("/look-ins", (HttpContext c, string home) => AskedAsync(c, HomeAction.ViewAudit, home, "Read who looked in.", _ => Results.Json(views.LookIns(home)))).WithSummary("Who looked in, when, and on which right.");
        home.MapGet("/alerts", (HttpContext c, string home) => AskedAsync(c, HomeAction.ManageUsers, home, "Read who is told of what.", record => Results.Json(new { rules = record.Alerts, contacts = record.Contacts }))).WithSummary("Who is told of what.");
        home.MapPut("/alerts", ChangeAlertsAsync).WithSummary("Change who is told of what.");
        routes.MapGet("/api/homes", (HttpContext c) => Results.Json(homes.ListFor(PortalGuard.ActorOf(c)).Where(h => gate.Peek(PortalGuard.ActorOf(c), HomeAction.ViewState, h.Id).IsAllowed).Select(h => new { h.Id, h.Name }))).WithSummary("Homes that the asker may see now.");
    }

    private async Task<IResult> AskedAsync(HttpContext context, HomeAction action, string home, string detail, Func<HomeRecord, IResult> answer)
    {
        AccessDecision decision = await gate.AskToReadAsync(PortalGuard.ActorOf(context), action, home, null, PortalGuard.SourceOf(context), detail).ConfigureAwait(false);
        return !decision.IsAllowed ? Problem.Refused(decision.Reason)
            : homes.Find(home) is { } record ? answer(record)
            : Problem.Unknown("There is no such home.");
    }

    private async Task<IResult> ArmAsync(HttpContext context, string home, byte number, ArmRequest request)
    {
        if (request.Mode is not ("away" or "stay" or "night"))
            return Problem.Invalid("The mode is away, stay or night.");
        if (request.Bypass is { Count: > 0 } && gate.Peek(PortalGuard.ActorOf(context), HomeAction.Bypass, home) is { IsAllowed: false } refused)
            return Problem.Refused(refused.Reason);
        return await desk.InstructAsync(context, HomeAction.Arm, home, null, $"Arm partition {number} {request.Mode}.", _ => new Instruction
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
        return await desk.InstructAsync(context, HomeAction.Disarm, home, null, $"Disarm partition {number}.", _ => new Instruction
        {
            Id = "", Time = default, Expires = default, Kind = InstructionKinds.PartitionDisarm,
            Body = new PartitionBody { Id = number, Mode = "off", User = PortalGuard.SessionOf(context)!.User.Name },
        }).ConfigureAwait(false);
    }

    private async Task<IResult> SetPropertyAsync(HttpContext context, string home, string device, string name, PropertyRequest request)
    {
        bool opensDoor = LockRule.MayOpen(homes.Find(home)?.Devices.FirstOrDefault(d => d.Ref == device)?.Type, name, request.Value);
        // The panel takes these as properties too; who may only steer devices must not reach it this way.
        if (device == "panel" || name is "bypass" or "by" || name.StartsWith("zone-", StringComparison.Ordinal))
            return Problem.Invalid("Zones and keypad codes have requests of their own.");
        if (opensDoor && NeedsSecondFactor(context, sessions) is { } refusal)
            return refusal;
        return await desk.InstructAsync(context, opensDoor ? HomeAction.Unlock : HomeAction.ControlDevice, home, null, $"Set {name} of {device} to {request.Value}.", _ => new Instruction
        {
            Id = "", Time = default, Expires = default, Kind = InstructionKinds.PropertySet,
            Device = new DeviceBody { Ref = device, IfAt = request.IfAt, Properties = [new DeviceProperty(name, request.Value)] },
        }).ConfigureAwait(false);
    }

    private async Task<IResult> ClipAsync(HttpContext context, string home, string camera, ClipRequest request)
    {
        if (NeedsSecondFactor(context, sessions) is { } refusal)
            return refusal;
        DateTimeOffset now = time.GetUtcNow();
        double seconds = Math.Clamp(request.Seconds ?? 20, 1, 120);
        return await desk.InstructAsync(context, HomeAction.ViewClips, home, camera, $"Record a clip of camera {camera}.", _ => new Instruction
        {
            Id = "", Time = default, Expires = default, Kind = InstructionKinds.ClipRequest,
            Body = new ClipBody { Id = $"clip-{Guid.NewGuid():N}", Camera = camera, From = now.AddSeconds(-seconds), To = now, Type = "video/mp4" },
        }).ConfigureAwait(false);
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

    /// <summary>A refusal when the person has to give, or first to enrol, a second factor; null when the action may go on.</summary>
    internal static IResult? NeedsSecondFactor(HttpContext context, PortalSessions sessions) => PortalGuard.SessionOf(context) switch
    {
        { IsToken: true } => null,
        { User.SecondFactor: not null } session when !SessionModule.IsFresh(context, sessions, session) =>
            Problem.Of(StatusCodes.Status403Forbidden, "second-factor", "Give the six digits of your authenticator app first.", "second-factor"),
        { User.SecondFactor: null } session when sessions.MustEnrol(session.User) =>
            Problem.Of(StatusCodes.Status403Forbidden, "enrol-second-factor", "This needs a second factor. Enrol an authenticator app under Your account first.", "second-factor"),
        _ => null,
    };

    internal static string? Text(string? name) => string.IsNullOrWhiteSpace(name) || name.Length > 64 || name.Any(char.IsControl) ? null : name.Trim();

    internal sealed record ArmRequest(string Mode, IReadOnlyList<ushort>? Bypass, int? ExitDelaySeconds);

    internal sealed record PropertyRequest(string Value, DateTimeOffset? IfAt);

    internal sealed record ZoneRequest(string? Name);

    internal sealed record CameraRequest(string? Name, CameraRule? Rule);

    internal sealed record ClipRequest(double? Seconds);

    internal sealed record AlertsRequest(IReadOnlyList<AlertRule>? Rules, IReadOnlyList<HomeContact>? Contacts);
}
