using MediaRelay.Signaling.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>The people of a home and what they were granted.</summary>
internal sealed class UserModule(PortalUsers users, PortalSessions sessions, HomeRecords homes, AccessGate gate, TimeProvider time) : IPortalModule
{
    private static readonly HomeAction[] s_grantable = [HomeAction.ViewState, HomeAction.Arm, HomeAction.Bypass, HomeAction.Disarm, HomeAction.ControlDevice, HomeAction.Unlock, HomeAction.LookIn, HomeAction.Talk, HomeAction.ViewClips, HomeAction.ConfigureHome];

    public void Map(IEndpointRouteBuilder routes)
    {
        RouteGroupBuilder home = routes.MapGroup("/api/homes/{home}");
        home.MapGet("/users", async (HttpContext c, string home) => await ReadAsync(c, home).ConfigureAwait(false) ?? Results.Json(users.List(home).Select(View))).WithSummary("People who may log in for this home.");
        home.MapPost("/users", AddAsync).WithSummary("Add a home owner or guest.");
        home.MapDelete("/users/{id}", RemoveAsync).WithSummary("Remove a person; running sessions end.");
        home.MapGet("/grants", async (HttpContext c, string home) => await ReadAsync(c, home).ConfigureAwait(false) ?? Results.Json(homes.Grants(home).Select(g => new { g.Id, g.Subject, g.Actions, g.From, g.Until, g.GivenBy, g.Reason, open = g.IsOpen(time.GetUtcNow()) })))
            .WithSummary("Rights given for a while.");
        home.MapPost("/grants", GrantAsync).WithSummary("Give a guest, installer or operator a right for a while.");
        home.MapDelete("/grants/{id}", EndGrantAsync).WithSummary("End a grant now; media that runs on it stops.");
    }

    private async Task<IResult?> ReadAsync(HttpContext context, string home) =>
        await gate.AskToReadAsync(PortalGuard.ActorOf(context), HomeAction.ManageUsers, home, null, PortalGuard.SourceOf(context), "Read the people and their rights.").ConfigureAwait(false) is { IsAllowed: false } refused
            ? Problem.Refused(refused.Reason)
            : null;

    private async Task<IResult?> AskAsync(HttpContext context, string home, string detail) =>
        await gate.AskAsync(PortalGuard.ActorOf(context), HomeAction.ManageUsers, home, null, PortalGuard.SourceOf(context), detail).ConfigureAwait(false) is { IsAllowed: false } refused
            ? Problem.Refused(refused.Reason)
            : null;

    private async Task<IResult> AddAsync(HttpContext context, string home, UserRequest request)
    {
        if (await AskAsync(context, home, $"Add the account {request.Id}.").ConfigureAwait(false) is { } refused)
            return refused;
        if (request.Role is not (ActorRole.HomeOwner or ActorRole.Guest))
            return Problem.Invalid("A home has home owners and guests; staff accounts are made by the operator.");
        if (request.Id is not { Length: >= 3 and <= 64 } id || !id.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '@'))
            return Problem.Invalid("The user name has 3 to 64 letters, digits, dots, dashes or underscores.");
        if (request.Password is not { Length: >= 10 and <= 200 } password)
            return Problem.Invalid("The password has at least 10 characters.");
        if (users.Find(id) is not null)
            return Problem.Of(StatusCodes.Status409Conflict, "user-exists", "This user name is taken.");
        await homes.EndGrantsOfAsync(id).ConfigureAwait(false);
        PortalUser user = await users.CreateAsync(id, request.Name ?? id, request.Role, home, password, request.Until).ConfigureAwait(false);
        return Results.Json(View(user), statusCode: StatusCodes.Status201Created);
    }

    private async Task<IResult> RemoveAsync(HttpContext context, string home, string id)
    {
        if (await AskAsync(context, home, $"Remove the account {id}.").ConfigureAwait(false) is { } refused)
            return refused;
        if (users.Find(id) is not { } user || user.Home != home)
            return Problem.Unknown("There is no such person in this home.");
        if (user.Id == PortalGuard.SessionOf(context)!.User.Id)
            return Problem.Invalid("You cannot remove your own account.");
        await users.RemoveAsync(id).ConfigureAwait(false);
        sessions.EndAll(user.Id);
        await homes.EndGrantsOfAsync(user.Id).ConfigureAwait(false);
        return Results.NoContent();
    }

    private async Task<IResult> GrantAsync(HttpContext context, string home, GrantRequest request)
    {
        if (await AskAsync(context, home, $"Grant {string.Join(", ", request.Actions ?? [])} to {request.Subject}.").ConfigureAwait(false) is { } refused)
            return refused;
        DateTimeOffset now = time.GetUtcNow();
        if (request.Actions is not { Count: > 0 } actions || actions.Except(s_grantable).Any())
            return Problem.Invalid($"Choose from {string.Join(", ", s_grantable)}.");
        if (request.Until <= now || request.Until > now.AddDays(366))
            return Problem.Invalid("A grant needs an end within a year.");
        // People of other homes are not for this one to know.
        if (users.Find(request.Subject ?? "") is not { } subject || !(subject.IsStaff || subject.Home == home))
            return Problem.Unknown("There is no such person.");
        var grant = new AccessGrant($"g-{Guid.NewGuid():N}", home, subject.Id, actions, now, request.Until, PortalGuard.SessionOf(context)!.User.Name, request.Reason ?? "no reason given");
        await homes.SaveAsync(grant).ConfigureAwait(false);
        return Results.Json(grant, statusCode: StatusCodes.Status201Created);
    }

    private async Task<IResult> EndGrantAsync(HttpContext context, string home, string id)
    {
        if (await AskAsync(context, home, $"End the grant {id}.").ConfigureAwait(false) is { } refused)
            return refused;
        return homes.Grants(home).Any(g => g.Id == id) && await homes.EndGrantAsync(home, id).ConfigureAwait(false) ? Results.NoContent() : Problem.Unknown("There is no such grant.");
    }

    private static object View(PortalUser user) => new { user.Id, user.Name, user.Role, user.From, user.Until, secondFactor = user.SecondFactor is not null };

    internal sealed record UserRequest(string? Id, string? Name, ActorRole Role, string? Password, DateTimeOffset? Until);

    internal sealed record GrantRequest(string? Subject, IReadOnlyList<HomeAction>? Actions, DateTimeOffset Until, string? Reason);
}
