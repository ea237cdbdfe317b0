using MediaRelay.Signaling.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>Bearer tokens that a person makes for players of other origins. Each looks in as that person, and does nothing else.</summary>
internal sealed class TokenModule(PortalTokens tokens, PortalSessions sessions, AccessGate gate) : IPortalModule
{
    public void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder own = routes.MapGroup("/api/session/tokens");
        own.MapGet("", (HttpContext c) => Results.Json(new { tokens = tokens.List(PortalGuard.SessionOf(c)!.User.Id).Select(View) })).WithSummary("Your tokens for players; never the tokens themselves.");
        own.MapPost("", AddAsync).WithSummary("Make a bearer token for a player of another origin; shown once. It looks in over WHEP and does nothing else.");
        own.MapDelete("/{id}", RemoveAsync).WithSummary("Take a token back; what looks in with it ends.");
    }

    private async Task<IResult> AddAsync(HttpContext context, TokenRequest request)
    {
        PortalSession session = PortalGuard.SessionOf(context)!;
        if (session.IsToken)
            return Problem.Of(StatusCodes.Status403Forbidden, "token-scope", "A token cannot make tokens. Log in.");
        if (HomeModule.NeedsSecondFactor(context, sessions) is { } factor)
            return factor;
        if (HomeModule.Text(request.Label) is not { } label)
            return Problem.Invalid("Say what the token is for, in at most 64 characters.");
        if (request.Days is < 1 or > PortalTokens.MaxDays)
            return Problem.Invalid($"A token lives 1 to {PortalTokens.MaxDays} days.");
        await gate.NoteAsync(session.User.Id, "MakeToken", true, PortalGuard.SourceOf(context), $"Make a player's token for {label}.").ConfigureAwait(false);
        return await tokens.CreateAsync(session.User, label, request.Days ?? PortalTokens.UsualDays).ConfigureAwait(false) is { } made
            ? Results.Json(new { token = made.Text, made.Token.Id, made.Token.Label, made.Token.Until }, statusCode: StatusCodes.Status201Created)
            : Problem.Of(StatusCodes.Status409Conflict, "too-many-tokens", "You have too many tokens. Take one back first.");
    }

    private async Task<IResult> RemoveAsync(HttpContext context, string id)
    {
        PortalUser user = PortalGuard.SessionOf(context)!.User;
        if (!await tokens.RemoveAsync(user.Id, id).ConfigureAwait(false))
            return Problem.Unknown("You have no such token.");
        await gate.NoteAsync(user.Id, "EndToken", true, PortalGuard.SourceOf(context), $"Take the player's token {id} back.").ConfigureAwait(false);
        return Results.NoContent();
    }

    private static object View(PortalToken token) => new { token.Id, token.Label, token.Made, token.Until };

    internal sealed record TokenRequest(string? Label, int? Days);
}
