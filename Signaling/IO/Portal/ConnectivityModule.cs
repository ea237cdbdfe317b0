using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.Gateways;
using MediaRelay.Signaling.IO.Gateways;
using MediaRelay.Signaling.IO.Storage;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>How long a home's gateway may be silent and what that becomes.</summary>
internal sealed class ConnectivityModule(IStorage storage, HomeRecords homes, AccessGate gate) : IPortalModule
{
    private readonly ConnectivityRules _rules = new(storage);

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/homes/{home}/connectivity", (HttpContext context, string home) => ReadAsync(context, home)).WithSummary("What a silent gateway becomes in this home.");
        routes.MapPut("/api/homes/{home}/connectivity", (HttpContext context, string home, ConnectivityRequest request) => ChangeAsync(context, home, request))
            .WithSummary("Change it: lostAfterSeconds, and nothing, event, trouble, alarmWhenArmed or alarm for onSuspect, onLost, onBack.");
    }

    private async Task<IResult> ReadAsync(HttpContext context, string home)
    {
        AccessDecision decision = await gate.AskAsync(PortalGuard.ActorOf(context), HomeAction.ConfigureHome, home, null, PortalGuard.SourceOf(context), "Read the connectivity rule.").ConfigureAwait(false);
        if (!decision.IsAllowed)
            return Problem.Refused(decision.Reason);
        return homes.Find(home) is null ? Problem.Unknown("There is no such home.") : Results.Json(Answer(_rules.Of(home)));
    }

    private async Task<IResult> ChangeAsync(HttpContext context, string home, ConnectivityRequest request)
    {
        AccessDecision decision = await gate.AskAsync(PortalGuard.ActorOf(context), HomeAction.ConfigureHome, home, null, PortalGuard.SourceOf(context), "Change the connectivity rule.").ConfigureAwait(false);
        if (!decision.IsAllowed)
            return Problem.Refused(decision.Reason);
        if (homes.Find(home) is not { } record)
            return Problem.Unknown("There is no such home.");
        if (request.LostAfterSeconds is not (null or (>= 0 and <= 1_000_000)))
            return Problem.Invalid("lostAfterSeconds is 10 to 86400.");
        ConnectivityRule old = _rules.Of(home);
        var rule = new ConnectivityRule
        {
            LostAfter = request.LostAfterSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : old.LostAfter,
            OnSuspect = request.OnSuspect ?? old.OnSuspect,
            OnLost = request.OnLost ?? old.OnLost,
            OnBack = request.OnBack ?? old.OnBack,
        };
        if (rule.Fault() is { } fault)
            return Problem.Invalid(fault);
        await _rules.SaveAsync(home, record.Gateway, rule, homes.UtcNow).ConfigureAwait(false);
        return Results.Json(Answer(rule));
    }

    private static object Answer(ConnectivityRule rule) => new { lostAfterSeconds = rule.LostAfter?.TotalSeconds, rule.OnSuspect, rule.OnLost, rule.OnBack };

    internal sealed record ConnectivityRequest(double? LostAfterSeconds, ConnectivityReport? OnSuspect, ConnectivityReport? OnLost, ConnectivityReport? OnBack);
}
