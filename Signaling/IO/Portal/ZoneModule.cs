using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Gateways;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>Zones: leaving one out, and what would happen if it opened. The gateway decides both; it explains itself in words.</summary>
internal sealed class ZoneModule(HomeRecords homes, AccessGate gate, InstructionDesk desk) : IPortalModule
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(6);
    private static readonly string[] s_questions = ["what-if", "what-if-away", "what-if-stay", "what-if-night"];

    public void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder zone = routes.MapGroup("/api/homes/{home}/zones/{number}");
        PortalDescription.TakesWait(zone.MapPut("/bypass", BypassAsync)).WithSummary("Leave a zone out: once (until the next disarm), always (until taken back), or off.");
        zone.MapPost("/what-if", WhatIfAsync).WithSummary("What happens if the zone opens now, and if the home were armed away, stay or night. Changes nothing.");
    }

    private async Task<IResult> BypassAsync(HttpContext context, string home, ushort number, BypassRequest request)
    {
        if (request.Mode is not ("off" or "once" or "always"))
            return Problem.Invalid("The mode is off, once or always.");
        if (Sensor(context, HomeAction.Bypass, home, number, out HomeDevice? sensor) is { } refusal)
            return refusal;
        return await desk.InstructAsync(context, HomeAction.Bypass, home, null, $"Leave out zone {number}: {request.Mode}.", _ => new Instruction
        {
            Id = "", Time = default, Expires = default, Kind = InstructionKinds.PropertySet,
            Device = new DeviceBody { Ref = sensor!.Ref, Properties = [new DeviceProperty("bypass", request.Mode), new DeviceProperty("by", PortalGuard.SessionOf(context)!.User.Name)] },
        }).ConfigureAwait(false);
    }

    private async Task<IResult> WhatIfAsync(HttpContext context, string home, ushort number)
    {
        if (Sensor(context, HomeAction.ViewState, home, number, out HomeDevice? sensor) is { } refusal)
            return refusal;
        (IResult? refused, _, ResultBody? result) = await desk.SendAsync(context, HomeAction.ViewState, home, null, $"Ask what happens if zone {number} opens.", _ => new Instruction
        {
            Id = "", Time = default, Expires = default, Kind = InstructionKinds.PropertyGet,
            Device = new DeviceBody { Ref = sensor!.Ref, Properties = [.. s_questions.Select(q => new DeviceProperty(q, ""))] },
        }, s_patience).ConfigureAwait(false);
        if (refused is not null)
            return refused;
        if (result is null)
            return InstructionDesk.Unanswered();
        string[] lines = result.Text.ReplaceLineEndings("\n").Split('\n');
        return result is not { Outcome: "done", Code: "what-if" } || lines.Length != s_questions.Length
            ? Problem.Of(StatusCodes.Status409Conflict, "refused-by-home", "This gateway cannot say what would happen.")
            : Results.Json(new { now = lines[0], away = lines[1], stay = lines[2], night = lines[3] });
    }

    private IResult? Sensor(HttpContext context, HomeAction action, string home, ushort number, out HomeDevice? sensor)
    {
        sensor = null;
        if (gate.Peek(PortalGuard.ActorOf(context), action, home) is { IsAllowed: false } refused)
            return Problem.Refused(refused.Reason);
        sensor = homes.Find(home)?.Devices.FirstOrDefault(d => d.Zone == number);
        return sensor is null ? Problem.Unknown("There is no such zone.") : null;
    }

    internal sealed record BypassRequest(string? Mode);
}
