using MediaRelay.Qos.Cmts;
using MediaRelay.Qos.IO.Links;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Portal;
using MediaRelay.Turn.IO;

namespace MediaRelay.Server.Demo;

/// <summary>What only the demo can do: trigger its simulated sensors, and show the emulated CMTS.</summary>
internal sealed class DemoModule(GatewayLinks links, AccessGate gate, CmtsHost cmts, TurnServer relay, DemoSettings settings) : IPortalModule
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/homes/{home}/simulate", async (HttpContext context, string home, SimulateRequest request) =>
        {
            AccessDecision decision = await gate.AskAsync(PortalGuard.ActorOf(context), HomeAction.ControlDevice, home, null, PortalGuard.SourceOf(context), $"Simulate {request.Device} {request.Value}.");
            if (!decision.IsAllowed)
                return Problem.Refused(decision.Reason);
            await TriggerAsync(links, request.Device ?? "", request.Value ?? "");
            return Results.Accepted();
        }).WithSummary("Demo: let a simulated sensor report a value.");
        routes.MapGet("/api/operator/relays", (HttpContext context) => gate.Peek(PortalGuard.ActorOf(context), HomeAction.OperateSystem, "") is { IsAllowed: false } refused
            ? Problem.Refused(refused.Reason)
            : Results.Json(new { relays = (object[])[new { id = "this node", state = relay.IsDraining ? "draining" : "ready", allocations = relay.Allocations, addresses = settings.Turn }] })).WithSummary("Relays with their load.");
        routes.MapGet("/api/operator/gates", async (HttpContext context) =>
        {
            if (gate.Peek(PortalGuard.ActorOf(context), HomeAction.OperateSystem, "") is { IsAllowed: false } refused)
                return Problem.Refused(refused.Reason);
            CmtsSnapshot now = await cmts.SnapshotAsync();
            return Results.Json(new
            {
                reservedUp = now.ReservedUp, capacityUp = now.CapacityUp, reservedDown = now.ReservedDown, capacityDown = now.CapacityDown,
                gates = now.Gates.Select(g => new { id = g.Id.ToString(), subscriber = g.Subscriber.ToString(), direction = g.Direction, state = g.State, serviceFlow = g.ServiceFlow, scheduling = g.Scheduling, reservedBitsPerSecond = g.ReservedBitsPerSecond, usageKilobytes = g.UsageKilobytes }),
                modems = now.Modems.Select(m => new { address = m.Address.ToString(), online = m.IsOnline, gates = m.Gates, sids = m.Sids }),
            });
        }).WithSummary("Gates and service flows of the emulated CMTS.");
    }

    /// <summary>Lets a simulated device take a value, as if its sensor had.</summary>
    internal static Task TriggerAsync(GatewayLinks links, string device, string value)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        string property = value is "open" or "closed" ? "contact" : value is "motion" or "still" ? "motion" : value is "alarm" or "clear" ? "smoke" : "state";
        string reported = value switch { "motion" => "yes", "still" => "no", "alarm" => "yes", "clear" => "no", _ => value };
        return links.SendAsync(DemoNode.Gateway, new Instruction
        {
            Id = $"demo-{Guid.NewGuid():N}", Time = now, Expires = now.AddSeconds(30), Kind = InstructionKinds.PropertySet,
            Device = new DeviceBody { Ref = device, Properties = [new DeviceProperty(property, reported)] },
        });
    }

    internal sealed record SimulateRequest(string? Device, string? Value);
}
