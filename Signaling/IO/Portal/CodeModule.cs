using System.Security.Cryptography;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Alarms;
using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Gateways;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>
/// Codes of the keypad: who has one, until when, and which of them call for help silently. The gateway gets the hash and confirms it before
/// anything is stored here; the code itself is kept nowhere and shown to nobody.
/// </summary>
internal sealed class CodeModule(HomeRecords homes, HomeKeeper keeper, AccessGate gate, PortalSessions sessions, InstructionDesk desk, TimeProvider time) : IPortalModule
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(8);

    public void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder codes = routes.MapGroup("/api/homes/{home}/codes");
        codes.MapGet("", List).WithSummary("Who has a keypad code; never the codes.");
        codes.MapPost("", AddAsync).WithSummary("Give a person a keypad code of 4 to 8 digits; stored when the home has confirmed it.");
        codes.MapDelete("/{id}", RemoveAsync).WithSummary("Take a keypad code back; gone when the home has confirmed it.");
    }

    private IResult List(HttpContext context, string home) =>
        gate.Peek(PortalGuard.ActorOf(context), HomeAction.ManageUsers, home) is { IsAllowed: false } refused ? Problem.Refused(refused.Reason)
        : homes.Find(home) is not { } record ? Problem.Unknown("There is no such home.")
        : Results.Json(new { codes = record.Codes.Select(View) });

    private async Task<IResult> AddAsync(HttpContext context, string home, CodeRequest request)
    {
        if (!KeypadCode.IsCode(request.Code))
            return Problem.Invalid("A code has 4 to 8 digits.");
        if (HomeModule.Text(request.Name) is not { } name)
            return Problem.Invalid("Say whose code it is, in at most 64 characters.");
        if (request.Until <= time.GetUtcNow() || request.Until <= request.From)
            return Problem.Invalid("The end of the code lies before its beginning or in the past.");
        if (HomeModule.NeedsSecondFactor(context, sessions) is { } factor)
            return factor;
        string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6));
        var entry = new HomeCode(id, name, request.From, request.Until, request.IsDuress ?? false, time.GetUtcNow());
        return await ChangeAsync(context, home, $"Give {name} a keypad code{(entry.IsDuress ? " that calls for help silently" : "")}.", id,
            record => new KeypadCode(id, name, KeypadCode.HashOf(record.Gateway, request.Code!), request.From, request.Until, entry.IsDuress).Write(),
            record => record with { Codes = [.. record.Codes, entry] }, Results.Json(View(entry), statusCode: StatusCodes.Status201Created)).ConfigureAwait(false);
    }

    private async Task<IResult> RemoveAsync(HttpContext context, string home, string id)
    {
        // Whether the code exists is told only to who may manage it; the desk asks again and audits.
        if (gate.Peek(PortalGuard.ActorOf(context), HomeAction.ManageUsers, home) is { IsAllowed: true } && homes.Find(home)?.Codes.Any(c => c.Id == id) != true)
            return Problem.Unknown("There is no such code.");
        return await ChangeAsync(context, home, $"Take the keypad code {id} back.", id, _ => "",
            record => record with { Codes = [.. record.Codes.Where(c => c.Id != id)] }, Results.NoContent()).ConfigureAwait(false);
    }

    private async Task<IResult> ChangeAsync(HttpContext context, string home, string detail, string id, Func<HomeRecord, string> value, Func<HomeRecord, HomeRecord> change, IResult done)
    {
        (IResult? refusal, _, ResultBody? result) = await desk.SendAsync(context, HomeAction.ManageUsers, home, null, detail, record => new Instruction
        {
            Id = "", Time = default, Expires = default, Kind = InstructionKinds.PropertySet, Device = new DeviceBody { Ref = "panel", Properties = [new DeviceProperty($"code-{id}", value(record))] },
        }, s_patience).ConfigureAwait(false);
        if (refusal is not null)
            return refusal;
        if (result is null)
            return InstructionDesk.Unanswered();
        if (result.Outcome != "done")
            return InstructionDesk.RefusedByHome(result);
        await keeper.ChangeHomeAsync(home, change).ConfigureAwait(false);
        return done;
    }

    private static object View(HomeCode code) => new { code.Id, code.Name, code.From, code.Until, code.IsDuress, code.Given };

    internal sealed record CodeRequest(string? Name, string? Code, DateTimeOffset? From, DateTimeOffset? Until, bool? IsDuress);
}
