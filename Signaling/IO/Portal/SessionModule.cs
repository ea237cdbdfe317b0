using System.Globalization;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using MediaRelay.Signaling.Access;
using MediaRelay.Signaling.IO.Gateways;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace MediaRelay.Signaling.IO.Portal;

/// <summary>Login, second factor, who am I, and the stream of changes.</summary>
internal sealed class SessionModule(PortalUsers users, PortalSessions sessions, PortalFeed feed, AccessGate gate, TimeProvider time) : IPortalModule
{
    private static readonly TimeSpan s_heartbeat = TimeSpan.FromSeconds(15);

    public void Map(IEndpointRouteBuilder routes)
    {
        PortalGuard.AllowAnonymous(routes.MapPost("/api/login", LoginAsync)).WithSummary("Log in with a password, and a one-time code when a second factor is enrolled.");
        PortalGuard.AllowBeforeEnrolment(routes.MapPost("/api/logout", (Delegate)LogoutAsync)).WithSummary("Log out.");
        PortalGuard.AllowBeforeEnrolment(routes.MapGet("/api/me", Me)).WithSummary("Who is logged in, and the anti-forgery token.");
        routes.MapPost("/api/second-factor", SecondFactorAsync).WithSummary("Give a one-time code; it counts for look-in and disarm for some minutes.");
        PortalGuard.AllowBeforeEnrolment(routes.MapPost("/api/second-factor/enrol", (HttpContext context) =>
        {
            if (PortalGuard.SessionOf(context) is { User.SecondFactor: not null } enrolled && !IsFresh(context, sessions, enrolled))
                return Problem.Of(StatusCodes.Status403Forbidden, "second-factor", "Give a code of the app that is enrolled now, then enrol another.", "second-factor");
            var (secret, uri) = PortalUsers.BeginEnrol(PortalGuard.SessionOf(context)!);
            return Results.Json(new { secret, uri });
        })).WithSummary("Start enrolling a second factor.");
        PortalGuard.AllowBeforeEnrolment(routes.MapPost("/api/second-factor/confirm", ConfirmAsync)).WithSummary("Finish enrolling with the first code.");
        PortalGuard.IsNoUse(routes.MapGet("/api/events", (HttpContext context, CancellationToken stop) => TypedResults.ServerSentEvents(StreamAsync(context, stop)))).WithSummary("Changes as they happen (Server-Sent Events).");
    }

    /// <summary>True while the second factor counts for this request.</summary>
    internal static bool IsFresh(HttpContext context, PortalSessions sessions, PortalSession session) => sessions.IsFresh(session) && !PortalGuard.IsOldId(context);

    private async Task<IResult> LoginAsync(HttpContext context, LoginRequest request)
    {
        string source = PortalGuard.SourceOf(context), name = request.User ?? "";
        LoginTry tried = await users.CheckAsync(name, request.Password ?? "", source).ConfigureAwait(false);
        if (tried.Wait > TimeSpan.Zero)
            return TooMany(context, tried.Wait, tried.IsBusy ? "Too many people log in at this moment. Try again in a few seconds." : $"Too many wrong tries. Wait {Math.Ceiling(tried.Wait.TotalSeconds):0} s.");
        if (tried.User is not { } user)
        {
            await gate.NoteAsync(name, "Login", false, source, "Log in: the user name or the password is wrong.").ConfigureAwait(false);
            return Problem.Of(StatusCodes.Status401Unauthorized, "unauthorized", "The user name or the password is wrong.");
        }

        bool hasCode = user.SecondFactor is not null;
        if (hasCode && !await users.CheckCodeAsync(user, request.Code ?? "").ConfigureAwait(false))
        {
            if (!string.IsNullOrEmpty(request.Code))
                await gate.NoteAsync(user.Id, "Login", false, source, "Log in: the one-time code does not fit.").ConfigureAwait(false);
            return Problem.Of(StatusCodes.Status401Unauthorized, "second-factor", "Give the six digits of your authenticator app as well.", "second-factor");
        }

        users.Succeed(user.Id, source);
        if (!sessions.HasRoom(user.Id))
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, "too-many-logins", "Too many people are logged in. Try again later.");
        await gate.NoteAsync(user.Id, "Login", true, source, hasCode ? "Log in with a second factor." : "Log in.").ConfigureAwait(false);
        // A new login never continues the session that the browser may still hold.
        if (PortalGuard.SessionOf(context) is { IsToken: false } old)
            sessions.End(old);
        var (id, session) = sessions.Start(user);
        if (hasCode)
            sessions.NoteSecondFactor(session);
        ConnectionGate.MarkAuthenticated(context.Features.Get<IConnectionItemsFeature>());
        SetCookie(context, id, session);
        return Results.Json(new { user = View(user), csrf = session.Csrf });
    }

    private async Task<IResult> LogoutAsync(HttpContext context)
    {
        PortalSession session = PortalGuard.SessionOf(context)!;
        sessions.End(session);
        context.Response.Cookies.Delete(PortalGuard.Cookie, new CookieOptions { Secure = true, Path = "/" });
        await gate.NoteAsync(session.User.Id, "Logout", true, PortalGuard.SourceOf(context), "Log out.").ConfigureAwait(false);
        return Results.NoContent();
    }

    private IResult Me(HttpContext context)
    {
        PortalSession session = PortalGuard.SessionOf(context)!;
        Actor actor = session.User.ToActor();
        string home = actor.Home ?? "";
        return Results.Json(new
        {
            user = View(session.User),
            csrf = session.Csrf,
            rights = Enum.GetValues<HomeAction>().Where(a => gate.Peek(actor, a, home).IsAllowed),
            secondFactor = new { enrolled = session.User.SecondFactor is not null, required = sessions.MustEnrol(session.User), fresh = IsFresh(context, sessions, session) },
        });
    }

    private async Task<IResult> SecondFactorAsync(HttpContext context, CodeRequest request)
    {
        PortalSession session = PortalGuard.SessionOf(context)!;
        string source = PortalGuard.SourceOf(context);
        if (users.Begin(session.User.Id, source) is var wait && wait > TimeSpan.Zero)
            return TooMany(context, wait, $"Too many wrong tries. Wait {Math.Ceiling(wait.TotalSeconds):0} s.");
        bool fits = await users.CheckCodeAsync(session.User, request.Code).ConfigureAwait(false);
        await gate.NoteAsync(session.User.Id, "SecondFactor", fits, source, fits ? "Give a one-time code." : "Give a one-time code: it does not fit.").ConfigureAwait(false);
        if (!fits)
            return Problem.Of(StatusCodes.Status401Unauthorized, "second-factor", "The code does not fit.", "second-factor");
        users.Succeed(session.User.Id, source);
        Raise(context, session);
        return Results.NoContent();
    }

    private async Task<IResult> ConfirmAsync(HttpContext context, CodeRequest request)
    {
        PortalSession session = PortalGuard.SessionOf(context)!;
        bool fits = await users.ConfirmEnrolAsync(session, request.Code).ConfigureAwait(false);
        await gate.NoteAsync(session.User.Id, "EnrolSecondFactor", fits, PortalGuard.SourceOf(context), fits ? "Enrol a second factor." : "Enrol a second factor: the code does not fit.").ConfigureAwait(false);
        if (!fits)
            return Problem.Invalid("The code does not fit. Check the clock of the device that made it.");
        Raise(context, session);
        return Results.NoContent();
    }

    /// <summary>The session may do more from now on, so its id is a new one.</summary>
    private void Raise(HttpContext context, PortalSession session)
    {
        sessions.NoteSecondFactor(session);
        if (!session.IsToken)
            SetCookie(context, sessions.Renew(session), session);
    }

    private void SetCookie(HttpContext context, string id, PortalSession session) =>
        context.Response.Cookies.Append(PortalGuard.Cookie, id, new CookieOptions { HttpOnly = true, Secure = true, SameSite = SameSiteMode.Strict, Path = "/", MaxAge = session.Ends - sessions.Clock.Now });

    private static IResult TooMany(HttpContext context, TimeSpan wait, string words)
    {
        context.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        return Problem.Of(StatusCodes.Status429TooManyRequests, "too-many-tries", words);
    }

    private async IAsyncEnumerable<SseItem<string>> StreamAsync(HttpContext context, [EnumeratorCancellation] CancellationToken stop)
    {
        PortalSession session = PortalGuard.SessionOf(context)!;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await using IAsyncEnumerator<PortalChange> changes = feed.ReadAsync(ended.Token).GetAsyncEnumerator(ended.Token);
        // Whoever has heard hello misses nothing from then on.
        yield return new SseItem<string>("{}", "hello");
        Task<bool> next = changes.MoveNextAsync().AsTask();
        try
        {
            while (true)
            {
                bool isNews = await Task.WhenAny(next, Task.Delay(s_heartbeat, time, stop)).ConfigureAwait(false) == next;
                // Listening is no use of a login: it ends like any other, and who was logged out hears nothing more.
                if (stop.IsCancellationRequested || !sessions.IsAlive(session) || (isNews && !await next.ConfigureAwait(false)))
                    yield break;
                if (!isNews)
                {
                    yield return new SseItem<string>("{}", "heartbeat");
                    continue;
                }

                if (MayHear(session.User.ToActor(), changes.Current))
                    yield return new SseItem<string>(changes.Current.Data, changes.Current.Kind);
                next = changes.MoveNextAsync().AsTask();
            }
        }
        finally
        {
            // The feed must not be disposed while it is being read, which it always is when a page goes away.
            await ended.CancelAsync().ConfigureAwait(false);
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private bool MayHear(Actor actor, PortalChange change) => change.Kind switch
    {
        _ when change.IsSilent && !SilentAlarms.MayKnow(actor.Role) => false,
        "incident" when actor.Role is ActorRole.CentralStationOperator or ActorRole.CentralStationSupervisor => true,
        "gateway" or "session" when actor.Role == ActorRole.MsoOperator => true,
        _ => change.Home.Length > 0 && gate.Peek(actor, HomeAction.ViewState, change.Home).IsAllowed,
    };

    private static object View(PortalUser user) => new { id = user.Id, name = user.Name, role = user.Role, home = user.Home };

    internal sealed record LoginRequest(string? User, string? Password, string? Code);

    internal sealed record CodeRequest(string Code);
}
