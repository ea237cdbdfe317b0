using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Alarms;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Portal;

namespace MediaRelay.Server.Demo;

/// <summary>What only the demo can do: trigger its simulated sensors and type at its keypad.</summary>
internal sealed class DemoModule(GatewayLinks links, AccessGate gate, InstructionDesk desk) : IPortalModule
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
        routes.MapPost("/api/homes/{home}/keypad", async (HttpContext context, string home, KeypadRequest request) =>
        {
            // Whoever stands at a keypad needs no login but a code; here the page stands for the keypad, so the home must be the person's own.
            if (gate.Peek(PortalGuard.ActorOf(context), HomeAction.ViewState, home) is { IsAllowed: false } refused)
                return Problem.Refused(refused.Reason);
            if (!KeypadCode.IsCode(request.Code))
                return Problem.Invalid("A code has 4 to 8 digits.");
            return await desk.InstructAsync(context, HomeAction.ViewState, home, null, "Type a code at the simulated keypad.", record => new Instruction
            {
                Id = "", Time = default, Expires = default, Kind = request.Mode is "away" or "stay" or "night" ? InstructionKinds.PartitionArm : InstructionKinds.PartitionDisarm,
                Body = new PartitionBody { Id = 1, Mode = request.Mode is "away" or "stay" or "night" ? request.Mode : "off", CodeHash = KeypadCode.HashOf(record.Gateway, request.Code!) },
            });
        }).WithSummary("Demo: type a code at the keypad of the simulated home.");
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

    internal sealed record KeypadRequest(string? Code, string? Mode);

    internal sealed record SimulateRequest(string? Device, string? Value);
}
